/*
 * What a run's rows say about one spot: the figures, how many slices they
 * come from, and what went wrong there. No input, no output.
 */
#ifndef BENCH_RECORD_READING_H
#define BENCH_RECORD_READING_H

#include "bench/record/metric.h"
#include "bench/record/row.h"
#include "bench/record/stats.h"
#include "bench/record/verdict.h"

#include <stdbool.h>
#include <stddef.h>

/* Which rows are meant. NULL and NaN stand for any. */
struct spot {
    const char *experiment, *model, *variant, *placement;
    double x;
};

bool spot_holds(const struct spot *spot, const struct row *row);

/*
 * A figure over the spot's slices that counted.
 *
 * Returns  its summary; n is 0 when there is none.
 */
struct summary reading_figure(const struct rows *rows,
                              const struct spot *spot, enum metric metric);

/* What else there is to know about a spot. */
struct health {
    size_t slices;   /* that counted */
    size_t repeated; /* disturbed and done again */
    size_t failed;   /* nothing was measured */
    double unserved; /* clients, in the worst slice */
    double errors;   /* of all slices together, idle ones lost among them */
    size_t gated;    /* slices whose figure can't be ranked, */
    char gate[96];   /* and why, for one of them */
    char note[ROW_NOTE]; /* what a slice had to say, the last one */
};

struct health reading_health(const struct rows *rows,
                             const struct spot *spot, enum metric metric);

/*
 * The different x of a spot's rows, ascending.
 *
 * xs       receives at most max of them
 * Returns  how many
 */
size_t reading_xs(const struct rows *rows, const struct spot *spot,
                  double *xs, size_t max);

/* The median of a column over the spot's turns that counted; NaN: none. */
double reading_median(const struct rows *rows, const struct spot *spot,
                      enum row_value column);

/* What holds a server's rate back, in its median turn. */
enum limit_by {
    LIMIT_SERVER,    /* it is busy; or the generator waits for it */
    LIMIT_GENERATOR, /* that has no time left: the server can do more */
    LIMIT_NEITHER,   /* they wait for each other */
};

struct limit {
    enum limit_by by;
    double server_busy, generator_busy; /* of a core; NaN: not measured */
    char reason[96]; /* why no figure of most turns can be ranked; or "" */
};

struct limit reading_limit(const struct rows *rows,
                           const struct spot *spot);

/*
 * The A B B A blocks of a model against a reference.
 *
 * A block in which a gate was closed is left out, with one exception: when
 * the generator was the limit of the faster side alone, the slower one is
 * slower by at least as much as it seems, and the block stays.
 */
struct blocks {
    struct quad *quads; /* the caller's; room for rows->n */
    size_t n;
    size_t gated;    /* left out, */
    char reason[96]; /* and why, for one of them */
    size_t at_least; /* of n: the generator was the faster side's limit */
};

/* spot->model against reference. blocks->quads is given; the rest
 * is set. */
void reading_blocks(const struct rows *rows, const struct spot *spot,
                    const char *reference, enum metric metric,
                    struct blocks *blocks);

#endif
