/*
 * How many connections this machine can hold at once, server and client
 * both on it, and what it is that ends them.
 */
#ifndef BENCH_RACE_LIMITS_H
#define BENCH_RACE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

enum {
    LIMITS = 8,
    LIMIT_TEXT = 120,
    LIMITS_LINE = LIMIT_TEXT + 48,
    LIMITS_PARTS = 256, /* servers, and as many generators */
    LIMITS_SPARE = 64,  /* descriptors that a process needs for itself */
    /*
     * KiB of memory that a connection takes with both of its ends: in the
     * kernel, the server (a conn of 4 KiB) and the generator. Measured by
     * the experiment million, and rounded up.
     */
    LIMITS_CONNECTION_KIB = 15,
    LIMITS_RESERVE_KIB = 1 << 20, /* memory that is left alone */
};

/* What the machine says of itself; UINT64_MAX: no such limit. */
struct limits_machine {
    uint64_t descriptors; /* that one process may open */
    uint64_t tasks;       /* processes that may yet be started */
    uint64_t files;       /* open files that may yet come, in the system */
    uint64_t memory_kib;  /* that may yet be taken */
    uint64_t ports;       /* for clients, of each source address */
    uint64_t watches;     /* epoll entries of a user */
    uint64_t tracked;     /* connections that may yet be tracked */
};

struct limit {
    const char *name;
    uint64_t connections; /* UINT64_MAX: it does not limit them */
    char why[LIMIT_TEXT];
};

struct limits {
    struct limit all[LIMITS];
    size_t n;
};

/*
 * Reads /proc and what this process may do. What cannot be read does not
 * limit. A connection should be open meanwhile, so that one that is tracked
 * shows.
 */
void limits_read(struct limits_machine *machine);

/* What each of them comes to. No input, no output. */
void limits_list(const struct limits_machine *machine,
                 struct limits *limits);

/* The one that allows least. */
const struct limit *limits_smallest(const struct limits *limits);

/*
 * How many connections one process serves, when the kernel spreads them
 * over several by chance: six standard deviations below what it can open.
 *
 * descriptors  its limit
 * Returns      0 when there is no room for one.
 */
uint64_t limits_of_server(uint64_t descriptors);

/* KiB that may yet be taken: MemAvailable, or what is left of this control
 * group, when that is less. UINT64_MAX when unknown. */
uint64_t limits_memory_kib(void);

/* KiB that the kernel holds for all that runs: slabs, page tables, stacks,
 * per-processor data and what waits in TCP sockets. */
uint64_t limits_kernel_kib(void);

/* TCP sockets of the system, those in TIME_WAIT not counted. */
uint64_t limits_sockets(void);

/* A table for people, the smallest marked. LIMITS * LIMITS_LINE bytes are
 * room enough. */
void limits_print(const struct limits *limits, char *text, size_t size);

#endif
