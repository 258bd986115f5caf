/*
 * Was the machine calm while a slice was measured? No input, no output.
 */
#ifndef BENCH_RACE_CALM_H
#define BENCH_RACE_CALM_H

#include "bench/record/row.h"

#include <stddef.h>

enum { CALM_FLOORS = 64 };

/* The floors of the last slices. All zero is the start of a run. */
struct calm {
    double floors[CALM_FLOORS]; /* us, a ring */
    size_t n;                   /* noted so far */
};

/*
 * Looks at a measured slice and notes its floor.
 *
 * Returns  NULL: nothing spoilt it; or what did, in words: a floor above
 *          1.3 times the median of the last ones, processes that came
 *          late, other programs or the host on the processors.
 */
const char *calm_disturbance(struct calm *calm, const struct row *row);

#endif
