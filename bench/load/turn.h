/*
 * What the load generator does from its first connection to its last.
 */
#ifndef BENCH_LOAD_TURN_H
#define BENCH_LOAD_TURN_H

#include "bench/load/load.h"

#include <stdbool.h>
#include <stdint.h>

/* Makes room for the clients that the options ask for. Returns 0, or -1
 * with errno; to be closed by load_close() in both cases. */
int load_open(struct load *load, const struct load_options *options,
              const struct pattern *pattern);
void load_close(struct load *load);

/*
 * Connects all clients. With options->patience_ns each gets one echo, or
 * is parked when the patience is over.
 */
void turn_gather(struct load *load);

/*
 * One echo for each client that has none under way, the idle ones, too.
 *
 * Returns  how many got it within the patience.
 */
size_t turn_ask_all(struct load *load);

/*
 * Drives the clients and measures that in load->turn.
 *
 * drive_ns  from the first message until no more are sent
 * open_ns   of these, at the beginning, in which nothing is counted; it
 *           may become more: no echo counts that has come while the
 *           clients sent their first message. 0: all are counted
 * drain_ns  how long to wait at most for what is then under way
 */
void turn_run(struct load *load, uint64_t drive_ns, uint64_t open_ns,
              uint64_t drain_ns);

/* For a load of another kind (hoses): what comes before and after it. */
void turn_begin(struct load *load, uint64_t drive_ns, uint64_t open_ns);
void turn_end(struct load *load);

/* Leaves the server as it was found, with nobody and nothing in its
 * queues: every client ends its stream and waits for the server's end, one
 * second at most. */
void turn_leave(struct load *load);

#endif
