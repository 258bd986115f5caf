/* bench/race/generator, trace and participants: what other programs print,
 * and the names of servers. */
#include "bench/race/generator.h"
#include "bench/race/participants.h"
#include "bench/race/trace.h"
#include "common/clock.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(generator, .timeout = 20);
TestSuite(trace, .timeout = 20);
TestSuite(participants, .timeout = 20);

Test(generator, turn_becomes_a_row)
{
    struct row row;
    json_t *latency;
    double left = -1;

    row_clear(&row);
    cr_assert(
        generator_read_turn(
            "{\"window_ns\": 500000000, \"echoes\": 1000, "
            "\"all_echoes\": 1010, \"connections\": 0, \"cpu_ns\": 1000, "
            "\"in_flight\": 2, \"errors\": {\"reset\": 3}, \"latency\": "
            "{\"count\": 1000, \"p99_ns\": 5000, \"histogram\": "
            "[[4000, 7]]}}",
            &row, &left, &latency) == 0);
    cr_assert(row.value[ROW_WINDOW_S] == 0.5);
    cr_assert(row.value[ROW_ECHOES] == 1000);
    cr_assert(row.value[ROW_ALL_ECHOES] == 1010);
    cr_assert(row.value[ROW_RESET] == 3);
    cr_assert(row.value[ROW_P99_US] == 5);
    cr_assert(left == 2);
    cr_assert(isnan(row.value[ROW_CONNECTIONS]), "kept connections");
    cr_assert(json_array_size(latency) == 1);
    json_decref(latency);
}

Test(generator, knows_no_latency_where_nothing_came_back)
{
    struct row row;
    json_t *latency;
    double left;

    row_clear(&row);
    cr_assert(generator_read_turn(
                  "{\"window_ns\": 1, \"errors\": {}, \"latency\": "
                  "{\"count\": 0, \"p99_ns\": 0}}",
                  &row, &left, &latency) == 0);
    cr_assert(isnan(row.value[ROW_P99_US]));
    cr_assert_null(latency);
}

Test(generator, refuses_what_is_no_turn)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "{}",
                                      "nonsense",
                                      "{\"window_ns\": \"x\"}",
                                      "{\"window_ns\": 1}"};
    struct row row;
    json_t *latency;
    double left;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert(generator_read_turn(bad[i], &row, &left, &latency) == -1,
                  "%s", bad[i]);
}

Test(generator, that_is_not_there_is_named)
{
    struct generator generator;
    const struct job job = {.clients = 1, .bytes = 1};
    const struct server server = {.host = "127.0.0.1", .ports = {1}};
    struct row row;

    row_clear(&row);
    cr_assert(generator_start(&generator, "/no/such/load", &job, &server, 0,
                              1000) == 0);
    cr_assert(generator_ready(&generator, &row) == -1);
    cr_assert(strstr(generator.error, "/no/such/load") != NULL, "%s",
              generator.error);
    generator_kill(&generator);
}

static struct generator speak(const char *script)
{
    char *argv[] = {strdup("sh"), strdup("-c"), strdup(script), NULL};
    struct generator generator;

    cr_assert(generator_spawn(&generator, "/bin/sh", argv) == 0);
    generator.deadline_ns = clock_now_ns() + 10 * NS_PER_S;
    for (size_t i = 0; i < 3; i++)
        free(argv[i]);
    return generator;
}

Test(generator, lines_are_read_one_by_one_however_they_come)
{
    struct generator generator = speak(
        "printf 'ready {\"ser'; printf 'ved\": 3}\\n{\"a\": '; "
        "head -c 100000 /dev/zero | tr '\\0' 1; printf '}\\nbye'");
    struct row row;

    row_clear(&row);
    cr_assert(generator_ready(&generator, &row) == 0, "%s",
              generator.error);
    cr_assert(row.value[ROW_SERVED] == 3);
    cr_assert(generator_wait(&generator, "{") == 0);
    cr_assert(strlen(generator.mark) == 100007);
    cr_assert(generator_wait(&generator, "{") == -1);
    cr_assert(strstr(generator.error, "bye") != NULL);
    generator_kill(&generator);
}

Test(generator, late_one_is_told)
{
    struct generator generator = speak("exec sleep 20");

    generator.deadline_ns = clock_now_ns() + 10 * NS_PER_MS;
    cr_assert(generator_wait(&generator, "{") == -1);
    cr_assert(strstr(generator.error, "hangs") != NULL);
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
