/*
 * What happens between a worker and one of its clients: connecting,
 * sending, receiving, counting, failing.
 */
#ifndef BENCH_LOAD_TALK_H
#define BENCH_LOAD_TALK_H

#include "bench/load/client.h"
#include "bench/load/worker.h"

#include <stdbool.h>
#include <stdint.h>

/* Connects a client that is CLIENT_NEW, as far as that goes now. */
void talk_connect(struct worker *worker, struct client *client);

/* Does what can be done for a client; events as epoll_wait() gave them. */
void talk_advance(struct worker *worker, struct client *client,
                  uint32_t events);

/* Closed loop: every client that is ready begins. */
void talk_start_all(struct worker *worker);

/* Open loop: begins the messages whose time has come. */
void talk_start_due(struct worker *worker);

/* Open loop: the plan begins anew, at run->start_ns. */
void talk_replan(struct worker *worker);

/*
 * Open loop: when the next message is planned.
 *
 * Returns  CLOCK_MONOTONIC nanoseconds; UINT64_MAX when there is none.
 */
uint64_t talk_next_due_ns(const struct worker *worker);

/* Gives up on those who wait too long; those who rest try again. */
void talk_sweep(struct worker *worker);

/* Fails all that are still connecting: their time is over. */
void talk_stop_connecting(struct worker *worker);

/* Ends the stream of every client; talk_advance() then sees it off. */
void talk_leave(struct worker *worker);

/*
 * How long a client has waited by now for the message under way.
 *
 * Returns  nanoseconds; 0 when it waits for none.
 */
uint64_t talk_wait_ns(const struct worker *worker,
                      const struct client *client);

/* Changes how many messages are under way, and keeps the mean. */
void talk_flight(struct worker *worker, int change);

/*
 * Open loop, at the very end: counts the messages planned in the window
 * that have not come back, each with the time until now: a lower bound,
 * which is nearer to the truth than to leave the slowest out.
 */
void talk_count_unanswered(struct worker *worker);

#endif
