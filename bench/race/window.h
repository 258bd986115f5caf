/*
 * What is read at the two edges of a timed window, and what follows from
 * it. Nothing is read in between.
 */
#ifndef BENCH_RACE_WINDOW_H
#define BENCH_RACE_WINDOW_H

#include "bench/race/generator.h"
#include "bench/record/experiment.h"
#include "bench/record/row.h"
#include "common/lab/launcher.h"
#include "common/lab/proc.h"

#include <stdint.h>

struct edge {
    uint64_t at_ns; /* when it was read, CLOCK_MONOTONIC */
    struct proc_usage server;
    struct proc_machine machine;
    uint64_t voluntary, involuntary;
};

struct window {
    const struct job *job;
    const struct server *server;
    struct proc_tree tree;  /* found before the window, */
    struct proc_tree after; /* and after it; window_forget() */
    struct edge start, end;
};

/*
 * Goes along with the generator from its start to its end, and fills the
 * row: what the generator measured, and what was read beside.
 *
 * Returns  0; or -1 with generator->error, as generator_wait().
 */
int window_watch(struct window *window, struct generator *generator,
                 struct row *row);
void window_forget(struct window *window);

#endif
