/* bench/check/recording: what can be done with a recording afterwards. */
#include "bench/check/recording.h"
#include "bench/record/metric.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

TestSuite(recording, .timeout = 60);

/* Blocks of two equal servers whose turns take 1 us of processor time an
 * echo, and once in a while a little more. */
static struct rows make(size_t blocks)
{
    static const char *const order[] = {"a", "b", "b", "a"};
    struct rows rows = {0};
    struct rng rng = {7};

    for (size_t i = 0; i < 4 * blocks; i++) {
        struct row row;
        row_clear(&row);
        snprintf(row.model, ROW_NAME, "%s", order[i % 4]);
        snprintf(row.outcome, ROW_NAME, ROW_OK);
        row.value[ROW_X] = row.value[ROW_GROUP] = 1;
        size_t block = i / 4 + 1;
        row.value[ROW_BLOCK] = (double)block;
        row.value[ROW_ECHOES] = row.value[ROW_ALL_ECHOES] = 1000;
        row.value[ROW_WINDOW_S] = 0.01;
        row.value[ROW_SERVER_CPU_US] = 1000 +
                                       10 * (double)rng_below(&rng, 5);
        row.value[ROW_GENERATOR_CPU_US] = 500;
        cr_assert_eq(rows_add(&rows, &row), 0);
    }
    return rows;
}

/* Each of the n servers has its two turns in each block. */
Test(recording, is_cut_into_blocks_of_more_servers)
{
    enum { N = 7, BLOCKS_OF = 12 };
    struct rows rows = make(2 * N * BLOCKS_OF), part;
    struct rng rng = {1};
    int turns[BLOCKS_OF][N] = {{0}};

    cr_assert_eq(recording_cut(&rows, 28, N, BLOCKS_OF, 1, &rng, &part), 0);
    cr_assert_eq(part.n, 2 * N * BLOCKS_OF);
    for (size_t i = 0; i < part.n; i++) {
        unsigned server;
        cr_assert_eq(sscanf(part.all[i].model, "server %u", &server), 1);
        turns[(int)part.all[i].value[ROW_BLOCK] - 1][server - 1]++;
    }
    for (int b = 0; b < BLOCKS_OF; b++)
        for (int k = 0; k < N; k++)
            cr_assert_eq(turns[b][k], 2);
    rows_free(&part);
    rows_free(&rows);
}

Test(recording, can_be_made_slower)
{
    struct rows rows = make(40), part;
    struct rng rng = {1};
    struct table table;
    const struct spot all = {.x = NAN};

    cr_assert_eq(recording_cut(&rows, 0, 2, 40, 1.1, &rng, &part), 0);
    cr_assert_eq(
        judge(&part, &all, "server 1", METRIC_CPU_PER_ECHO_US, &table), 0);
    cr_assert_eq(table.n, 1);
    cr_assert_eq(table.pairs[0].word, WORD_WORSE);
    cr_assert_float_eq(table.pairs[0].all.ratio, 1.1, 0.02);
    judge_free(&table);
    rows_free(&part);
    rows_free(&rows);
}

static double cpu(const struct row *row)
{
    return row->value[ROW_SERVER_CPU_US];
}

static double share(const struct row *row)
{
    return row->value[ROW_GENERATOR_CPU_US] / 500;
}

Test(recording, compares_any_figure)
{
    struct rows rows = make(30);
    struct estimate estimate = recording_compare(&rows, "a", "b", cpu);

    cr_assert_eq(estimate.blocks, 30);
    cr_assert(estimate.low < 1 && estimate.high > 1, "%g to %g",
              estimate.low, estimate.high);
    cr_assert_float_eq(estimate.ratio, 1, 0.02);
    estimate = recording_compare(&rows, "a", NULL, share);
    cr_assert_float_eq(estimate.ratio, 1, 1e-9);
    rows_free(&rows);
    rows = make(5);
    cr_assert(isnan(recording_compare(&rows, "a", "b", cpu).ratio));
    rows_free(&rows);
}

/* The one part that takes no time worth naming, as a whole program. */
Test(recording, selfcheck_knows_whom_it_measures)
{
    struct program program;

    cr_assert(program_start(&program, "bench/selfcheck", "--part whom"));
    cr_assert_eq(program_end(&program, 0), 0, "%s",
                 program_output(&program));
    cr_assert(program_start(&program, "bench/selfcheck", "--part nothing"));
    cr_assert_eq(program_end(&program, 0), 2);
}

/* The bare loop speaks as the generator does. */
Test(recording, bare_takes_turns)
{
    struct program server, bare;
    char arguments[64];

    cr_assert(program_start(&server, "epoll/server", "--port 0"));
    snprintf(arguments, sizeof(arguments),
             "--turns --clients=3 127.0.0.1:%d", program_port(&server));
    cr_assert(program_start(&bare, "bench/bare", arguments));
    cr_assert(program_says(&bare, "ready {"));
    program_type(&bare, "turn 20 5\n");
    cr_assert(program_says(&bare, "\"all_echoes\":"));
    program_hang_up(&bare);
    cr_assert_eq(program_end(&bare, 0), 0);
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}
