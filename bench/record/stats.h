/*
 * Statistics of the benchmark: no input, no output.
 */
#ifndef BENCH_RECORD_STATS_H
#define BENCH_RECORD_STATS_H

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
    double min, max; /* NAN when n is 0 */
    double median;   /* of an even n: the middle of the two */
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

struct interval {
    double low, high;
};

/*
 * The 95 % interval of a median, by drawing n of the n figures with
 * replacement `draws` times and leaving out the extreme 2.5 % of the
 * medians at either end.
 *
 * values   n figures in any order; borrowed
 * draws    1000 or more make the edges steady
 * seed     the same seed gives the same interval
 * Returns  0 with *interval set (NAN when n is 0), or -1 when there is no
 *          memory (ENOMEM).
 * Source   Efron, Tibshirani: An Introduction to the Bootstrap, chapter 13
 *          (percentile interval). Under about 6 figures it is too narrow.
 */
int stats_bootstrap_median(const double *values, size_t n, size_t draws,
                           uint64_t seed, struct interval *interval);

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
