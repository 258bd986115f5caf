/*
 * The open loop's plan: when each client is to send its next message.
 *
 * Messages arrive as from many independent people (a Poisson process): the
 * time between two of a client is random, exponentially distributed. Even
 * spacing would hide the queues that chance makes. Each client has a
 * process of its own, so that all together are one of the whole rate.
 */
#ifndef BENCH_LOAD_DUE_H
#define BENCH_LOAD_DUE_H

#include "bench/load/load.h"

/* Plans every client's first message after turn.start_ns. */
void due_plan(struct load *load);

/*
 * Turns to a client's next message, which is planned before turn.end_ns.
 *
 * Returns  when this one was planned.
 */
uint64_t due_take(struct load *load, struct client *client);

/*
 * The client whose message is due by load->now_ns, the earliest first. If
 * it can't send now it is ->behind, and due_take() is to be called later.
 *
 * Returns  NULL when none is.
 */
struct client *due_next(struct load *load);

/* Returns  when the next message is planned; UINT64_MAX: never. */
uint64_t due_next_ns(const struct load *load);

#endif
