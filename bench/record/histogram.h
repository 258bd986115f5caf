/*
 * A histogram of bounded memory for values over many orders of magnitude:
 * each power of two is cut into 256 buckets of equal width.
 *
 * Values below 256 are kept exactly. Above, a value is known to within the
 * width of its bucket, which is at most 1/256 of the value. What is read
 * back is the upper edge: never less than what was recorded, and more by at
 * most HISTOGRAM_ERROR of it. Values of 2^42 and more (73 minutes, were
 * they nanoseconds) share the last bucket, which is read back as the
 * maximum.
 *
 * Source   the idea is HdrHistogram's (Gil Tene, hdrhistogram.org); the
 *          division into buckets is the one described there.
 */
#ifndef BENCH_RECORD_HISTOGRAM_H
#define BENCH_RECORD_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_SUB_BITS = 8, /* 2^8 buckets for a power of two */
    HISTOGRAM_BITS = 42,    /* values below 2^42 keep their precision */
    HISTOGRAM_BUCKETS =     /* and one for what is beyond */
    ((HISTOGRAM_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS) + 1,
};

#define HISTOGRAM_ERROR (1.0 / (1 << HISTOGRAM_SUB_BITS)) /* relative */

/* 70 KiB. All zero is an empty histogram. One thread at a time. */
struct histogram {
    uint64_t count; /* values recorded */
    uint64_t sum;   /* of the values; exact until it passes 2^64 */
    uint64_t min;   /* exact; meaningless while count is 0 */
    uint64_t max;   /* exact; 0 while count is 0 */
    uint64_t counts[HISTOGRAM_BUCKETS];
};

/* Counts a value. Cannot fail. */
void histogram_record(struct histogram *histogram, uint64_t value);

/* Adds all that from holds to into. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/*
 * Nearest-rank percentile.
 *
 * percent  0 < percent <= 100
 * Returns  the upper edge of the bucket that holds it, but at most the
 *          maximum; 0 when nothing was recorded.
 */
uint64_t histogram_percentile(const struct histogram *histogram,
                              double percent);

/* Returns  the exact mean; 0 when nothing was recorded. */
double histogram_mean(const struct histogram *histogram);

/* Returns  the highest value that falls into a bucket, but the maximum for
 *          the last one. */
uint64_t histogram_edge(const struct histogram *histogram, size_t bucket);

#endif
