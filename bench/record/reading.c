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
                             const struct spot *spot, enum metric metric)
{
    struct health health = {0};

    for (size_t i = 0; i < rows->n; i++) {
        const struct row *row = &rows->all[i];
        if (!spot_holds(spot, row))
            continue;
        if (strcmp(row->outcome, ROW_REPEATED) == 0) {
            health.repeated++;
            continue;
        }
        if (row->note[0] != '\0')
            memcpy(health.note, row->note, sizeof(health.note));
        if (!counts(row)) {
            health.failed++;
            continue;
        }
        health.slices++;
        health.errors += metric_errors(row);
        if (row->value[ROW_IDLE_LOST] > 0)
            health.errors += row->value[ROW_IDLE_LOST];
        health.unserved = fmax(health.unserved, metric_unserved(row));
        health.gated += metric_gate(metric, row, health.gate,
                                    sizeof(health.gate)) != GATE_OPEN;
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
        gated += metric_gate(METRIC_CPU_PER_ECHO_US, row, limit.reason,
                             sizeof(limit.reason)) != GATE_OPEN;
    }
    if (gated * 2 <= turns)
        limit.reason[0] = '\0';
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

/* A block in the making. */
struct gathering {
    struct quad quad;
    unsigned have; /* bits 1 to 4: the places that are there */
    bool gated;
    bool limited[2]; /* the generator was the limit of A, of B */
};

/* Puts a row of the block into its place. */
static void gather(struct gathering *block, const struct row *row,
                   enum metric metric, char *reason, size_t size)
{
    int place = (int)row->value[ROW_PLACE];
    double value = metric_of(metric, row);
    char why[96];

    if (place < 1 || place > 4)
        return;
    bool outer = place == 1 || place == 4;
    enum gate gate = metric_gate(metric, row, why, sizeof(why));
    /* The model's own is the better reason, and one closed for good. */
    if ((gate == GATE_CLOSED && !outer) ||
        (gate != GATE_OPEN && reason[0] == '\0'))
        snprintf(reason, size, "%s", why);
    if (gate == GATE_GENERATOR)
        block->limited[!outer] = true;
    else if (gate != GATE_OPEN)
        block->gated = true;
    block->have |= 1u << place;
    if (outer)
        block->quad.reference[place == 4] = value;
    else
        block->quad.model[place == 3] = value;
}

/* The rows of one block stand together, in the order of the run. */
static bool is_block(const struct rows *rows, size_t first,
                     const struct spot *spot, const char *reference)
{
    double pair = rows->all[first].value[ROW_PAIR];
    struct spot a = *spot;

    a.model = reference;
    if (!(pair > 0) || rows->all[first].value[ROW_PLACE] != 1 ||
        !spot_holds(&a, &rows->all[first]))
        return false;
    for (size_t i = first; i < rows->n; i++) {
        const struct row *row = &rows->all[i];
        if (row->value[ROW_PAIR] == pair && row->value[ROW_PLACE] == 2)
            return spot_holds(spot, row);
    }
    return false;
}

/*
 * Is the ratio what it seems, or further from 1 the same way? A server
 * against itself tells how well figures repeat, whatever limits them.
 */
static bool stands(const struct gathering *block, int better, bool itself)
{
    double ratio = verdict_ratio(&block->quad);
    bool model_wins = (ratio > 1) == (better > 0);

    if (itself)
        return true;
    return model_wins ? !block->limited[0] : !block->limited[1];
}

void reading_blocks(const struct rows *rows, const struct spot *spot,
                    const char *reference, enum metric metric,
                    struct blocks *blocks)
{
    double last = -1;

    blocks->n = blocks->gated = blocks->at_least = 0;
    blocks->reason[0] = '\0';
    for (size_t i = 0; i < rows->n; i++) {
        double pair = rows->all[i].value[ROW_PAIR];
        struct gathering block = {.have = 0};
        if (pair == last || !is_block(rows, i, spot, reference))
            continue;
        last = pair;
        for (size_t k = i; k < rows->n; k++)
            if (rows->all[k].value[ROW_PAIR] == pair &&
                counts(&rows->all[k]))
                gather(&block, &rows->all[k], metric, blocks->reason,
                       sizeof(blocks->reason));
        if (block.have != 0x1e)
            continue;
        if (block.gated || !stands(&block, metric_about(metric)->better,
                                   strcmp(spot->model, reference) == 0)) {
            blocks->gated++;
            continue;
        }
        blocks->at_least += block.limited[0] || block.limited[1];
        blocks->quads[blocks->n++] = block.quad;
    }
}
