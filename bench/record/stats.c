#include "bench/record/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t stats_rank(uint64_t n, double percent)
{
    uint64_t rank = (uint64_t)ceil((double)n * percent / 100 - 1e-9);

    if (rank == 0 && n > 0)
        return 1;
    return rank < n ? rank : n;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

static double median_of(double *values, size_t n)
{
    if (n == 0)
        return NAN;
    qsort(values, n, sizeof(*values), compare);
    return n % 2 == 1 ? values[n / 2]
                      : (values[n / 2 - 1] + values[n / 2]) / 2;
}

struct summary stats_summary(double *values, size_t n)
{
    struct summary summary = {n, NAN, NAN, NAN, NAN, NAN};

    if (n == 0)
        return summary;
    summary.median = median_of(values, n);
    summary.min = values[0];
    summary.max = values[n - 1];
    summary.low = values[n < 8 ? 0 : stats_rank(n, 25) - 1];
    summary.high = values[n < 8 ? n - 1 : stats_rank(n, 75) - 1];
    return summary;
}

size_t stats_insert(double *sorted, size_t n, size_t max, double value)
{
    size_t i = n;

    while (i > 0 && sorted[i - 1] > value)
        i--;
    if (n == max || (i > 0 && sorted[i - 1] == value))
        return n;
    memmove(&sorted[i + 1], &sorted[i], (n - i) * sizeof(*sorted));
    sorted[i] = value;
    return n + 1;
}

/* Insertion: the values are few, and often drawn again. */
static void sort_few(double *values, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        double value = values[i];
        size_t k = i;
        for (; k > 0 && values[k - 1] > value; k--)
            values[k] = values[k - 1];
        values[k] = value;
    }
}

struct trimmed stats_trimmed(double *values, size_t n)
{
    struct trimmed trimmed = {n, NAN, NAN};
    size_t cut = n / 5;
    double kept = (double)(n - 2 * cut);
    double sum = 0, squares = 0;

    if (n < 5)
        return trimmed;
    if (n <= 64)
        sort_few(values, n);
    else
        qsort(values, n, sizeof(*values), compare);
    for (size_t i = cut; i < n - cut; i++)
        sum += values[i];
    trimmed.mean = sum / kept;
    /* Winsorized: what was cut off counts as the last that was kept. */
    sum += (double)cut * (values[cut] + values[n - cut - 1]);
    double centre = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        double value = values[i < cut        ? cut
                              : i >= n - cut ? n - cut - 1
                                             : i];
        squares += (value - centre) * (value - centre);
    }
    trimmed.error = sqrt(squares / (kept * (kept - 1)));
    return trimmed;
}

bool stats_depends(const double *values, size_t n)
{
    double mean = 0, square = 0, product = 0;

    for (size_t i = 0; i < n; i++)
        mean += values[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        double away = values[i] - mean;
        square += away * away;
        if (i > 0)
            product += away * (values[i - 1] - mean);
    }
    return fabs(product) > 2 / sqrt((double)n) * square;
}

void stats_batch(double *values, size_t n)
{
    for (size_t i = 0; i < STATS_BATCHES; i++) {
        size_t from = i * n / STATS_BATCHES;
        size_t to = (i + 1) * n / STATS_BATCHES;
        double sum = 0;
        for (size_t k = from; k < to; k++)
            sum += values[k];
        values[i] = sum / (double)(to - from);
    }
}

struct fairness stats_fairness(const uint64_t *shares, size_t n)
{
    struct fairness fairness = {0};
    double sum = 0;
    double squares = 0;

    if (n == 0)
        return fairness;
    fairness.worst = shares[0];
    for (size_t i = 0; i < n; i++) {
        double share = (double)shares[i];
        if (shares[i] < fairness.worst)
            fairness.worst = shares[i];
        if (shares[i] > fairness.best)
            fairness.best = shares[i];
        sum += share;
        squares += share * share;
    }
    fairness.jain = 1;
    if (sum > 0) {
        /* The mean of squares over the square of the mean is 1/jain, and
         * the variance over the square of the mean is that less 1. */
        fairness.jain = sum * sum / ((double)n * squares);
        fairness.variation = sqrt(fmax(0, 1 / fairness.jain - 1));
    }
    return fairness;
}
