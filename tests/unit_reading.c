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
    row.value[ROW_ECHOES] = row.value[ROW_ALL_ECHOES] = echoes;
    row.value[ROW_SERVED] = 10;
    row.value[ROW_MEAN_US] = 10 / (echoes / 0.5) * 1e6;
    row.value[ROW_SERVER_CPU_US] = 490000;
    row.value[ROW_GENERATOR_CPU_US] = 300000;
    return row;
}

Test(metric, reads_figures_off_a_row)
{
    struct row row = slice("epoll", 100000);
    char text[32];

    cr_assert_float_eq(metric_of(METRIC_ECHOES_PER_S, &row), 200000, 1e-6);
    cr_assert_float_eq(metric_of(METRIC_CPU_PER_ECHO_US, &row), 4.9, 1e-9);
    cr_assert(isnan(metric_of(METRIC_PSS_KIB, &row)));
    row.value[ROW_IDLE] = 0;
    row.value[ROW_PSS_KIB] = 500;
    cr_assert_float_eq(metric_of(METRIC_PSS_KIB, &row), 500, 1e-9);
    row.value[ROW_SERVED] = 7; /* three may have no process yet */
    cr_assert(isnan(metric_of(METRIC_PSS_KIB, &row)));
    row.value[ROW_ECHOES] = row.value[ROW_ALL_ECHOES] = 0;
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

Test(metric, finds_a_fault_with_its_reason)
{
    static const struct {
        double is;
        const char *reason;
        enum row_value value;
    } cases[] = {
        {3, "3 errors", ROW_RESET},
        {1, "1 of 10 clients served", ROW_SERVED},
        {5, "idle connections lost", ROW_IDLE_LOST},
        {0, "no echo", ROW_ECHOES},
    };
    struct row row = slice("epoll", 100000);
    char reason[96];

    cr_assert(!metric_fault(&row, reason, sizeof(reason)));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        row = slice("epoll", 100000);
        row.value[cases[i].value] = cases[i].is;
        cr_assert(metric_fault(&row, reason, sizeof(reason)));
        cr_assert(strstr(reason, cases[i].reason) != NULL, "%s", reason);
    }
}

static struct row all[16];

/* What limits a rate is told by the median turn. */
Test(reading, tells_what_a_rate_is_limited_by)
{
    static const struct {
        double server, generator, clients;
        enum limit_by by;
    } cases[] = {
        {0.99, 0.7, 10, LIMIT_SERVER},    {0.99, 0.95, 10, LIMIT_GENERATOR},
        {0.6, 0.95, 10, LIMIT_GENERATOR}, {0.6, 0.7, 10, LIMIT_NEITHER},
        {0.02, 0.05, 10, LIMIT_SERVER},   {0.4, 0.4, 1, LIMIT_NEITHER},
    };
    const struct spot spot = {.x = NAN};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rows rows = {.all = all, .n = 1};
        all[0] = slice("epoll", 100000);
        all[0].value[ROW_SERVER_CPU_US] = 5e5 * cases[i].server;
        all[0].value[ROW_GENERATOR_CPU_US] = 5e5 * cases[i].generator;
        all[0].value[ROW_CLIENTS] = cases[i].clients;
        struct limit limit = reading_limit(&rows, &spot);
        cr_assert(limit.by == cases[i].by, "case %zu: %d", i, limit.by);
        cr_assert_str_eq(limit.reason, "");
    }
}

Test(reading, a_point_that_falls_behind_its_rate_is_overloaded)
{
    const struct spot spot = {.x = NAN};
    struct rows rows = {.all = all, .n = 1};

    all[0] = slice("epoll", 9600);
    all[0].value[ROW_OFFERED] = 20000;
    cr_assert_str_eq(reading_limit(&rows, &spot).reason, "");
    all[0] = slice("epoll", 8000);
    all[0].value[ROW_OFFERED] = 20000;
    cr_assert_str_eq(reading_limit(&rows, &spot).reason,
                     "overloaded: 80 % of the offered rate");
}

/* 420 kB of a process are no client's. */
Test(reading, takes_a_client_s_memory_from_two_numbers_of_them)
{
    static const double clients[] = {10, 100, 1000};
    struct spot spot = {.model = "epoll", .x = NAN};
    struct rows rows = {.all = all, .n = 3};

    for (size_t i = 0; i < 3; i++) {
        all[i] = slice("epoll", 100);
        all[i].value[ROW_X] = all[i].value[ROW_CLIENTS] =
            all[i].value[ROW_SERVED] = clients[i];
        all[i].value[ROW_PSS_KIB] = 420 + clients[i] * 0.5;
    }
    struct slope slope = reading_slope(&rows, &spot, METRIC_PSS_KIB);
    cr_assert_float_eq(slope.per_client, 0.5, 1e-9);
    cr_assert(slope.least == 10 && slope.most == 1000);
    all[2].value[ROW_SERVED] = 999;
    cr_assert(reading_slope(&rows, &spot, METRIC_PSS_KIB).most == 100);
    rows.n = 1;
    cr_assert(
        isnan(reading_slope(&rows, &spot, METRIC_PSS_KIB).per_client));
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
    struct health health = reading_health(&rows, &spot);
    cr_assert(health.turns == 2 && health.failed == 1);
    cr_assert_str_eq(health.note, "died");
    cr_assert(reading_xs(&rows, &spot, xs, 4) == 3);
    cr_assert(xs[0] == 10 && xs[1] == 20 && xs[2] == 30);
}
