/*
 * The verdict on a pair of servers: faster, slower, or not to be told
 * apart. No input, no output.
 */
#ifndef BENCH_RECORD_VERDICT_H
#define BENCH_RECORD_VERDICT_H

#include <stddef.h>
#include <stdint.h>

/* One A B B A block: the same figure, four times. */
struct quad {
    double reference[2]; /* A: the first and the last */
    double model[2];     /* B: those between */
};

enum verdict_word {
    VERDICT_BETTER,
    VERDICT_WORSE,
    VERDICT_SAME,     /* not distinguished */
    VERDICT_UNRANKED, /* a gate was closed, or too little was measured */
};

struct verdict {
    enum verdict_word word;
    double ratio;     /* median of model / reference; NaN without quads */
    double low, high; /* its 95 % interval */
    double error;     /* the run's own A/A error: 0.02 is 2 % */
    size_t quads;
};

enum { VERDICT_QUADS_MIN = 2 }; /* with fewer there is no interval */

/*
 * The ratio of a block: the geometric means of either side, so that A/B is
 * exactly 1 / (B/A). A drift that is steady in time falls out of it.
 *
 * Returns  NaN unless all four are above 0.
 */
double verdict_ratio(const struct quad *quad);

/*
 * How far a server can seem to be from itself: the edge of the interval of
 * the A/A blocks that is further from 1.
 *
 * Returns  0.02 for 2 %; infinite with fewer than VERDICT_QUADS_MIN quads,
 *          for then nothing is known.
 */
double verdict_error(const struct quad *quads, size_t n, uint64_t seed);

/*
 * better   1: more is better; -1: less is
 * error    from verdict_error()
 * seed     for the bootstrap
 * Returns  VERDICT_SAME where the interval holds 1, or where the ratio is
 * no further from 1 than the error; VERDICT_UNRANKED with fewer than
 *          VERDICT_QUADS_MIN quads.
 */
struct verdict verdict_of(const struct quad *quads, size_t n, int better,
                          double error, uint64_t seed);

#endif
