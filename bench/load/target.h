/*
 * The server that the load generator talks to, and its own addresses.
 */
#ifndef BENCH_LOAD_TARGET_H
#define BENCH_LOAD_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/*
 * Connections that one source address makes to a target. Of the kernel's
 * usual 28,232 ports connect() first tries every second one; once those
 * 14,116 are taken it looks at all of them each time, and becomes a
 * hundred times as slow (Linux 6.18).
 */
enum { TARGET_PORTS = 10000 };

struct target {
    struct sockaddr_storage address;
    socklen_t length;
    bool loopback;         /* an IPv4 address of 127.0.0.0/8 */
    uint32_t sources;      /* source addresses, by turns; */
    uint32_t first_source; /* from 127.0.0.1 + so many on. One source, and
                              that the first: the kernel chooses it */
    bool reset;            /* connections end by a reset (SO_LINGER 0) */
    bool may_be_us; /* the port is one that the kernel gives to clients:
                       a connection can reach itself */
};

/*
 * Finds the address of "HOST:PORT" or "[HOST]:PORT", with one source. Where
 * a name has several, it is the first that takes a connection.
 *
 * Returns  NULL, or what is wrong with the text.
 */
const char *target_resolve(const char *text, struct target *target);

/*
 * Opens a TCP socket that does not block, bound to a source address of
 * the target's by turns.
 *
 * number   of the connection: its turn
 * Returns  a descriptor, the caller's; or -1 with errno.
 */
int target_socket(const struct target *target, uint64_t number);

/* Has a connection reached itself? It would echo perfectly: nobody listens
 * there. */
bool target_is_self(const struct target *target, int fd);

#endif
