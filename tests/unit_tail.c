/* bench/record/tail: percentiles between servers, from histograms. */
#include "bench/record/rng.h"
#include "bench/record/tail.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(tail, .timeout = 60);

static const struct spot spot = {
    .experiment = "rate", .variant = "", .placement = "pinned", .x = 20000};
static const char *const names[] = {"epoll", "fork"};

enum { BLOCKS_RUN = 24, BUCKET_NS = 200, MOST = 1 << 20 };

static void add_row(struct rows *rows, const char *model, int block)
{
    struct row *row = &rows->all[rows->n++];
    double *v = row->value;

    row_clear(row);
    snprintf(row->experiment, ROW_NAME, "rate");
    snprintf(row->model, ROW_NAME, "%s", model);
    snprintf(row->placement, ROW_NAME, "pinned");
    snprintf(row->outcome, ROW_NAME, ROW_OK);
    v[ROW_X] = v[ROW_OFFERED] = 20000;
    v[ROW_BLOCK] = block;
    v[ROW_GROUP] = 1;
    v[ROW_CLIENTS] = v[ROW_SERVED] = 50;
    v[ROW_WINDOW_S] = 0.05;
    v[ROW_ECHOES] = v[ROW_ALL_ECHOES] = 1000;
    v[ROW_SERVER_CPU_US] = v[ROW_GENERATOR_CPU_US] = 5000;
}

/* A turn's answers: exponential, with a mean of mean_ns. */
static void add_turn(struct tails *tails, struct rng *rng,
                     const char *model, int block, double mean_ns, int n)
{
    for (int i = 0; i < n; i++) {
        double u = ((double)(rng_next(rng) >> 11) + 0.5) / 0x1p53;
        double up = ceil(-log(u) * mean_ns / BUCKET_NS) * BUCKET_NS;
        struct bucket *bucket = &tails->all[tails->n++];
        *bucket = (struct bucket){
            .block = block, .x = 20000, .upper_ns = up, .count = 1};
        snprintf(bucket->model, ROW_NAME, "%s", model);
    }
}

/* The verdict on two servers; the second one is `slower` times slower. */
static struct table judged(uint64_t seed, double slower, int messages)
{
    struct rows rows = {.all = calloc(4 * BLOCKS_RUN, sizeof(struct row))};
    struct tails tails = {.all = calloc(MOST, sizeof(struct bucket))};
    struct rng rng = {seed};
    struct table table;

    cr_assert(rows.all != NULL && tails.all != NULL);
    for (int block = 1; block <= BLOCKS_RUN; block++)
        for (int i = 0; i < 4; i++) {
            int m = i == 1 || i == 2;
            add_row(&rows, names[m], block);
            add_turn(&tails, &rng, names[m], block,
                     20000 * (m ? slower : 1), messages);
        }
    cr_assert(tails_judge(&tails, &rows, &spot, "epoll", &table) == 0);
    for (size_t m = 0; m < table.nmodels; m++) /* the rows go now */
        table.models[m] = names[m];
    free(rows.all);
    free(tails.all);
    return table;
}

Test(tail, takes_the_99th_where_enough_lies_beyond_it)
{
    struct table table = judged(1, 1.5, 2500);

    cr_assert(table.metric == METRIC_P99_US && table.n == 1);
    cr_assert(table.pairs[0].word == WORD_WORSE);
    cr_assert(table.pairs[0].all.low < 1.5 && table.pairs[0].all.high > 1.5,
              "%g to %g", table.pairs[0].all.low, table.pairs[0].all.high);
    cr_assert(table.pairs[0].all.high / table.pairs[0].all.low < 1.2);
    judge_free(&table);
}

Test(tail, takes_the_90th_or_none_where_there_is_less)
{
    struct table table = judged(2, 1.5, 400);

    cr_assert(table.metric == METRIC_P90_US);
    cr_assert(table.pairs[0].word == WORD_WORSE);
    judge_free(&table);
    table = judged(2, 1.5, 100);
    cr_assert(table.n == 0);
    judge_free(&table);
}

Test(tail, is_seldom_wrong_about_equals)
{
    int held = 0;

    for (uint64_t try = 1; try <= 40; try++) {
        struct table table = judged(try, 1, 400);
        held += table.pairs[0].all.low <= 1 && table.pairs[0].all.high >= 1;
        judge_free(&table);
    }
    cr_assert(held >= 35, "1 was in %d of 40 intervals", held);
}

Test(tail, file_that_is_none_is_refused_with_its_line)
{
    static const char *const texts[] = {
        "block,model,x,upper_ns,count\n1,epoll,10,many,1\n",
        "block,model,x,upper_ns,count\n1,epoll,10\n",
        "block,model,x,upper_ns,count\n1,epoll,10,nan,1\n"};
    char error[512];

    for (size_t i = 0; i < 3; i++) {
        char path[] = "/tmp/unit-tail-XXXXXX";
        struct tails tails = {0};
        FILE *file = fdopen(mkstemp(path), "w");
        fputs(texts[i], file);
        fclose(file);
        cr_assert(tails_read(&tails, path, error, sizeof(error)) == -1);
        cr_assert(strstr(error, "line 2") != NULL, "%s", error);
        unlink(path);
        free(tails.all);
    }
}
