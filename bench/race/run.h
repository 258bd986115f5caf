/*
 * A run: goes through the plan, keeps every row on disk, repeats what was
 * disturbed, stops when it is told to.
 */
#ifndef BENCH_RACE_RUN_H
#define BENCH_RACE_RUN_H

#include "bench/race/manifest.h"
#include "bench/race/plan.h"
#include "bench/race/settings.h"

/*
 * Measures.
 *
 * dir      the run's directory, which has a folder raw
 * ending   receives how it ended
 * Returns  0, or -1 with errno: a row could not be written, or there is no
 *          loopback to measure on.
 */
int run_measure(const char *dir, const struct settings *settings,
                const struct participants *who, const struct plan *plan,
                struct ending *ending);

/* From now on SIGINT, SIGTERM and SIGHUP end the run between two slices. */
void run_catch_signals(void);

#endif
