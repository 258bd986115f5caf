#include "bench/record/reading.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool same(const char *wanted, const char *text)
{
    return wanted == NULL || strcmp(wanted, text) == 0;
}

bool spot_holds(const struct spot *spot, const struct row *row)
{
    return same(spot->experiment, row->experiment) &&
           same(spot->model, row->model) &&
           same(spot->variant, row->variant) &&
           same(spot->placement, row->placement) &&
           (isnan(spot->x) || spot->x == row->value[ROW_X]);
}

static bool counts(const struct row *row)
{
    return strcmp(row->outcome, ROW_OK) == 0;
}

struct summary reading_figure(const struct rows *rows,
                              const struct spot *spot, enum metric metric)
{
    double *values = calloc(rows->n + 1, sizeof(*values));
    size_t n = 0;

    for (size_t i = 0; values != NULL && i < rows->n; i++) {
        const struct row *row = &rows->all[i];
        double value = metric_of(metric, row);
        if (counts(row) && spot_holds(spot, row) && !isnan(value))
            values[n++] = value;
    }
    struct summary summary = stats_summary(values, n);
    free(values);
    return summary;
}

struct health reading_health(const struct rows *rows,
                             const struct spot *spot)
{
    struct health health = {0};

    for (size_t i = 0; i < rows->n; i++) {
        const struct row *row = &rows->all[i];
        if (!spot_holds(spot, row))
            continue;
        if (row->note[0] != '\0')
            memcpy(health.note, row->note, sizeof(health.note));
        health.failed += strcmp(row->outcome, ROW_FAILED) == 0;
        if (!counts(row))
            continue;
        health.turns++;
        health.errors += metric_errors(row);
        if (row->value[ROW_IDLE_LOST] > 0)
            health.errors += row->value[ROW_IDLE_LOST];
        health.clients = fmax(health.clients, row->value[ROW_CLIENTS]);
        health.unserved = fmax(health.unserved, metric_unserved(row));
        health.stopped |= row->value[ROW_STOPPED] > 0;
    }
    return health;
}

double reading_median(const struct rows *rows, const struct spot *spot,
                      enum row_value column)
{
    double *values = calloc(rows->n + 1, sizeof(*values));
    size_t n = 0;

    for (size_t i = 0; values != NULL && i < rows->n; i++) {
        const struct row *row = &rows->all[i];
        if (counts(row) && spot_holds(spot, row) &&
            !isnan(row->value[column]))
            values[n++] = row->value[column];
    }
    double median = stats_summary(values, n).median;
    free(values);
    return median;
}

/* Above these a server, or the generator, has no time left. */
static const double server_full = 0.95;
static const double generator_full = 0.9;
/* Below this the generator waits, whatever the server does. */
static const double generator_idle = 0.5;

static enum limit_by limited_by(const struct limit *limit, double clients)
{
    if (limit->generator_busy >= generator_full)
        return LIMIT_GENERATOR;
    if (limit->server_busy >= server_full ||
        (clients > 1 && limit->generator_busy < generator_idle))
        return LIMIT_SERVER;
    return LIMIT_NEITHER;
}

struct limit reading_limit(const struct rows *rows, const struct spot *spot)
{
    struct limit limit = {.reason = ""};
    size_t turns = 0, gated = 0;

    for (size_t i = 0; i < rows->n; i++) {
        const struct row *row = &rows->all[i];
        if (!counts(row) || !spot_holds(spot, row))
            continue;
        turns++;
        gated += metric_fault(row, limit.reason, sizeof(limit.reason));
    }
    if (gated * 2 <= turns)
        limit.reason[0] = '\0';
    double achieved = reading_figure(rows, spot, METRIC_ACHIEVED).median;
    if (limit.reason[0] == '\0' && achieved < READING_ACHIEVED)
        snprintf(limit.reason, sizeof(limit.reason),
                 "overloaded: %.0f %% of the offered rate", achieved * 100);
    limit.server_busy =
        reading_figure(rows, spot, METRIC_SERVER_BUSY).median;
    limit.generator_busy =
        reading_figure(rows, spot, METRIC_GENERATOR_BUSY).median;
    limit.by = limited_by(&limit, reading_median(rows, spot, ROW_CLIENTS));
    return limit;
}

size_t reading_xs(const struct rows *rows, const struct spot *spot,
                  double *xs, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < rows->n; i++)
        if (spot_holds(spot, &rows->all[i]))
            n = stats_insert(xs, n, max, rows->all[i].value[ROW_X]);
    return n;
}

struct slope reading_slope(const struct rows *rows, const struct spot *spot,
                           enum metric metric)
{
    struct slope slope = {NAN, NAN, NAN};
    struct spot at = *spot;
    double xs[64], least = NAN, most = NAN;
    size_t n = reading_xs(rows, spot, xs, 64);

    for (size_t i = 0; i < n; i++) {
        at.x = xs[i];
        double median = reading_figure(rows, &at, metric).median;
        if (isnan(median))
            continue;
        if (isnan(least)) {
            slope.least = xs[i];
            least = median;
        }
        slope.most = xs[i];
        most = median;
    }
    if (slope.most > slope.least)
        slope.per_client = (most - least) / (slope.most - slope.least);
    return slope;
}
