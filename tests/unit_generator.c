/* bench/generator, trace and participants: what others say and are called.
 */
#include "bench/race/generator.h"
#include "bench/race/participants.h"
#include "bench/race/trace.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

TestSuite(generator, .timeout = 20);
TestSuite(trace, .timeout = 20);
TestSuite(participants, .timeout = 20);

Test(generator, result_becomes_a_row)
{
    struct row row;

    row_clear(&row);
    cr_assert(
        generator_read_json(
            "{\"elapsed_ns\": 500000000, \"clients\": 50, \"churn\": "
            "false, \"round_trips\": 1000, \"rate_per_s\": 0, "
            "\"warmup_round_trips\": 10, \"unserved\": 2, \"cpu_ns\": "
            "1000, \"errors\": {\"reset\": 3}, \"latency\": "
            "{\"count\": 1000, \"p99_ns\": 5000}}",
            &row) == 0);
    cr_assert(row.value[ROW_WINDOW_S] == 0.5);
    cr_assert(row.value[ROW_ECHOES] == 1000);
    cr_assert(row.value[ROW_ALL_ECHOES] == 1010);
    cr_assert(row.value[ROW_SERVED] == row.value[ROW_CLIENTS] - 2);
    cr_assert(row.value[ROW_RESET] == 3);
    cr_assert(row.value[ROW_P99_US] == 5);
    cr_assert(isnan(row.value[ROW_OFFERED]), "a closed loop");
    cr_assert(isnan(row.value[ROW_CONNECTIONS]), "kept connections");
}

Test(generator, knows_no_latency_where_nothing_came_back)
{
    struct row row;

    row_clear(&row);
    cr_assert(generator_read_json(
                  "{\"elapsed_ns\": 1, \"errors\": {}, \"latency\": "
                  "{\"count\": 0, \"p99_ns\": 0}}",
                  &row) == 0);
    cr_assert(isnan(row.value[ROW_P99_US]));
}

Test(generator, refuses_what_is_no_result)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "{}",
                                      "nonsense",
                                      "{\"elapsed_ns\": \"x\"}",
                                      "{\"elapsed_ns\": 1}"};
    struct row row;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert(generator_read_json(bad[i], &row) == -1, "%s", bad[i]);
}

Test(generator, that_is_not_there_is_named)
{
    static struct generator generator;
    const struct job job = {.clients = 1, .bytes = 1};
    const struct server server = {.host = "127.0.0.1", .ports = {1}};

    cr_assert(generator_start(&generator, "/no/such/load", &job, &server, 0,
                              1000000, 0) == 0);
    cr_assert(generator_wait(&generator, "ready") == -1);
    cr_assert(strstr(generator.error, "/no/such/load") != NULL, "%s",
              generator.error);
    generator_kill(&generator);
}

Test(trace, reads_a_line_of_strace)
{
    char name[32];
    double calls;

    cr_assert(
        trace_parse("  0.00    0.000000           0        23           "
                    "close",
                    name, &calls) == 0);
    cr_assert(calls == 23 && strcmp(name, "close") == 0);
    cr_assert(
        trace_parse(" 51.20    1.500000           3     12345        19 "
                    "accept4",
                    name, &calls) == 0);
    cr_assert(calls == 12345 && strcmp(name, "accept4") == 0);
}

Test(trace, passes_over_what_is_no_call)
{
    static const char *const other[] = {
        "% time     seconds  usecs/call     calls    errors syscall",
        "------ ----------- ----------- --------- --------- -------",
        "100.00    0.000000           0       144        19 total", "",
        "x"};
    char name[32];
    double calls;

    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
        cr_assert(trace_parse(other[i], name, &calls) == -1, "%s",
                  other[i]);
}

Test(trace, goes_before_a_command)
{
    char *argv[LAUNCH_ARGS] = {strdup("server"), strdup("--port=0"), NULL};

    cr_assert(trace_wrap(argv, "out") == 0);
    cr_assert_str_eq(argv[0], "strace");
    cr_assert_str_eq(argv[6], "server");
    cr_assert_str_eq(argv[7], "--port=0");
    cr_assert_null(argv[8]);
    launcher_free_command(argv);
}

static struct participants who;

Test(participants, are_named_by_who_brings_them)
{
    char *argv[LAUNCH_ARGS];
    const struct job job = {.server_args = {"--work=cpu:1ms"}};

    cr_assert(participants_add_command(&who, "mine=./a --port {port}") ==
              0);
    cr_assert_str_eq(who.all[0].name, "mine");
    cr_assert(participants_command(&who.all[0], &job, argv) == 0);
    cr_assert_str_eq(argv[0], "./a");
    cr_assert_str_eq(argv[3], "--work=cpu:1ms");
    launcher_free_command(argv);
    cr_assert(participants_add_command(&who, "mine=./b {port}") == -1);
    cr_assert(strstr(who.error, "twice") != NULL);
    participants_free(&who);
}

Test(participants, are_refused_with_a_reason)
{
    static const char *const bad[] = {
        "", "=", "a", "a=", "=./a {port}", "a=./a --port 80"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        who.error[0] = '\0';
        cr_assert(participants_add_command(&who, bad[i]) == -1, "%s",
                  bad[i]);
        cr_assert(strstr(who.error, "--server") != NULL, "%s", who.error);
    }
    cr_assert(participants_set_reference(&who, "nobody") == -1);
    cr_assert(participants_add(&who, "/no/build", NULL, "") == -1);
    cr_assert(strstr(who.error, "make all") != NULL);
    cr_assert(who.n == 0);
}

Test(participants, of_the_peers_are_those_of_the_list)
{
    static const char *const bad[] = {"", "nobody", "bare,nobody", ",bare"};

    cr_assert(participants_add_peers(&who, "bare,") == 0, "%s", who.error);
    cr_assert(who.n == 1 && participants_find(&who, "bare") == 0);
    participants_free(&who);
    cr_assert(participants_add_peers(&who, "all") == 0, "%s", who.error);
    cr_assert(participants_find(&who, "bare") < who.n);
    participants_free(&who);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert(participants_add_peers(&who, bad[i]) == -1, "%s", bad[i]);
        cr_assert(strstr(who.error, "there are: bare") != NULL, "%s",
                  who.error);
        participants_free(&who);
    }
}

Test(participants, of_the_suite_are_the_plain_ones_unless_named)
{
    cr_assert(participants_add(&who, "build", NULL, "") == 0, "%s",
              who.error);
    cr_assert(who.n >= 6 && participants_find(&who, "epoll") < who.n);
    for (size_t i = 0; i < who.n; i++)
        cr_assert_null(strchr(who.all[i].name, '/'));
    cr_assert(participants_add(&who, "build", "nobody", "") == -1);
    cr_assert(strstr(who.error, "there are:") != NULL);
    cr_assert(participants_set_reference(&who, "epoll") == 0);
    participants_free(&who);
    cr_assert(participants_add(&who, "build", "select,epoll", "@v1") == 0);
    cr_assert(who.n == 2);
    cr_assert_str_eq(who.all[1].name, "epoll@v1");
    participants_free(&who);
}
