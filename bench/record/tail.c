#include "bench/record/tail.h"

#include "bench/record/csv.h"
#include "bench/record/rng.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWS = 1000, FIELDS = 8 };

static const uint64_t seed = 20;

/* --- the file ------------------------------------------------------ */

static const char *const columns[] = {"block", "x", "upper_ns", "count"};

static int read_bucket(char *const *header, int n, char *line,
                       struct bucket *bucket)
{
    char *fields[FIELDS];
    double *const numbers[] = {&bucket->block, &bucket->x,
                               &bucket->upper_ns, &bucket->count};

    *bucket = (struct bucket){.model = ""};
    if (csv_split(line, fields, FIELDS) != n)
        return -1;
    for (int i = 0; i < n; i++) {
        char *end = fields[i];
        if (strcmp(header[i], "model") == 0)
            snprintf(bucket->model, ROW_NAME, "%s", fields[i]);
        for (size_t k = 0; k < 4; k++)
            if (strcmp(header[i], columns[k]) == 0) {
                *numbers[k] = strtod(fields[i], &end);
                if (end == fields[i] || *end != '\0' ||
                    !isfinite(*numbers[k]))
                    return -1;
            }
    }
    return 0;
}

static int add(struct tails *tails, const struct bucket *bucket)
{
    if ((tails->n & (tails->n - 1)) == 0) { /* full at each power of two */
        struct bucket *more = realloc(
            tails->all, (tails->n == 0 ? 1 : tails->n * 2) * sizeof(*more));
        if (more == NULL)
            return -1;
        tails->all = more;
    }
    tails->all[tails->n++] = *bucket;
    return 0;
}

/* Returns 0, or the number of the line that is none. */
static long read_lines(struct tails *tails, FILE *file)
{
    char *first = NULL, *line = NULL, *header[FIELDS];
    size_t first_room = 0, room = 0;
    struct bucket bucket;
    long wrong = 0, number = 1;
    ssize_t length;
    int n = -1;

    if (getline(&first, &first_room, file) > 0) {
        first[strcspn(first, "\n")] = '\0';
        n = csv_split(first, header, FIELDS);
    }
    if (n < 1)
        wrong = 1;
    while (wrong == 0 && (length = getline(&line, &room, file)) > 0) {
        number++;
        if (line[length - 1] != '\n')
            break; /* a killed run's last line */
        line[length - 1] = '\0';
        if (read_bucket(header, n, line, &bucket) == -1 ||
            add(tails, &bucket) == -1)
            wrong = number;
    }
    free(first);
    free(line);
    return wrong;
}

int tails_read(struct tails *tails, const char *path, char *error,
               size_t size)
{
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        return -1;
    }
    long wrong = read_lines(tails, file);
    fclose(file);
    if (wrong != 0)
        snprintf(error, size, "%s, line %ld: no line of a histogram", path,
                 wrong);
    return wrong == 0 ? 0 : -1;
}

/* --- the percentiles ----------------------------------------------- */

/* The histograms of a spot: counts[(block * models + model) * edges + e].
 */
struct pool {
    double *edges;           /* ascending, in ns */
    double *counts, *blocks; /* numbers of the blocks */
    size_t nedges, nblocks, nmodels;
};

static bool belongs(const struct bucket *bucket, const struct table *table)
{
    return bucket->x == table->spot.x &&
           judge_find(table, bucket->model) < table->nmodels;
}

static size_t index_of(const double *sorted, size_t n, double value)
{
    size_t low = 0;

    while (n > 1) {
        size_t half = n / 2;
        low += sorted[low + half] <= value ? half : 0;
        n -= half;
    }
    return low;
}

/* Adds a value, unless it is there. */
static size_t insert(double *sorted, size_t n, size_t max, double value)
{
    return n > 0 && sorted[index_of(sorted, n, value)] == value
               ? n
               : stats_insert(sorted, n, max, value);
}

static int make_pool(const struct tails *tails, const struct table *table,
                     struct pool *pool)
{
    *pool = (struct pool){
        .edges = calloc(tails->n + 1, sizeof(double)),
        .blocks = calloc(tails->n + 1, sizeof(double)),
        .nmodels = table->nmodels,
    };
    if (pool->edges == NULL || pool->blocks == NULL)
        return -1;
    for (size_t i = 0; i < tails->n; i++)
        if (belongs(&tails->all[i], table)) {
            pool->nedges = insert(pool->edges, pool->nedges, tails->n,
                                  tails->all[i].upper_ns);
            pool->nblocks = insert(pool->blocks, pool->nblocks, tails->n,
                                   tails->all[i].block);
        }
    pool->counts = calloc(pool->nblocks * pool->nmodels * pool->nedges + 1,
                          sizeof(double));
    if (pool->counts == NULL)
        return -1;
    for (size_t i = 0; i < tails->n; i++) {
        const struct bucket *bucket = &tails->all[i];
        if (!belongs(bucket, table))
            continue;
        size_t block = index_of(pool->blocks, pool->nblocks, bucket->block);
        size_t edge = index_of(pool->edges, pool->nedges, bucket->upper_ns);
        size_t model = judge_find(table, bucket->model);
        pool->counts[(block * pool->nmodels + model) * pool->nedges +
                     edge] += bucket->count;
    }
    return 0;
}

static void free_pool(struct pool *pool)
{
    free(pool->edges);
    free(pool->blocks);
    free(pool->counts);
}

/* The percentile of a model where a block counts weights[block] times. */
static double percentile(const struct pool *pool, size_t model,
                         const double *weights, double percent, double *sum)
{
    double total = 0, seen = 0, before = 0;

    memset(sum, 0, pool->nedges * sizeof(*sum));
    for (size_t b = 0; b < pool->nblocks; b++) {
        const double *counts =
            &pool->counts[(b * pool->nmodels + model) * pool->nedges];
        for (size_t e = 0; weights[b] > 0 && e < pool->nedges; e++) {
            sum[e] += weights[b] * counts[e];
            total += weights[b] * counts[e];
        }
    }
    for (size_t e = 0; e < pool->nedges; e++) {
        double wanted = total * percent / 100 - seen;
        if (sum[e] > 0 && sum[e] >= wanted)
            return before + (pool->edges[e] - before) * wanted / sum[e];
        seen += sum[e];
        before = pool->edges[e];
    }
    return NAN;
}

/* Are there messages and blocks enough beyond a model's percentile? */
static bool has_enough(const struct pool *pool, size_t model,
                       double percent, const double *weights, double *sum)
{
    double limit = percentile(pool, model, weights, percent, sum);
    double messages = 0;
    size_t blocks = 0;

    for (size_t b = 0; b < pool->nblocks; b++) {
        double beyond = 0;
        for (size_t e = 0; e < pool->nedges; e++)
            if (pool->edges[e] > limit)
                beyond += pool->counts[(b * pool->nmodels + model) *
                                           pool->nedges +
                                       e];
        messages += beyond;
        blocks += beyond > 0;
    }
    return messages >= TAIL_MESSAGES && blocks >= TAIL_BLOCKS;
}

/* 99 or 90; 0: for neither there is enough. */
static double choose(const struct pool *pool, const double *weights,
                     double *sum)
{
    static const double percents[] = {99, 90};

    for (size_t i = 0; i < 2; i++) {
        size_t enough = 0;
        for (size_t m = 0; m < pool->nmodels; m++)
            enough += has_enough(pool, m, percents[i], weights, sum);
        if (enough == pool->nmodels)
            return percents[i];
    }
    return 0;
}

/* --- the bootstrap ------------------------------------------------- */

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

/* The logarithm of each model's percentile, for each draw; draw 0 is all
 * blocks as they are. */
static void draw(const struct pool *pool, double percent, double *logs,
                 double *weights, double *sum)
{
    struct rng rng = {seed};

    for (size_t d = 0; d <= DRAWS; d++) {
        for (size_t b = 0; b < pool->nblocks; b++)
            weights[b] = d == 0;
        for (size_t b = 0; d > 0 && b < pool->nblocks; b++)
            weights[rng_below(&rng, pool->nblocks)]++;
        for (size_t m = 0; m < pool->nmodels; m++)
            logs[d * pool->nmodels + m] = log(
                percentile(pool, m, weights, percent, sum));
    }
}

static double away(const double *logs, size_t models, size_t draw,
                   const struct pair *pair)
{
    const double *at = &logs[draw * models];

    return (at[pair->model] - at[pair->against]) -
           (logs[pair->model] - logs[pair->against]);
}

/* The intervals of all pairs hold together: each is as many of its own
 * standard errors wide as the furthest of a draw is. */
static void set_intervals(struct table *table, const double *logs)
{
    static double most[DRAWS];

    memset(most, 0, sizeof(most));
    for (size_t i = 0; i < table->n; i++) {
        struct pair *pair = &table->pairs[i];
        double squares = 0;
        for (size_t d = 1; d <= DRAWS; d++)
            squares += pow(away(logs, table->nmodels, d, pair), 2);
        pair->all.low = sqrt(squares / DRAWS); /* for now: its error */
        for (size_t d = 1; d <= DRAWS; d++)
            most[d - 1] = fmax(most[d - 1],
                               fabs(away(logs, table->nmodels, d, pair)) /
                                   pair->all.low);
    }
    qsort(most, DRAWS, sizeof(*most), ascending);
    double reach = JUDGE_LOOKS *
                   most[stats_rank(DRAWS, judge_percent(table)) - 1];
    for (size_t i = 0; i < table->n; i++) {
        struct pair *pair = &table->pairs[i];
        double ratio = logs[pair->model] - logs[pair->against];
        double error = pair->all.low;
        pair->all.ratio = exp(ratio);
        pair->all.low = exp(ratio - reach * error);
        pair->all.high = exp(ratio + reach * error);
        pair->all.blocks = table->blocks;
        pair->quiet = pair->all;
    }
}

static void judge_pool(const struct pool *pool, struct table *table,
                       double *sum, double *weights, double *logs)
{
    for (size_t b = 0; b < pool->nblocks; b++)
        weights[b] = 1;
    double percent = choose(pool, weights, sum);
    if (percent > 0) {
        draw(pool, percent, logs, weights, sum);
        table->metric = percent == 99 ? METRIC_P99_US : METRIC_P90_US;
        table->blocks = pool->nblocks;
        set_intervals(table, logs);
    } else {
        table->n = 0;
    }
}

static int judge_all(const struct pool *pool, struct table *table)
{
    double *sum = calloc(pool->nedges + 1, sizeof(*sum));
    double *weights = calloc(pool->nblocks + 1, sizeof(*weights));
    double *logs = calloc((DRAWS + 1) * (pool->nmodels + 1), sizeof(*logs));
    int result = -1;

    if (sum != NULL && weights != NULL && logs != NULL) {
        judge_pool(pool, table, sum, weights, logs);
        result = 0;
    }
    free(sum);
    free(weights);
    free(logs);
    return result;
}

int tails_judge(const struct tails *tails, const struct rows *rows,
                const struct spot *spot, const char *reference,
                struct table *table)
{
    struct pool pool = {0};

    /* Who takes part, and may be ranked at all, is as for CPU time. */
    if (judge(rows, spot, reference, METRIC_CPU_PER_ECHO_US, table) == -1)
        return -1;
    int result = make_pool(tails, table, &pool);
    if (result == 0)
        result = judge_all(&pool, table);
    free_pool(&pool);
    for (size_t i = 0; i < table->n; i++) {
        struct pair *pair = &table->pairs[i];
        if (pair->word != WORD_UNRANKED)
            pair->word = judge_interval(&pair->all, -1);
    }
    return result;
}
