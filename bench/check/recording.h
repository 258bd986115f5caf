/*
 * For bench/selfcheck: servers driven in blocks of turns, as bench/run does
 * it, and what can be done with such a recording afterwards.
 */
#ifndef BENCH_CHECK_RECORDING_H
#define BENCH_CHECK_RECORDING_H

#include "bench/race/bench.h"
#include "bench/race/plan.h"
#include "bench/record/experiment.h"
#include "bench/record/judge.h"
#include "bench/record/row.h"

#include <stdbool.h>
#include <stddef.h>

/* A server of a recording, and what drives it. */
struct subject {
    const char *name;
    const char *command;   /* `COMMAND {port}` */
    const char *generator; /* a program; NULL: build/bench/load */
};

/*
 * Starts all, drives them in blocks for so long, and ends them.
 *
 * subjects  n, at most GROUP_MAX
 * rows      receives a row a turn; blocks that a turn spoilt are left out
 * Returns   0; or -1, and stderr tells what went wrong.
 */
int recording_make(struct bench *bench, const struct subject *subjects,
                   size_t n, const struct job *job,
                   const struct turn_times *times, double seconds,
                   struct rows *rows);

/* How many whole blocks of so many turns. */
size_t recording_blocks(const struct rows *rows, size_t turns);

/*
 * A part of a recording of two equal servers, as if it were one of n
 * servers: turns that follow each other, in the random orders of blocks.
 *
 * first    turn of the recording, 2 * n * blocks of them are taken
 * slower   what the last server's processor time is multiplied by
 * part     receives the rows, to be freed by rows_free()
 * Returns  0, or -1: no memory.
 */
int recording_cut(const struct rows *rows, size_t first, size_t n,
                  size_t blocks, double slower, struct rng *rng,
                  struct rows *part);

/* A figure of a row; NAN: none. */
typedef double figure(const struct row *row);

/*
 * How the second server's figure compares with the first's, over the
 * blocks, or how a figure of the rows of both does with 1 (log-ratios).
 *
 * against  NULL: it is 1
 */
struct estimate recording_compare(const struct rows *rows,
                                  const char *model, const char *against,
                                  figure *of);

#endif
