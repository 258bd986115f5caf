/*
 * --idle-timeout: a client that has neither sent nor taken a byte for that
 * long has its connection shut, and leaves by the usual way: recv() says 0.
 *
 * What a client has sent and taken is what the kernel has counted. With
 * each byte, either way, its time begins anew: a client that sends a byte a
 * second is not idle. A client that waits for the server's reply is not
 * idle either.
 *
 * The client's kernel keeps megabytes for a client that reads slowly, and
 * asks for more in large steps: a client that reads a long reply by
 * trickles can be idle by this.
 *
 * No server has a line for it: the signal of a timer interrupts the server
 * eight times within that time, and the handler looks at all clients
 * (stop.c).
 */
#ifndef COMMON_IDLE_H
#define COMMON_IDLE_H

#include "common/census.h"

#include <stdint.h>

/* In whole milliseconds, rounded up. 0: no client is ever idle. */
void idle_prepare(uint64_t timeout_ns);

/* Milliseconds from one look to the next; 0: there is no look. */
long idle_interval_ms(void);

/* Looks at one client, as census_each() asks. Async-signal-safe. */
void idle_look(int client, struct memory *memory);

#endif
