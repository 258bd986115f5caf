#include "bench/record/rng.h"
#include "bench/record/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FAMILIES = 10000, SERVERS = 64, BLOCKS_MOST = 200, KEPT = 64 };

static const uint64_t seed = 20;

/* A normal figure, by Box and Muller. */
static double draw(struct rng *rng)
{
    double u = ((double)(rng_next(rng) >> 11) + 0.5) / 9007199254740992.0;
    double v = (double)(rng_next(rng) >> 11) / 9007199254740992.0;

    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

static struct trimmed differ(double drawn[][BLOCKS_MOST], size_t a,
                             size_t b, size_t n)
{
    double away[BLOCKS_MOST];

    for (size_t i = 0; i < n; i++)
        away[i] = drawn[a][i] - drawn[b][i];
    return stats_trimmed(away, n);
}

/* The greatest |T| within a group; what its servers are to the reference
 * goes to `to`. */
static double draw_group(size_t servers, size_t n, bool all,
                         struct trimmed *to, struct rng *rng)
{
    static double drawn[SERVERS][BLOCKS_MOST];
    double most = 0;

    for (size_t a = 0; a < servers; a++)
        for (size_t i = 0; i < n; i++)
            drawn[a][i] = draw(rng);
    for (size_t a = 1; a < servers; a++)
        for (size_t b = 0; b < (all ? a : 1); b++) {
            struct trimmed pair = differ(drawn, a, b, n);
            most = fmax(most, fabs(pair.mean) / pair.error);
            if (b == 0)
                to[a - 1] = pair;
        }
    return most;
}

/* The greatest |T| of one family. */
static double draw_family(const struct family *family, size_t n,
                          struct rng *rng)
{
    struct trimmed to[SERVERS];
    size_t servers = 0;
    double most = 0;

    for (size_t g = 0; g < 8 && family->groups[g] > 0; g++) {
        size_t before = servers;
        most = fmax(most, draw_group(family->groups[g], n, family->all,
                                     &to[servers], rng));
        servers += family->groups[g] - 1;
        for (size_t a = before; family->all && a < servers; a++)
            for (size_t b = 0; b < before; b++)
                most = fmax(most, fabs(to[a].mean - to[b].mean) /
                                      hypot(to[a].error, to[b].error));
    }
    return most;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

static double simulate(const struct family *family, size_t n,
                       double percent)
{
    struct rng rng = {seed};
    static double most[FAMILIES];

    for (size_t i = 0; i < FAMILIES; i++)
        most[i] = draw_family(family, n, &rng);
    qsort(most, FAMILIES, sizeof(*most), compare);
    return most[stats_rank(FAMILIES, percent) - 1];
}

/* One of few numbers of blocks, so that few values are kept. */
static size_t fewer(size_t n)
{
    static const size_t steps[] = {BLOCKS_MOST, 100, 64, 48,
                                   40,          32,  28, 24};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (n >= steps[i])
            return steps[i];
    return n;
}

double stats_max_t(const struct family *family, size_t n, double percent)
{
    static struct {
        struct family family;
        size_t n;
        double percent, value;
    } kept[KEPT];
    size_t i = 0;

    n = fewer(n);
    while (i < KEPT - 1 && kept[i].n > 0 &&
           (kept[i].n != n || kept[i].percent != percent ||
            kept[i].family.all != family->all ||
            memcmp(kept[i].family.groups, family->groups,
                   sizeof(family->groups)) != 0))
        i++;
    if (kept[i].n == 0 || i == KEPT - 1) {
        kept[i].family = *family;
        kept[i].percent = percent;
        kept[i].n = n;
        kept[i].value = simulate(family, n, percent);
    }
    return kept[i].value;
}
