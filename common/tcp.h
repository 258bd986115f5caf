/*
 * What the kernel knows of a TCP connection: TCP_INFO, tcp(7), Linux 4.19
 * or newer.
 */
#ifndef COMMON_TCP_H
#define COMMON_TCP_H

#include <stdbool.h>
#include <stdint.h>

struct tcp {
    uint64_t arrived; /* bytes from the other end, acknowledged to it */
    uint64_t written; /* bytes that send() has taken */
    uint64_t taken;   /* bytes of these that the other end's kernel has */
    bool end_taken;   /* it has the end of our stream; its own is missing */
    uint32_t quiet_ms; /* since data or an acknowledgement came */
};

/*
 * Looks at a connection that was accepted. Async-signal-safe.
 *
 * Returns  true, or false when fd is no such connection.
 */
bool tcp_look(int fd, struct tcp *tcp);

/* How many clients wait in the queue of a listener for accept(); 0, too,
 * when fd is no listener. Async-signal-safe. */
long tcp_queue(int listener);

#endif
