#include "bench/record/verdict.h"

#include "bench/record/stats.h"

#include <math.h>
#include <stdlib.h>

enum { DRAWS = 2000 };

double verdict_ratio(const struct quad *quad)
{
    double a = quad->reference[0] * quad->reference[1];
    double b = quad->model[0] * quad->model[1];

    if (!(quad->reference[0] > 0 && quad->model[0] > 0 && a > 0 && b > 0))
        return NAN;
    return sqrt(b / a);
}

/* Returns 0, or -1 when there are too few quads, or no memory. */
static int measure(const struct quad *quads, size_t n, uint64_t seed,
                   struct verdict *verdict)
{
    double *ratios = calloc(n + 1, sizeof(*ratios));
    struct interval interval;
    int result = -1;

    *verdict = (struct verdict){VERDICT_UNRANKED, NAN, NAN, NAN,
                                INFINITY,         0};
    for (size_t i = 0; ratios != NULL && i < n; i++) {
        double ratio = verdict_ratio(&quads[i]);
        if (!isnan(ratio))
            ratios[verdict->quads++] = ratio;
    }
    if (verdict->quads >= VERDICT_QUADS_MIN &&
        stats_bootstrap_median(ratios, verdict->quads, DRAWS, seed,
                               &interval) == 0) {
        verdict->low = interval.low;
        verdict->high = interval.high;
        result = 0;
    }
    if (verdict->quads > 0)
        verdict->ratio = stats_summary(ratios, verdict->quads).median;
    free(ratios);
    return result;
}

double verdict_error(const struct quad *quads, size_t n, uint64_t seed)
{
    struct verdict own;

    if (measure(quads, n, seed, &own) == -1)
        return INFINITY;
    return fmax(fabs(own.low - 1), fabs(own.high - 1));
}

struct verdict verdict_of(const struct quad *quads, size_t n, int better,
                          double error, uint64_t seed)
{
    struct verdict verdict;

    if (measure(quads, n, seed, &verdict) == -1)
        return verdict;
    verdict.error = error;
    if ((verdict.low <= 1 && verdict.high >= 1) ||
        fabs(verdict.ratio - 1) <= error)
        verdict.word = VERDICT_SAME;
    else if ((verdict.ratio > 1) == (better > 0))
        verdict.word = VERDICT_BETTER;
    else
        verdict.word = VERDICT_WORSE;
    return verdict;
}
