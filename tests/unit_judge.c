/*
 * bench/record/judge: verdicts from blocks, how often they are wrong, and
 * how wide they are.
 */
#include "bench/record/judge.h"
#include "bench/record/rng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An invented recording: servers in blocks, with noise. */
struct recording {
    struct rows rows;
    struct rng rng;
    double noise; /* standard deviation of a block's log-ratio */
};

static const struct spot spot = {
    .experiment = "clients", .variant = "", .placement = "pinned", .x = 50};

static double uniform(struct rng *rng)
{
    return ((double)(rng_next(rng) >> 11) + 0.5) / 9007199254740992.0;
}

/* Heavy tails, as on real machines: one in ten lies four times as far off.
 */
static double draw(struct recording *recording)
{
    double u = uniform(&recording->rng);
    double v = uniform(&recording->rng);
    double far = uniform(&recording->rng) < 0.1 ? 4 : 1;

    return far * recording->noise * sqrt(-2 * log(u)) * cos(6.2831853 * v);
}

static struct row *add(struct recording *recording, const char *model,
                       size_t block, int place, double cost)
{
    struct rows *rows = &recording->rows;
    struct row *row = &rows->all[rows->n++];
    double *v = row->value;

    row_clear(row);
    snprintf(row->experiment, sizeof(row->experiment), "clients");
    snprintf(row->model, sizeof(row->model), "%s", model);
    snprintf(row->placement, sizeof(row->placement), "pinned");
    snprintf(row->outcome, sizeof(row->outcome), ROW_OK);
    v[ROW_X] = v[ROW_CLIENTS] = v[ROW_SERVED] = 50;
    v[ROW_BLOCK] = (double)block;
    v[ROW_GROUP] = 1;
    v[ROW_PLACE] = place;
    v[ROW_WINDOW_S] = 0.05;
    v[ROW_BYTES] = 64;
    v[ROW_ECHOES] = 10000 / cost;
    v[ROW_ALL_ECHOES] = 12000 / cost;
    v[ROW_SERVER_CPU_US] = 12000 * 5.0;
    v[ROW_GENERATOR_CPU_US] = 12000 * 4.0;
    v[ROW_RUN_DELAY_US] = 100;
    return row;
}

/* A block of all: costs[i] is what an echo takes, of 5 us of CPU. */
static void add_block(struct recording *recording, const char *const *names,
                      const double *costs, size_t n, size_t block)
{
    for (size_t i = 0; i < 2 * n; i++) {
        size_t m = i < n ? i : 2 * n - 1 - i;
        add(recording, names[m], block, (int)i + 1,
            costs[m] * exp(draw(recording)));
    }
}

enum { ROWS = 4096 };

static struct recording begin(uint64_t seed, double noise)
{
    struct recording recording = {
        .rows = {.all = calloc(ROWS, sizeof(struct row))},
        .rng = {seed},
        .noise = noise,
    };

    cr_assert(recording.rows.all != NULL);
    return recording;
}

static const char *const names[] = {
    "epoll", "select", "forking", "threading", "edge", "uring", "poll"};
static const double equal[] = {1, 1, 1, 1, 1, 1, 1};

static struct pair between(const struct table *table, size_t a, size_t b)
{
    struct pair pair;

    cr_assert(judge_between(table, a, b, &pair));
    return pair;
}

static struct table judged(const struct recording *recording)
{
    struct table table;

    cr_assert(judge(&recording->rows, &spot, "epoll",
                    METRIC_CPU_PER_ECHO_US, &table) == 0);
    return table;
}

/* The figures of shared recordings, computed elsewhere: all pairs. */
Test(judge, critical_values_are_those_of_the_table)
{
    static const struct {
        size_t servers, blocks;
        double value;
    } known[] = {{4, 20, 3.25}, {7, 20, 4.08},  {9, 20, 4.47},
                 {4, 30, 2.97}, {14, 20, 5.08}, {7, 30, 3.63},
                 {9, 30, 3.87}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct family family = {{known[i].servers}, true};
        double value = stats_max_t(&family, known[i].blocks, 95);
        cr_assert(fabs(value / known[i].value - 1) < 0.03,
                  "%zu servers, %zu blocks: %.3f, not %.2f",
                  known[i].servers, known[i].blocks, value, known[i].value);
    }
}

Test(judge, a_reference_alone_needs_less_and_a_chain_needs_more)
{
    struct family all = {{7}, true};
    struct family one = {{7}, false};
    struct family chain = {{7, 7}, true};

    cr_assert(stats_max_t(&one, 20, 95) < 0.9 * stats_max_t(&all, 20, 95));
    cr_assert(stats_max_t(&chain, 20, 95) > stats_max_t(&all, 20, 95));
    cr_assert(stats_max_t(&all, 60, 95) < stats_max_t(&all, 20, 95));
    cr_assert(stats_max_t(&all, 20, 95) == stats_max_t(&all, 20, 95));
}

Test(judge, finds_who_is_dearer_and_by_how_much)
{
    static const double costs[] = {1, 1, 1.4};
    struct recording recording = begin(1, 0.02);

    for (size_t block = 1; block <= 20; block++)
        add_block(&recording, names, costs, 3, block);
    struct table table = judged(&recording);
    struct pair pair = between(&table, 2, 0);
    cr_assert(table.nmodels == 3 && table.n == 3 && table.blocks == 20);
    cr_assert(pair.word == WORD_WORSE);
    cr_assert(pair.all.low < 1.4 && pair.all.high > 1.4);
    cr_assert(pair.all.high / pair.all.low < 1.15);
    cr_assert_str_eq(judge_word(&table, &pair), "dearer");
    struct pair other = between(&table, 0, 2);
    cr_assert(other.word == WORD_BETTER);
    cr_assert_float_eq(other.all.low, 1 / pair.all.high, 1e-12);
    judge_free(&table);
    free(recording.rows.all);
}

/* 240 tries of 20 blocks: a server against itself, and seven of them. */
Test(judge, is_seldom_wrong_about_equals, .timeout = 120)
{
    int held = 0, wrong = 0;

    for (uint64_t try = 1; try <= 240; try++) {
        struct recording recording = begin(try, 0.04);
        for (size_t block = 1; block <= 20; block++)
            add_block(&recording, names, equal, 2, block);
        struct table table = judged(&recording);
        held += table.pairs[0].all.low <= 1 && table.pairs[0].all.high >= 1;
        judge_free(&table);
        recording.rows.n = 0;
        for (size_t block = 1; block <= 20; block++)
            add_block(&recording, names, equal, 7, block);
        table = judged(&recording);
        bool false_one = false;
        for (size_t i = 0; i < table.n; i++)
            false_one |= table.pairs[i].all.low > 1 ||
                         table.pairs[i].all.high < 1;
        wrong += false_one;
        judge_free(&table);
        free(recording.rows.all);
    }
    cr_assert(held >= 224, "1 was in %d of 240 intervals", held);
    cr_assert(wrong <= 5, "%d of 240 tables were wrong", wrong);
}

Test(judge, chains_groups_through_the_reference)
{
    static const double costs[] = {1, 1.2, 1.5};
    struct recording recording = begin(3, 0.01);

    for (size_t block = 1; block <= 20; block++) {
        const char *const second[] = {"epoll", "forking"};
        const double theirs[] = {1, 1.5};
        add_block(&recording, names, costs, 2, block);
        size_t first = recording.rows.n;
        add_block(&recording, second, theirs, 2, block);
        for (size_t i = first; i < recording.rows.n; i++)
            recording.rows.all[i].value[ROW_GROUP] = 2;
    }
    struct table table = judged(&recording);
    struct pair pair = between(&table, 2, 1);
    struct pair direct = between(&table, 2, 0);
    cr_assert(fabs(pair.all.ratio - 1.25) < 0.03, "%g", pair.all.ratio);
    cr_assert(pair.all.blocks == 20 && direct.all.blocks == 20);
    cr_assert(log(pair.all.high / pair.all.low) >
              log(direct.all.high / direct.all.low));
    judge_free(&table);
    free(recording.rows.all);
}

Test(judge, a_server_that_dies_costs_its_own_pairs)
{
    struct recording recording = begin(4, 0.01);

    for (size_t block = 1; block <= 20; block++)
        add_block(&recording, names, equal, 3, block);
    for (size_t i = 0; i < recording.rows.n; i++)
        if (strcmp(recording.rows.all[i].model, "select") == 0 &&
            recording.rows.all[i].value[ROW_BLOCK] > 5)
            snprintf(recording.rows.all[i].outcome, ROW_NAME, ROW_FAILED);
    struct table table = judged(&recording);
    struct pair dead = between(&table, 1, 0);
    cr_assert(dead.word == WORD_UNRANKED && isnan(dead.all.low));
    cr_assert_str_eq(dead.reason, "only 5 blocks");
    cr_assert(between(&table, 2, 0).all.blocks == 20);
    judge_free(&table);
    free(recording.rows.all);
}

/* A rate tells servers apart only where the servers are the bottleneck. */
Test(judge, ranks_no_rate_that_the_generator_holds_back)
{
    static const double costs[] = {1, 1, 1.3};
    struct recording recording = begin(5, 0.01);
    struct table table;

    for (size_t block = 1; block <= 20; block++)
        add_block(&recording, names, costs, 3, block);
    for (size_t i = 0; i < recording.rows.n; i++) {
        struct row *row = &recording.rows.all[i];
        bool slow = strcmp(row->model, "forking") == 0;
        row->value[ROW_SERVER_CPU_US] = 60000 * 0.99;
        row->value[ROW_GENERATOR_CPU_US] = slow ? 45000 : 58000;
    }
    cr_assert(judge(&recording.rows, &spot, "epoll", METRIC_ECHOES_PER_S,
                    &table) == 0);
    cr_assert(between(&table, 1, 0).word == WORD_UNRANKED);
    cr_assert_str_eq(between(&table, 1, 0).reason,
                     "the generator is the limit");
    cr_assert(between(&table, 2, 0).word == WORD_WORSE);
    cr_assert(between(&table, 2, 0).at_least);
    judge_free(&table);
    free(recording.rows.all);
}

Test(judge, ranks_nobody_that_leaves_clients_unserved)
{
    struct recording recording = begin(6, 0.01);

    for (size_t block = 1; block <= 20; block++)
        add_block(&recording, names, equal, 2, block);
    for (size_t i = 0; i < recording.rows.n; i++)
        if (strcmp(recording.rows.all[i].model, "select") == 0)
            recording.rows.all[i].value[ROW_SERVED] = 1;
    struct table table = judged(&recording);
    cr_assert(table.pairs[0].word == WORD_UNRANKED);
    cr_assert_str_eq(table.pairs[0].reason, "1 of 50 clients served");
    judge_free(&table);
    free(recording.rows.all);
}

/* Disturbed blocks stay in the verdict; beside it stands one without. */
Test(judge, shows_both_results_where_strangers_ran)
{
    struct recording recording = begin(7, 0.005);

    for (size_t block = 1; block <= 24; block++)
        add_block(&recording, names, equal, 2, block);
    for (size_t i = 0; i < recording.rows.n; i++)
        if (recording.rows.all[i].value[ROW_BLOCK] <= 8 && i % 4 == 1) {
            recording.rows.all[i].value[ROW_RUN_DELAY_US] = 9000;
            recording.rows.all[i].value[ROW_SERVER_CPU_US] *= 1.5;
        }
    struct table table = judged(&recording);
    cr_assert(table.blocks == 24 && table.disturbed == 8);
    cr_assert(table.pairs[0].all.blocks == 24);
    cr_assert(table.pairs[0].quiet.blocks == 16);
    cr_assert(table.pairs[0].quiet.high < table.pairs[0].all.high);
    judge_free(&table);
    free(recording.rows.all);
}

Test(judge, takes_batches_where_neighbours_depend_on_each_other)
{
    static const double up[] = {1, 1.1}, down[] = {1, 1 / 1.1};
    struct recording recording = begin(8, 0.001);

    for (size_t block = 1; block <= 20; block++)
        add_block(&recording, names, (block - 1) / 5 % 2 ? up : down, 2,
                  block);
    struct table table = judged(&recording);
    cr_assert(table.pairs[0].all.batched);
    cr_assert(table.pairs[0].word != WORD_BETTER &&
              table.pairs[0].word != WORD_WORSE);
    judge_free(&table);
    free(recording.rows.all);
}

Test(judge, a_run_may_stop_when_the_widest_interval_is_narrow)
{
    struct recording recording = begin(9, 0.02);
    const struct experiment *clients = experiment_find("clients");
    struct point point = {.x = 50};
    double before = INFINITY;

    cr_assert(isinf(judge_width(&recording.rows, clients, &point)));
    for (size_t block = 1; block <= 60; block++) {
        add_block(&recording, names, equal, 3, block);
        double width = judge_width(&recording.rows, clients, &point);
        cr_assert((block < JUDGE_BLOCKS) == (isinf(width) != 0));
        if (block % 20 == 0) {
            cr_assert(width < before && width > 0.001);
            before = width;
        }
    }
    free(recording.rows.all);
}
