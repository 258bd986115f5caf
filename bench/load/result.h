/*
 * What a run of the load generator has measured, over all its threads.
 */
#ifndef BENCH_LOAD_RESULT_H
#define BENCH_LOAD_RESULT_H

#include "bench/load/client.h"
#include "bench/load/options.h"
#include "bench/load/worker.h"
#include "bench/record/histogram.h"
#include "bench/record/stats.h"
#include "common/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load_result {
    const struct load_options *options;
    bool cut_short;      /* by a signal */
    uint64_t connect_ns; /* from the start until all were connected */
    uint64_t began_ns;   /* the window, CLOCK_MONOTONIC */
    uint64_t elapsed_ns; /* of the window, in the slowest thread */
    struct tally warmup, window, after;
    struct clock_cpu cpu; /* of this process's threads in the window */
    double in_flight;     /* messages under way, mean over the window */
    struct histogram latency, from_send, late; /* see struct worker */
    uint64_t planned;    /* open loop: messages planned in the window, */
    uint64_t unanswered; /* and of these, without an echo */
    uint64_t longest_ns;
    uint64_t errors[OUTCOMES];
    uint64_t errors_total;
    int other_errno;
    size_t connected, idle_connected, idle_lost;
    size_t served, unserved;
    struct fairness fairness; /* of the echoes per client in the window */
    double fairness_mean;
};

/*
 * Puts together what n workers have measured, whose threads have ended.
 *
 * Returns  0, or -1 when there is no memory (ENOMEM).
 */
int load_result_collect(struct load_result *result,
                        struct worker *const *workers, size_t n);

/*
 * Prints the result on stdout as the options ask for it.
 *
 * Returns  0, or -1 with errno when it could not be written.
 */
int load_report(const struct load_result *result);

#endif
