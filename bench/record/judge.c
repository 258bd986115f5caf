#include "bench/record/judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a block holds of one server: its two turns. */
struct turns {
    double sum; /* of the logarithms */
    int n;
};

struct block {
    double group, block;
    bool disturbed;
    struct turns of[JUDGE_SERVERS];
};

struct judging {
    const struct rows *rows;
    struct table *table;
    struct block *blocks;
    size_t n;
    struct family family;
    struct limit limits[JUDGE_SERVERS];
    double delay_us[JUDGE_SERVERS]; /* the median of each server's turns */
};

static bool takes_part(const struct judging *judging, const struct row *row)
{
    return row->value[ROW_BLOCK] > 0 && strcmp(row->outcome, ROW_OK) == 0 &&
           spot_holds(&judging->table->spot, row);
}

static size_t find_model(struct table *table, const char *name)
{
    size_t i = judge_find(table, name);

    if (i == table->nmodels && i < JUDGE_SERVERS)
        table->models[table->nmodels++] = name;
    return i;
}

/* The block that a row belongs to, most often the last one; a new one is
 * made. NULL: no memory. */
static struct block *find_block(struct judging *judging,
                                const struct row *row)
{
    const double *v = row->value;
    size_t n = judging->n;

    for (size_t i = n; i-- > 0;)
        if (judging->blocks[i].block == v[ROW_BLOCK] &&
            judging->blocks[i].group == v[ROW_GROUP])
            return &judging->blocks[i];
    if ((n & (n - 1)) == 0) { /* full at each power of two */
        struct block *more = realloc(judging->blocks,
                                     (n == 0 ? 1 : n * 2) * sizeof(*more));
        if (more == NULL)
            return NULL;
        judging->blocks = more;
    }
    judging->blocks[n] = (struct block){.group = v[ROW_GROUP],
                                        .block = v[ROW_BLOCK]};
    judging->n++;
    return &judging->blocks[n];
}

/* A turn is disturbed when its tasks waited to run a tenth of its window
 * more than twice as long as in the same server's median turn: tasks of a
 * server wait for each other, too. */
static bool is_disturbed(const struct judging *judging, size_t model,
                         const struct row *row)
{
    return row->value[ROW_RUN_DELAY_US] - 2 * judging->delay_us[model] >
           1e5 * row->value[ROW_WINDOW_S];
}

static int collect(struct judging *judging)
{
    struct table *table = judging->table;

    for (size_t i = 0; i < judging->rows->n; i++) {
        const struct row *row = &judging->rows->all[i];
        if (!takes_part(judging, row))
            continue;
        size_t model = find_model(table, row->model);
        struct block *block = find_block(judging, row);
        if (block == NULL)
            return -1;
        if (model == JUDGE_SERVERS)
            continue;
        block->of[model].sum += log(metric_of(table->metric, row));
        block->of[model].n++;
        block->disturbed |= is_disturbed(judging, model, row);
    }
    for (size_t i = 0; i < judging->n; i++)
        table->disturbed += judging->blocks[i].disturbed;
    table->blocks = judging->n;
    return 0;
}

/* How many servers each group has, for the intervals' common width. */
static void count_groups(struct judging *judging)
{
    double groups[8] = {0};
    bool seen[8][JUDGE_SERVERS] = {{false}};

    judging->family.all = true;
    for (size_t i = 0; i < judging->n; i++) {
        const struct block *block = &judging->blocks[i];
        size_t g = 0;
        while (g < 7 && groups[g] != 0 && groups[g] != block->group)
            g++;
        groups[g] = block->group;
        for (size_t m = 0; m < judging->table->nmodels; m++)
            if (block->of[m].n > 0 && !seen[g][m]) {
                seen[g][m] = true;
                judging->family.groups[g]++;
            }
    }
}

/* What a model's two turns in a block say; NAN when one is missing, or
 * was no figure. */
static double level(const struct block *block, size_t model)
{
    const struct turns *turns = &block->of[model];

    return turns->n == 2 && isfinite(turns->sum) ? turns->sum / 2 : NAN;
}

/* The blocks that two servers share. Returns false: no memory, or too
 * few. *blocks receives how many there are. */
static bool compare(const struct judging *judging, size_t a, size_t b,
                    bool quiet, struct trimmed *trimmed,
                    struct estimate *estimate)
{
    double *away = calloc(judging->n + 1, sizeof(*away));
    size_t n = 0;

    for (size_t i = 0; away != NULL && i < judging->n; i++) {
        const struct block *block = &judging->blocks[i];
        double value = level(block, a) - level(block, b);
        if (!isnan(value) && !(quiet && block->disturbed))
            away[n++] = value;
    }
    estimate->blocks = n;
    if (n >= 2 * STATS_BATCHES && stats_depends(away, n)) {
        stats_batch(away, n);
        n = STATS_BATCHES;
        estimate->batched = true;
    }
    if (n >= JUDGE_BLOCKS)
        *trimmed = stats_trimmed(away, n);
    free(away);
    return n >= JUDGE_BLOCKS;
}

/* Through the reference, which every group has: the errors of the two
 * differences are independent, their squares add up. */
static bool chain(const struct judging *judging, size_t a, size_t b,
                  bool quiet, struct trimmed *trimmed,
                  struct estimate *estimate)
{
    struct trimmed to[2];
    struct estimate of[2] = {{0}};

    if (a == 0 || b == 0 || judging->family.groups[1] == 0 ||
        !compare(judging, a, 0, quiet, &to[0], &of[0]) ||
        !compare(judging, b, 0, quiet, &to[1], &of[1]))
        return false;
    trimmed->n = to[0].n < to[1].n ? to[0].n : to[1].n;
    trimmed->mean = to[0].mean - to[1].mean;
    trimmed->error = hypot(to[0].error, to[1].error);
    estimate->blocks = of[0].blocks < of[1].blocks ? of[0].blocks
                                                   : of[1].blocks;
    estimate->batched = of[0].batched || of[1].batched;
    return true;
}

int judge_percent(const struct table *table)
{
    return table->nmodels > 2 ? 99 : 95;
}

static struct estimate estimate_of(const struct judging *judging, size_t a,
                                   size_t b, bool quiet)
{
    struct estimate estimate = {NAN, NAN, NAN, 0, false};
    struct trimmed trimmed = {0};

    if (!compare(judging, a, b, quiet, &trimmed, &estimate) &&
        (estimate.blocks > 0 ||
         !chain(judging, a, b, quiet, &trimmed, &estimate)))
        return estimate;
    double reach = JUDGE_LOOKS * trimmed.error *
                   stats_max_t(&judging->family, trimmed.n,
                               judge_percent(judging->table));
    estimate.ratio = exp(trimmed.mean);
    estimate.low = exp(trimmed.mean - reach);
    estimate.high = exp(trimmed.mean + reach);
    return estimate;
}

/* May the pair be ranked, whatever the interval is? */
static bool may_rank(const struct judging *judging, struct pair *pair)
{
    const struct limit *model = &judging->limits[pair->model];
    const struct limit *against = &judging->limits[pair->against];
    const struct metric_about *about = metric_about(judging->table->metric);
    const struct limit *closed = model->reason[0] != '\0' ? model : against;
    bool loses = (pair->all.ratio > 1) == (about->better < 0);
    const struct limit *slower = loses ? model : against;
    const struct limit *faster = loses ? against : model;

    if (closed->reason[0] != '\0') {
        snprintf(pair->reason, sizeof(pair->reason), "%s", closed->reason);
    } else if (pair->all.blocks < JUDGE_BLOCKS || isnan(pair->all.ratio)) {
        snprintf(pair->reason, sizeof(pair->reason), "only %zu blocks",
                 pair->all.blocks);
    } else if (about->by_generator && slower->by != LIMIT_SERVER) {
        snprintf(pair->reason, sizeof(pair->reason), "%s",
                 slower->by == LIMIT_GENERATOR
                     ? "the generator is the limit"
                     : "neither side is the limit");
    } else {
        pair->at_least = about->by_generator && faster->by != LIMIT_SERVER;
        return true;
    }
    return false;
}

enum word judge_interval(const struct estimate *estimate, int better)
{
    if (estimate->low >= 1 - JUDGE_EQUAL &&
        estimate->high <= 1 + JUDGE_EQUAL)
        return WORD_EQUAL;
    if (estimate->low > 1)
        return better > 0 ? WORD_BETTER : WORD_WORSE;
    if (estimate->high < 1)
        return better > 0 ? WORD_WORSE : WORD_BETTER;
    return estimate->high / estimate->low >
                   (1 + JUDGE_WIDE) / (1 - JUDGE_WIDE)
               ? WORD_IMPRECISE
               : WORD_OPEN;
}

static enum word rank(const struct judging *judging, struct pair *pair)
{
    int better = metric_about(judging->table->metric)->better;

    if (!may_rank(judging, pair))
        return WORD_UNRANKED;
    enum word word = judge_interval(&pair->all, better);
    if (!pair->at_least || word == WORD_BETTER || word == WORD_WORSE)
        return word;
    /* They seem equal, and one of them can do more. */
    pair->at_least = false;
    snprintf(pair->reason, sizeof(pair->reason),
             "the generator is the limit");
    return WORD_UNRANKED;
}

static int judge_pairs(struct judging *judging)
{
    struct table *table = judging->table;
    size_t most = table->nmodels * table->nmodels;

    table->pairs = calloc(most + 1, sizeof(*table->pairs));
    if (table->pairs == NULL)
        return -1;
    for (size_t b = 0; b < table->nmodels; b++)
        for (size_t a = b + 1; a < table->nmodels; a++) {
            struct pair *pair = &table->pairs[table->n++];
            pair->model = a;
            pair->against = b;
            pair->all = pair->quiet = estimate_of(judging, a, b, false);
            if (table->disturbed > 0)
                pair->quiet = estimate_of(judging, a, b, true);
            pair->word = rank(judging, pair);
        }
    return 0;
}

/* The models in their order, and what holds each of them back. */
static void find_models(struct judging *judging, const char *reference)
{
    struct table *table = judging->table;
    struct spot spot = table->spot;

    for (size_t i = 0; i < judging->rows->n && reference != NULL; i++)
        if (takes_part(judging, &judging->rows->all[i]) &&
            strcmp(judging->rows->all[i].model, reference) == 0) {
            find_model(table, judging->rows->all[i].model);
            break;
        }
    for (size_t i = 0; i < judging->rows->n; i++)
        if (takes_part(judging, &judging->rows->all[i]))
            find_model(table, judging->rows->all[i].model);
    for (size_t m = 0; m < table->nmodels; m++) {
        spot.model = table->models[m];
        judging->limits[m] = reading_limit(judging->rows, &spot);
        judging->delay_us[m] = reading_median(judging->rows, &spot,
                                              ROW_RUN_DELAY_US);
    }
}

int judge(const struct rows *rows, const struct spot *spot,
          const char *reference, enum metric metric, struct table *table)
{
    struct judging *judging = calloc(1, sizeof(*judging));
    int result = -1;

    *table = (struct table){.metric = metric, .spot = *spot};
    table->spot.model = NULL;
    if (judging == NULL)
        return -1;
    judging->rows = rows;
    judging->table = table;
    find_models(judging, reference);
    if (collect(judging) == 0) {
        count_groups(judging);
        result = judge_pairs(judging);
    }
    free(judging->blocks);
    free(judging);
    return result;
}

void judge_free(struct table *table)
{
    free(table->pairs);
    *table = (struct table){0};
}

double judge_width(const struct rows *rows,
                   const struct experiment *experiment,
                   const struct point *point)
{
    struct spot spot = {
        .experiment = experiment->name,
        .variant = point->variant != NULL ? point->variant : "",
        .placement = point->free ? "free" : "pinned",
        .x = point->x,
    };
    double widest = 0;

    for (const enum metric *metric = experiment->compared;
         metric != NULL && *metric != METRICS; metric++) {
        struct table table;
        if (*metric == METRIC_P99_US)
            continue; /* its blocks are drawn: see tail.h */
        if (judge(rows, &spot, NULL, *metric, &table) == -1 ||
            table.blocks < JUDGE_BLOCKS)
            widest = INFINITY;
        for (size_t i = 0; i < table.n; i++) {
            const struct pair *pair = &table.pairs[i];
            if (pair->word != WORD_UNRANKED)
                widest = fmax(widest,
                              log(pair->all.high / pair->all.low) / 2);
        }
        judge_free(&table);
    }
    return widest;
}

const char *judge_word(const struct table *table, const struct pair *pair)
{
    const struct metric_about *about = metric_about(table->metric);

    switch (pair->word) {
    case WORD_BETTER:
        return about->win;
    case WORD_WORSE:
        return about->lose;
    case WORD_EQUAL:
        return "equivalent";
    case WORD_OPEN:
        return "not distinguished";
    case WORD_IMPRECISE:
        return "imprecise";
    case WORD_UNRANKED:
        break;
    }
    return "not ranked";
}

static struct estimate invert(const struct estimate *estimate)
{
    struct estimate inverse = *estimate;

    inverse.ratio = 1 / estimate->ratio;
    inverse.low = 1 / estimate->high;
    inverse.high = 1 / estimate->low;
    return inverse;
}

bool judge_between(const struct table *table, size_t a, size_t b,
                   struct pair *pair)
{
    for (size_t i = 0; i < table->n; i++) {
        *pair = table->pairs[i];
        if (pair->model == a && pair->against == b)
            return true;
        if (pair->model != b || pair->against != a)
            continue;
        pair->model = a;
        pair->against = b;
        pair->all = invert(&pair->all);
        pair->quiet = invert(&pair->quiet);
        if (pair->word == WORD_BETTER || pair->word == WORD_WORSE)
            pair->word = pair->word == WORD_BETTER ? WORD_WORSE
                                                   : WORD_BETTER;
        return true;
    }
    return false;
}

size_t judge_find(const struct table *table, const char *model)
{
    size_t i = 0;

    while (i < table->nmodels && strcmp(table->models[i], model) != 0)
        i++;
    return i;
}
