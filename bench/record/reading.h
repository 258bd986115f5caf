/*
 * What a run's rows say about one spot: the figures, how many turns they
 * come from, and what went wrong there. No input, no output.
 */
#ifndef BENCH_RECORD_READING_H
#define BENCH_RECORD_READING_H

#include "bench/record/metric.h"
#include "bench/record/row.h"
#include "bench/record/stats.h"

#include <stdbool.h>
#include <stddef.h>

/* Which rows are meant. NULL and NaN stand for any. */
struct spot {
    const char *experiment, *model, *variant, *placement;
    double x;
};

bool spot_holds(const struct spot *spot, const struct row *row);

/*
 * A figure over the spot's turns that counted.
 *
 * Returns  its summary; n is 0 when there is none.
 */
struct summary reading_figure(const struct rows *rows,
                              const struct spot *spot, enum metric metric);

/* What else there is to know about a spot. */
struct health {
    size_t turns;    /* that counted */
    size_t failed;   /* nothing was measured */
    double clients;  /* of a turn, the most */
    double unserved; /* of them, in the worst turn */
    double errors;   /* of all turns together, idle ones lost among them */
    bool stopped;    /* held by SIGSTOP outside of its turns */
    char note[ROW_NOTE]; /* what a turn had to say, the last one */
};

struct health reading_health(const struct rows *rows,
                             const struct spot *spot);

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

/* Below this share of the offered rate a point is overloaded. */
#define READING_ACHIEVED 0.95

struct limit reading_limit(const struct rows *rows,
                           const struct spot *spot);

/* What one client more takes. */
struct slope {
    double per_client;  /* in the metric's unit; NaN: one N is not enough */
    double least, most; /* the clients that it is measured between */
};

/*
 * From the medians at the fewest and the most clients that were all served:
 * what the process takes for itself falls out.
 */
struct slope reading_slope(const struct rows *rows, const struct spot *spot,
                           enum metric metric);

#endif
