/*
 * The load generator's command line.
 */
#ifndef BENCH_LOAD_OPTIONS_H
#define BENCH_LOAD_OPTIONS_H

#include "bench/load/target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_CPUS = 64 };

struct load_options {
    const char *target_text; /* as given; points into argv */
    struct target target;
    long clients; /* 1 or more */
    long idle;    /* 0 or more */
    long hoses;   /* clients that send all they can; clients is 1 more */
    long rate;    /* messages/s over all; 0: closed loop */
    long size;    /* bytes of a message */
    long samples; /* of a turn, to be told one by one */
    bool churn;   /* a connection for every message */
    uint64_t duration_ns;
    uint64_t warmup_ns;
    uint64_t timeout_ns;         /* for an echo */
    uint64_t connect_timeout_ns; /* for a connection */
    uint64_t patience_ns; /* for the first echoes; 0: they are not asked */
    uint64_t quiet_ns;    /* patience ends when so long nobody was new; 0 */
    uint64_t drain_ns;    /* for what is under way after a turn */
    size_t cpus[MAX_CPUS];
    size_t ncpus;               /* 0: the kernel chooses */
    long sources, first_source; /* as asked for; 0: not */
    bool json;
    bool histogram; /* in JSON: the buckets, too */
    bool turns;     /* driven by commands on stdin */
    bool spin;      /* never sleep */
};

/*
 * Reads the command line.
 *
 * Errors   exits with EXIT_USAGE, naming the option, what was given and
 *          what is accepted; --help and --version exit with 0.
 */
struct load_options load_options_parse(int argc, char **argv);

#endif
