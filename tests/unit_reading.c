/* bench/record/reading and metric: what rows say, and whether to believe
 * it. */
#include "bench/record/metric.h"
#include "bench/record/reading.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(reading, .timeout = 20);
TestSuite(metric, .timeout = 20);

/* A text of a row; all have room for a name. */
static void set(char *text, const char *value)
{
    snprintf(text, ROW_NAME, "%s", value);
}

/* A slice of half a second in which nothing went wrong. */
static struct row slice(const char *model, double echoes)
{
    struct row row;

    row_clear(&row);
    set(row.experiment, "clients");
    set(row.model, model);
    set(row.placement, "pinned");
    set(row.outcome, ROW_OK);
    row.value[ROW_X] = 10;
    row.value[ROW_WINDOW_S] = 0.5;
    row.value[ROW_CLIENTS] = 10;
    row.value[ROW_BYTES] = 64;
    row.value[ROW_ECHOES] = echoes;
    row.value[ROW_SERVED] = 10;
    row.value[ROW_MEAN_US] = 10 / (echoes / 0.5) * 1e6;
    row.value[ROW_SERVER_CPU_US] = 490000;
    row.value[ROW_GENERATOR_CPU_US] = 300000;
    row.value[ROW_WIRE_BYTES] = echoes * 64 * 4;
    row.value[ROW_FLOOR_US] = 4;
    row.value[ROW_OTHERS_SHARE] = row.value[ROW_STEAL_SHARE] = 0;
    return row;
}

static enum gate gate_of(const struct row *row, char reason[96])
{
    reason[0] = '\0';
    return metric_gate(METRIC_ECHOES_PER_S, row, reason, 96);
}

Test(metric, reads_figures_off_a_row)
{
    struct row row = slice("epoll", 100000);
    char text[32];

    cr_assert_float_eq(metric_of(METRIC_ECHOES_PER_S, &row), 200000, 1e-6);
    cr_assert_float_eq(metric_of(METRIC_CPU_PER_ECHO_US, &row), 4.9, 1e-9);
    cr_assert_float_eq(metric_of(METRIC_FLOORS, &row), 1.25, 1e-9);
    cr_assert_float_eq(metric_little(&row), 1, 1e-9);
    cr_assert(isnan(metric_of(METRIC_PSS_PER_CLIENT_KIB, &row)));
    row.value[ROW_IDLE] = 0;
    row.value[ROW_PSS_KIB] = 500;
    cr_assert_float_eq(metric_of(METRIC_PSS_PER_CLIENT_KIB, &row), 50,
                       1e-9);
    row.value[ROW_SERVED] = 7; /* three may have no process yet */
    cr_assert(isnan(metric_of(METRIC_PSS_PER_CLIENT_KIB, &row)));
    row.value[ROW_ECHOES] = 0;
    cr_assert(isnan(metric_of(METRIC_CPU_PER_ECHO_US, &row)));
    metric_text(METRIC_ECHOES_PER_S, 251234, text, sizeof(text));
    cr_assert_str_eq(text, "251k");
    metric_text(METRIC_TASKS, 1, text, sizeof(text));
    cr_assert_str_eq(text, "1");
    metric_text(METRIC_P99_US, 1234, text, sizeof(text));
    cr_assert_str_eq(text, "1.23 ms");
    metric_text(METRIC_P99_US, 999.9, text, sizeof(text));
    cr_assert_str_eq(text, "1.00 ms");
    metric_text(METRIC_P99_US, NAN, text, sizeof(text));
    cr_assert_str_eq(text, "-");
}

Test(metric, tells_no_memory_of_the_kernel_that_is_not_of_the_held)
{
    struct row row = slice("epoll", 100000);

    row.value[ROW_IDLE] = 9990;
    row.value[ROW_SERVED] = row.value[ROW_HELD] = 10000;
    row.value[ROW_KERNEL_KIB] = 70000;
    cr_assert_float_eq(metric_of(METRIC_KERNEL_PER_HELD_KIB, &row), 7,
                       1e-9);
    row.value[ROW_SERVED] = 9999; /* one may have left something there */
    cr_assert(isnan(metric_of(METRIC_KERNEL_PER_HELD_KIB, &row)));
    row.value[ROW_SERVED] = 10000;
    row.value[ROW_HELD] = 999;
    cr_assert(isnan(metric_of(METRIC_KERNEL_PER_HELD_KIB, &row)));
}

Test(metric, closes_a_gate_with_its_reason)
{
    static const struct {
        double is;
        const char *reason;
        enum row_value value;
        enum gate gate;
    } cases[] = {
        {100000, "", ROW_ECHOES, GATE_OPEN},
        {3, "3 errors", ROW_RESET, GATE_CLOSED},
        {1, "9 of 10 clients unserved", ROW_SERVED, GATE_CLOSED},
        {5, "idle connections lost", ROW_IDLE_LOST, GATE_CLOSED},
        {100, "more echoed than the kernel", ROW_WIRE_BYTES, GATE_CLOSED},
        {90, "Little's law", ROW_MEAN_US, GATE_CLOSED},
        {51, "", ROW_MEAN_US, GATE_OPEN},
        {NAN, "", ROW_WIRE_BYTES, GATE_OPEN},
    };
    char reason[96];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct row row = slice("epoll", 100000);
        row.value[cases[i].value] = cases[i].is;
        cr_assert(gate_of(&row, reason) == cases[i].gate, "%zu: %s", i,
                  reason);
        cr_assert(strstr(reason, cases[i].reason) != NULL, "%s", reason);
    }
}

/* The generator at its limit: a figure of its own kind. */
static struct row bound(const char *model, double echoes)
{
    struct row row = slice(model, echoes);

    row.value[ROW_GENERATOR_CPU_US] = 490000;
    row.value[ROW_SERVER_CPU_US] = 300000;
    return row;
}

Test(metric, tells_a_generator_at_its_limit)
{
    struct row row = bound("epoll", 100000);
    char reason[96];

    cr_assert(gate_of(&row, reason) == GATE_GENERATOR);
    cr_assert(metric_gate(METRIC_CPU_PER_ECHO_US, &row, reason, 96) ==
                  GATE_OPEN,
              "CPU time is known all the same");
    row.value[ROW_SERVER_CPU_US] = 495000;
    cr_assert(gate_of(&row, reason) == GATE_OPEN, "both are full");
}

enum { MAX = 64 };
static struct row all[MAX];
static struct quad quads[MAX];

static void add_block(struct rows *rows, double pair, struct row a,
                      struct row b)
{
    for (int place = 1; place <= 4; place++) {
        struct row row = place == 1 || place == 4 ? a : b;
        row.value[ROW_PAIR] = pair;
        row.value[ROW_PLACE] = place;
        rows->all[rows->n++] = row;
    }
}

static struct blocks blocks_of(const struct rows *rows, const char *model)
{
    struct blocks blocks = {.quads = quads};
    const struct spot spot = {
        .experiment = "clients", .model = model, .x = 10};

    reading_blocks(rows, &spot, "epoll", METRIC_ECHOES_PER_S, &blocks);
    return blocks;
}

Test(reading, puts_blocks_together)
{
    struct rows rows = {.all = all};

    add_block(&rows, 1, slice("epoll", 100), slice("fork", 50));
    add_block(&rows, 2, slice("epoll", 100), slice("epoll", 101));
    rows.all[rows.n++] = slice("fork", 7); /* a single one */
    add_block(&rows, 3, slice("epoll", 120), slice("fork", 60));
    rows.n -= 1; /* and a block that a killed run did not end */
    add_block(&rows, 4, slice("epoll", 120), slice("fork", 40));
    struct blocks fork = blocks_of(&rows, "fork");
    cr_assert(fork.n == 2 && fork.gated == 0, "%zu", fork.n);
    cr_assert_float_eq(verdict_ratio(&quads[0]), 0.5, 1e-9);
    cr_assert_float_eq(verdict_ratio(&quads[1]), 1.0 / 3, 1e-9);
    cr_assert(blocks_of(&rows, "epoll").n == 1);
    cr_assert(blocks_of(&rows, "select").n == 0);
}

Test(reading, takes_the_repeated_slice_for_the_disturbed)
{
    struct rows rows = {.all = all};

    add_block(&rows, 1, slice("epoll", 100), slice("fork", 50));
    struct row disturbed = rows.all[1];
    set(disturbed.outcome, ROW_REPEATED);
    disturbed.value[ROW_ECHOES] = 1;
    memmove(&rows.all[2], &rows.all[1], 3 * sizeof(all[0]));
    rows.all[1] = disturbed;
    rows.n++;
    cr_assert(blocks_of(&rows, "fork").n == 1);
    cr_assert_float_eq(verdict_ratio(&quads[0]), 0.5, 1e-9);
}

Test(reading, leaves_gated_blocks_out)
{
    struct rows rows = {.all = all};
    struct row alone = slice("fork", 50);

    alone.value[ROW_SERVED] = 1;
    add_block(&rows, 1, slice("epoll", 100), alone);
    add_block(&rows, 2, bound("epoll", 100), bound("fork", 90));
    struct blocks blocks = blocks_of(&rows, "fork");
    cr_assert(blocks.n == 0 && blocks.gated == 2);
    cr_assert_str_eq(blocks.reason, "9 of 10 clients unserved");
}

Test(reading, keeps_a_bound_that_only_hides_how_far_apart_they_are)
{
    struct rows rows = {.all = all};

    add_block(&rows, 1, bound("epoll", 100), slice("fork", 50));
    add_block(&rows, 2, slice("epoll", 100), bound("uring", 150));
    add_block(&rows, 3, slice("epoll", 100), bound("select", 90));
    add_block(&rows, 4, bound("epoll", 100), bound("epoll", 99));
    struct blocks blocks = blocks_of(&rows, "fork");
    cr_assert(blocks.n == 1 && blocks.at_least == 1);
    cr_assert(blocks_of(&rows, "uring").n == 1);
    blocks = blocks_of(&rows, "select");
    cr_assert(blocks.n == 0 && blocks.gated == 1, "it could do more");
    cr_assert(blocks_of(&rows, "epoll").n == 1, "itself against itself");
}

Test(reading, sums_a_spot_up)
{
    struct rows rows = {.all = all};
    const struct spot spot = {
        .experiment = "clients", .model = "fork", .x = NAN};
    double xs[4];

    for (int i = 1; i <= 3; i++) {
        rows.all[rows.n] = slice("fork", i * 100);
        rows.all[rows.n++].value[ROW_X] = 40 - 10 * i;
    }
    set(rows.all[2].outcome, ROW_FAILED);
    set(rows.all[2].note, "died");
    struct summary figure = reading_figure(&rows, &spot,
                                           METRIC_ECHOES_PER_S);
    cr_assert(figure.n == 2 && figure.min == 200 && figure.max == 400);
    struct health health = reading_health(&rows, &spot,
                                          METRIC_ECHOES_PER_S);
    cr_assert(health.slices == 2 && health.failed == 1);
    cr_assert_str_eq(health.note, "died");
    cr_assert(reading_xs(&rows, &spot, xs, 4) == 3);
    cr_assert(xs[0] == 10 && xs[1] == 20 && xs[2] == 30);
}
