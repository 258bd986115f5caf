/*
 * Statistics of the benchmark: no input, no output.
 */
#ifndef BENCH_RECORD_STATS_H
#define BENCH_RECORD_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The rank of a percentile among n samples in order: the first is 1.
 *
 * percent  0 < percent <= 100
 * Returns  1 ... n; 0 when n is 0.
 * Source   nearest rank: the smallest sample with at least percent of the
 *          samples at or below it, that is ceil(n * percent / 100). Ranks
 *          within 1e-9 above a whole number count as it: 99.9 is no binary
 *          number.
 */
uint64_t stats_rank(uint64_t n, double percent);

/* What n figures say together. */
struct summary {
    size_t n;
    double min, max;  /* NAN when n is 0 */
    double median;    /* of an even n: the middle of the two */
    double low, high; /* the middle half lies between; below 8: min, max */
};

/*
 * values   n figures in any order; sorted by this function
 */
struct summary stats_summary(double *values, size_t n);

/*
 * Adds a value to those that are known, unless it is among them.
 *
 * sorted   n different values, ascending; room for max
 * Returns  how many there are now; n when there is no room.
 */
size_t stats_insert(double *sorted, size_t n, size_t max, double value);

/* A 20 % trimmed mean, and how far it can be trusted. */
struct trimmed {
    size_t n;     /* values */
    double mean;  /* NAN when n is below 5 */
    double error; /* its standard error */
};

enum { STATS_BATCHES = 10 };

/*
 * The mean of the middle 60 % of n values, with Yuen's standard error.
 *
 * values   in any order; sorted by this function
 * Source   Yuen: The two-sample trimmed t for unequal population variances,
 *          Biometrika 61, 1974; Wilcox: Introduction to Robust Estimation
 */
struct trimmed stats_trimmed(double *values, size_t n);

/*
 * Do values that follow each other depend on each other?
 *
 * Returns  true where the autocorrelation at lag 1 is beyond 2 / sqrt(n).
 */
bool stats_depends(const double *values, size_t n);

/*
 * Means over STATS_BATCHES stretches of about equal length, in place.
 *
 * values   n of them in the order of time, at least STATS_BATCHES
 */
void stats_batch(double *values, size_t n);

/*
 * Servers that were compared. Those of a group shared their blocks; the
 * first of each group is the reference, which all groups have in common.
 */
struct family {
    size_t groups[8]; /* servers in each, with the reference; 0 ends */
    bool all;         /* all pairs; or each with the reference alone */
};

/*
 * How many standard errors an interval must reach to either side, so that
 * in `percent` of 100 families of equal servers all intervals hold 0.
 *
 * Groups of a chain are compared through the reference: the two means are
 * subtracted, and the squares of their errors are added.
 *
 * n        blocks, 10 or more; of more than 200 it is a little too wide
 * percent  95, or the like
 * Source   the greatest |T| of 10,000 families of normal figures, drawn
 *          with a fixed seed; kept for the next call. Hochberg, Tamhane:
 *          Multiple Comparison Procedures, 1987; with a reference alone
 *          it is Dunnett's.
 */
double stats_max_t(const struct family *family, size_t n, double percent);

/* How evenly n shares are spread. */
struct fairness {
    uint64_t worst, best; /* the smallest and the largest share */
    double variation; /* coefficient of variation: standard deviation of the
                         n shares over their mean; 0 is even */
    double jain;      /* 1 when all are equal, 1/n when one has all */
};

/*
 * Returns  all zero when n is 0; variation 0 and jain 1 when all shares
 *          are 0.
 * Source   Jain, Chiu, Hawe: A Quantitative Measure of Fairness, DEC
 *          Research Report TR-301, 1984: (sum x)^2 / (n * sum x^2)
 */
struct fairness stats_fairness(const uint64_t *shares, size_t n);

#endif
