/* bench/record/stats and rng: percentiles, medians, trimmed means,
 * fairness, and random numbers. */
#include "bench/record/rng.h"
#include "bench/record/stats.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

Test(stats, rank_of_nothing_is_zero)
{
    cr_assert_eq(stats_rank(0, 50), 0);
}

Test(stats, rank_of_one_is_one)
{
    cr_assert_eq(stats_rank(1, 0.001), 1);
    cr_assert_eq(stats_rank(1, 100), 1);
}

Test(stats, rank_is_the_nearest)
{
    cr_assert_eq(stats_rank(2, 50), 1);
    cr_assert_eq(stats_rank(2, 50.1), 2);
    cr_assert_eq(stats_rank(10, 10), 1);
    cr_assert_eq(stats_rank(10, 11), 2);
    cr_assert_eq(stats_rank(10, 90), 9);
    cr_assert_eq(stats_rank(10, 99), 10);
}

/* 99.9 is no binary number: the product may come out just above. */
Test(stats, rank_is_exact_where_the_percent_is_not_binary)
{
    for (uint64_t n = 1000; n <= 10000000; n += 1000)
        cr_assert_eq(stats_rank(n, 99.9), n / 1000 * 999, "n %llu",
                     (unsigned long long)n);
}

Test(stats, summary_of_nothing_is_nan)
{
    struct summary summary = stats_summary(NULL, 0);

    cr_assert_eq(summary.n, 0);
    cr_assert(isnan(summary.min) && isnan(summary.max) &&
              isnan(summary.median));
}

Test(stats, summary_of_one)
{
    double values[] = {3.5};
    struct summary summary = stats_summary(values, 1);

    cr_assert_eq(summary.median, 3.5);
    cr_assert_eq(summary.min, 3.5);
    cr_assert_eq(summary.max, 3.5);
}

Test(stats, summary_of_an_even_number)
{
    double values[] = {4, 1, 7, 2};
    struct summary summary = stats_summary(values, 4);

    cr_assert_eq(summary.min, 1);
    cr_assert_eq(summary.max, 7);
    cr_assert_eq(summary.median, 3);
}

Test(stats, insert_keeps_order_and_drops_repeats)
{
    static const double values[] = {3, 1, 3, 2, 0, 1, 9};
    static const double wanted[] = {0, 1, 2, 3};
    double sorted[4];
    size_t n = 0;

    for (size_t i = 0; i < 7; i++) /* the 9 has no room */
        n = stats_insert(sorted, n, 4, values[i]);
    cr_assert_eq(n, 4);
    cr_assert_arr_eq(sorted, wanted, sizeof(wanted));
}

Test(stats, trimmed_mean_leaves_the_wild_ones_out)
{
    double values[] = {3, 1000, 1, 2, 4, 5, -1000, 6, 7, 8};
    double few[] = {1, 2, 3, 4};
    struct trimmed trimmed = stats_trimmed(values, 10);

    cr_assert_float_eq(trimmed.mean, 4.5, 1e-12); /* of 2 ... 7 */
    /* Winsorized: 2 2 2 3 4 5 6 7 7 7, squares 42.5; over 6 * 5 */
    cr_assert_float_eq(trimmed.error, sqrt(42.5 / 30), 1e-12);
    cr_assert(isnan(stats_trimmed(few, 4).mean));
}

Test(stats, neighbours_that_depend_are_seen)
{
    double up[20], even[20];

    for (int i = 0; i < 20; i++) {
        up[i] = i;
        even[i] = i % 4 < 2 ? 1 : -1;
    }
    cr_assert(stats_depends(up, 20));
    cr_assert(!stats_depends(even, 20));
    stats_batch(up, 20);
    for (int i = 0; i < STATS_BATCHES; i++)
        cr_assert_float_eq(up[i], 2 * i + 0.5, 1e-12);
}

Test(stats, fairness_of_nothing_and_of_zeros)
{
    const uint64_t zeros[] = {0, 0, 0};

    cr_assert_eq(stats_fairness(zeros, 0).jain, 0);
    cr_assert_eq(stats_fairness(zeros, 3).jain, 1);
    cr_assert_eq(stats_fairness(zeros, 3).variation, 0);
}

Test(stats, fairness_of_equals)
{
    const uint64_t equal[] = {5, 5, 5, 5};
    struct fairness fairness = stats_fairness(equal, 4);

    cr_assert_float_eq(fairness.jain, 1, 1e-12);
    cr_assert_float_eq(fairness.variation, 0, 1e-6);
    cr_assert_eq(fairness.worst, 5);
    cr_assert_eq(fairness.best, 5);
}

Test(stats, fairness_where_one_has_all)
{
    const uint64_t one[] = {0, 0, 12, 0};
    struct fairness fairness = stats_fairness(one, 4);

    cr_assert_float_eq(fairness.jain, 0.25, 1e-12);
    cr_assert_float_eq(fairness.variation, sqrt(3), 1e-12);
    cr_assert_eq(fairness.worst, 0);
    cr_assert_eq(fairness.best, 12);
}

/* The first numbers of seed 0, as Vigna's splitmix64.c gives them. */
Test(rng, gives_the_published_numbers)
{
    struct rng rng = {0};

    cr_assert_eq(rng_next(&rng), UINT64_C(0xe220a8397b1dcdaf));
    cr_assert_eq(rng_next(&rng), UINT64_C(0x6e789e6aa1b965f4));
    cr_assert_eq(rng_next(&rng), UINT64_C(0x06c45d188009454f));
}

Test(rng, below_is_even)
{
    struct rng rng = {3};
    int seen[3] = {0};

    for (int i = 0; i < 30000; i++)
        seen[rng_below(&rng, 3)]++;
    for (int i = 0; i < 3; i++)
        cr_assert(seen[i] > 9700 && seen[i] < 10300, "%d: %d", i, seen[i]);
    cr_assert_eq(rng_below(&rng, 1), 0);
}

/* Each of the 6 orders of 3 items, equally often. */
Test(rng, shuffle_gives_every_order)
{
    struct rng rng = {4};
    int seen[3][3] = {0};

    for (int i = 0; i < 6000; i++) {
        size_t items[] = {0, 1, 2};
        rng_shuffle(&rng, items, 3);
        cr_assert_eq(items[0] + items[1] + items[2], 3);
        seen[items[0]][items[1]]++;
    }
    for (size_t a = 0; a < 3; a++)
        for (size_t b = 0; b < 3; b++)
            cr_assert(a == b ? seen[a][b] == 0
                             : seen[a][b] > 850 && seen[a][b] < 1150,
                      "%zu %zu: %d", a, b, seen[a][b]);
}

Test(rng, shuffle_is_repeated_by_its_seed)
{
    size_t first[100], again[100];
    struct rng rng = {9};

    for (size_t i = 0; i < 100; i++)
        first[i] = again[i] = i;
    rng_shuffle(&rng, first, 100);
    rng.state = 9;
    rng_shuffle(&rng, again, 100);
    cr_assert_eq(memcmp(first, again, sizeof(first)), 0);
    rng_shuffle(&rng, NULL, 0);
}
