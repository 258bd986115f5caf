/*
 * What happens between the load generator and one of its clients:
 * connecting, sending, receiving, counting, failing.
 */
#ifndef BENCH_LOAD_TALK_H
#define BENCH_LOAD_TALK_H

#include "bench/load/load.h"

#include <stdbool.h>
#include <stdint.h>

/* Connects a client that is CLIENT_NEW, as far as that goes now. */
void talk_connect(struct load *load, struct client *client);

/* Does what can be done for a client; events as epoll_wait() gave them. */
void talk_advance(struct load *load, struct client *client,
                  uint32_t events);

/* A client that is ready sends a message, planned for now. */
void talk_start(struct load *load, struct client *client);

/* Closed loop: every client that is ready begins. Returns how many. */
size_t talk_start_all(struct load *load);

/* Open loop: begins the messages whose time has come. */
void talk_start_due(struct load *load);

/* Gives up clients that have waited too long for an echo, and lets those
 * that rest after a failure try again. */
void talk_sweep(struct load *load);

/* Fails all that are still connecting: their time is over. */
void talk_stop_connecting(struct load *load);

/* Waits no longer for the messages under way. Should an echo come later,
 * its client takes part from then on. */
void talk_park(struct load *load);

/* Ends the stream of every client; talk_advance() then waits for the
 * server's end and closes. */
void talk_leave(struct load *load);

/*
 * How long a client has waited by now for the message under way, in this
 * turn.
 *
 * Returns  nanoseconds; 0 when it waits for none.
 */
uint64_t talk_wait_ns(const struct load *load, const struct client *client);

/*
 * Open loop, after the drain: counts the messages planned in the window
 * that have not come back, each with the time until now: a lower bound,
 * which is nearer to the truth than to leave the slowest out.
 */
void talk_count_unanswered(struct load *load);

#endif
