/* bench/record/histogram: against exact percentiles of the same samples. */
#include "bench/record/histogram.h"
#include "bench/record/rng.h"
#include "bench/record/stats.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 20000 };

static struct histogram histogram;
static struct histogram other;
static uint64_t samples[SAMPLES];

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;

    return (a > b) - (a < b);
}

/* 0 < value <= 1 */
static double uniform(struct rng *rng)
{
    return ((double)(rng_next(rng) >> 11) + 1) / 9007199254740992.0;
}

static double draw_uniform(struct rng *rng)
{
    return 1e6 * uniform(rng);
}

static double draw_exponential(struct rng *rng)
{
    return -2e5 * log(uniform(rng));
}

/* Like latencies: most are near each other, some a thousand times slower.
 */
static double draw_heavy_tail(struct rng *rng)
{
    return 5e4 / pow(uniform(rng), 0.8);
}

static double draw_two_humps(struct rng *rng)
{
    double centre = rng_below(rng, 100) < 97 ? 2e5 : 4e7;

    return centre * (1 + uniform(rng) / 10);
}

static double draw_small(struct rng *rng)
{
    return (double)rng_below(rng, 256);
}

static void check_percentiles(double (*draw)(struct rng *))
{
    static const double percents[] = {0.01, 1,    25,    50, 90,
                                      99,   99.9, 99.99, 100};
    struct rng rng = {42};

    for (size_t i = 0; i < SAMPLES; i++) {
        samples[i] = (uint64_t)draw(&rng);
        histogram_record(&histogram, samples[i]);
    }
    qsort(samples, SAMPLES, sizeof(*samples), compare);
    for (size_t i = 0; i < sizeof(percents) / sizeof(*percents); i++) {
        uint64_t exact = samples[stats_rank(SAMPLES, percents[i]) - 1];
        uint64_t told = histogram_percentile(&histogram, percents[i]);
        cr_assert(told >= exact, "p%g is %llu, not %llu", percents[i],
                  (unsigned long long)exact, (unsigned long long)told);
        cr_assert((double)(told - exact) <= HISTOGRAM_ERROR * (double)exact,
                  "p%g is %llu, told is %llu", percents[i],
                  (unsigned long long)exact, (unsigned long long)told);
    }
    cr_assert_eq(histogram.min, samples[0]);
    cr_assert_eq(histogram.max, samples[SAMPLES - 1]);
}

#define DISTRIBUTION(name)              \
    Test(histogram, percentiles_##name) \
    {                                   \
        check_percentiles(draw_##name); \
    }
DISTRIBUTION(uniform)
DISTRIBUTION(exponential)
DISTRIBUTION(heavy_tail)
DISTRIBUTION(two_humps)
DISTRIBUTION(small)

Test(histogram, empty_tells_zero)
{
    cr_assert_eq(histogram_percentile(&histogram, 50), 0);
    cr_assert_eq(histogram_percentile(&histogram, 100), 0);
    cr_assert_eq(histogram_mean(&histogram), 0);
    cr_assert_eq(histogram.max, 0);
}

Test(histogram, values_below_256_are_exact)
{
    for (uint64_t value = 0; value < 256; value++)
        histogram_record(&histogram, value);
    for (uint64_t value = 0; value < 256; value++)
        cr_assert_eq(
            histogram_percentile(&histogram, ((double)value + 1) / 2.56),
            value);
}

/* Around each power of two, where one block of buckets meets the next. */
Test(histogram, edges_of_blocks_are_in_order)
{
    for (unsigned bit = 1; bit < HISTOGRAM_BITS; bit++)
        for (int step = -1; step <= 1; step++) {
            uint64_t value = (UINT64_C(1) << bit) + (uint64_t)(int64_t)step;
            memset(&histogram, 0, sizeof(histogram));
            histogram_record(&histogram, value);
            histogram_record(&histogram, UINT64_C(1) << 41);
            histogram_record(&histogram, UINT64_C(1) << 41);
            uint64_t told = histogram_percentile(&histogram, 33);
            cr_assert(told >= value && (double)(told - value) <=
                                           HISTOGRAM_ERROR * (double)value,
                      "%llu is told as %llu", (unsigned long long)value,
                      (unsigned long long)told);
        }
}

Test(histogram, zero_one_and_the_largest)
{
    histogram_record(&histogram, 0);
    histogram_record(&histogram, 1);
    histogram_record(&histogram, UINT64_MAX);
    cr_assert_eq(histogram_percentile(&histogram, 33), 0);
    cr_assert_eq(histogram_percentile(&histogram, 66), 1);
    cr_assert_eq(histogram_percentile(&histogram, 100), UINT64_MAX);
    cr_assert_eq(histogram.min, 0);
    cr_assert_eq(histogram.max, UINT64_MAX);
}

/* Beyond the range only the maximum is known, and it is reported. */
Test(histogram, overflow_is_told_as_the_maximum)
{
    uint64_t beyond = UINT64_C(1) << HISTOGRAM_BITS;

    histogram_record(&histogram, beyond - 1);
    cr_assert_eq(histogram_percentile(&histogram, 50), beyond - 1);
    histogram_record(&histogram, beyond + beyond / 2);
    histogram_record(&histogram, 5 * beyond);
    cr_assert_eq(histogram_percentile(&histogram, 33), beyond - 1);
    cr_assert_eq(histogram_percentile(&histogram, 99), 5 * beyond);
    cr_assert_eq(histogram.count, 3);
    cr_assert_eq(histogram.counts[HISTOGRAM_BUCKETS - 1], 2);
}

Test(histogram, never_tells_more_than_the_maximum)
{
    histogram_record(&histogram, 1000000);
    cr_assert_eq(histogram_percentile(&histogram, 50), 1000000);
}

Test(histogram, mean_is_exact)
{
    histogram_record(&histogram, 1000001);
    histogram_record(&histogram, 3000000);
    cr_assert_float_eq(histogram_mean(&histogram), 2000000.5, 1e-9);
}

Test(histogram, merged_is_as_recorded_in_one)
{
    struct rng rng = {7};
    static struct histogram all;

    for (size_t i = 0; i < SAMPLES; i++) {
        uint64_t value = (uint64_t)draw_heavy_tail(&rng);
        histogram_record(i % 3 == 0 ? &histogram : &other, value);
        histogram_record(&all, value);
    }
    histogram_merge(&histogram, &other);
    cr_assert_eq(memcmp(&histogram, &all, sizeof(all)), 0);
}

Test(histogram, merging_an_empty_one_changes_nothing)
{
    histogram_record(&histogram, 700);
    histogram_merge(&histogram, &other);
    cr_assert_eq(histogram.min, 700);
    histogram_merge(&other, &histogram);
    cr_assert_eq(other.min, 700);
    cr_assert_eq(other.max, 700);
    cr_assert_eq(other.count, 1);
}
