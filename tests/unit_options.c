/* common/options: numbers, durations, command lines. */
#include "common/options.h"
#include "common/protocol.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

Test(options, a_number_is_decimal_and_whole)
{
    static const char *const bad[] = {
        "",
        " 1",
        "1 ",
        "+1",
        "0x10",
        "1.0",
        "1e3",
        "-",
        "--1",
        "1\n",
        "ten",
        "99999999999999999999",
        "-99999999999999999999",
    };
    long value = 42;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert(options_number(bad[i], LONG_MIN, LONG_MAX, &value) == -1,
                  "`%s` was taken for %ld", bad[i], value);
        cr_assert(value == 42, "`%s` changed the value", bad[i]);
    }
    cr_assert(options_number("-12", -20, 20, &value) == 0 && value == -12);
    cr_assert(options_number("0", 0, 0, &value) == 0 && value == 0);
    cr_assert(options_number("007", 0, 10, &value) == 0 && value == 7);
}

Test(options, a_number_keeps_its_range_with_both_ends)
{
    long value;

    cr_assert(options_number("1", 1, 65535, &value) == 0);
    cr_assert(options_number("65535", 1, 65535, &value) == 0);
    cr_assert(options_number("0", 1, 65535, &value) == -1);
    cr_assert(options_number("65536", 1, 65535, &value) == -1);
}

Test(options, cores_are_those_that_may_be_used)
{
    cpu_set_t mine;
    size_t cpu = (size_t)sched_getcpu();

    cr_assert(options_cores(1) == 1);
    CPU_ZERO(&mine);
    CPU_SET(cpu, &mine);
    cr_assert(sched_setaffinity(0, sizeof(mine), &mine) == 0);
    cr_assert(options_cores(64) == 1);
}

Test(options, a_duration_has_a_unit)
{
    static const struct {
        const char *text;
        uint64_t ns;
    } good[] = {
        {"0s", 0},
        {"1ns", 1},
        {"250us", 250000},
        {"1ms", 1000000},
        {"1.5s", 1500000000},
        {"0.5us", 500},
        {"2min", 120000000000},
        {".5s", 500000000},
        {"10s", 10000000000},
    };
    uint64_t ns;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_assert(options_duration_ns(good[i].text, UINT64_MAX, &ns) == 0,
                  "%s was refused", good[i].text);
        cr_assert(ns == good[i].ns, "%s is not %llu ns", good[i].text,
                  (unsigned long long)ns);
    }
}

Test(options, what_is_no_duration_is_refused)
{
    static const char *const bad[] = {
        "",   "5",  "s",    "ms5",  "1 s",  " 1s",  "-1s", "+1s", "1.2.3s",
        "1h", "1S", "0x1s", "1e3s", "infs", "nans", "1s ", ".s",  "1msx",
    };
    uint64_t ns = 42;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert(options_duration_ns(bad[i], UINT64_MAX, &ns) == -1,
                  "`%s` was taken for %llu ns", bad[i],
                  (unsigned long long)ns);
    cr_assert(ns == 42, "a refused duration changed the value");
}

Test(options, a_duration_has_a_longest)
{
    uint64_t ns;

    cr_assert(options_duration_ns("10s", 10000000000, &ns) == 0);
    cr_assert(options_duration_ns("10.1s", 10000000000, &ns) == -1);
    cr_assert(options_duration_ns("99999999999999999999min", UINT64_MAX,
                                  &ns) == -1);
}

static long turns = 3;

static const struct option_number numbers[] = {
    {"turns", "N", "take N turns", 1, 9, &turns},
    {0},
};

static const struct model model = {
    .name = "room/model",
    .about = "A model.",
    .many_ports = true,
    .max_clients = 77,
    .numbers = numbers,
};

/* The words after the program's name, up to a NULL. */
static struct options parse(const struct model *of,
                            const char *const *words)
{
    char *argv[MAX_PORTS * 2 + 8] = {(char *)"server"};
    int argc = 1;

    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = (char *)words[argc - 1];
    return options_parse(argc, argv, of);
}

Test(options, defaults)
{
    struct options o = parse(&model, (const char *const[]){NULL});

    cr_assert(strcmp(o.model, "room/model") == 0);
    cr_assert(strcmp(o.host, "127.0.0.1") == 0);
    cr_assert(o.nports == 1 && o.ports[0] == ECHO_PORT);
    cr_assert(o.max_clients == 77 && o.drain_ms == 3000 && o.many_ports);
    cr_assert(o.idle_ns == 0, "nobody is idle unless asked");
    cr_assert(turns == 3 && !o.reuse_port);
}

Test(options, all_of_them)
{
    struct options o = parse(
        &model,
        (const char *const[]){
            "--port", "0", "--port=65535", "--host", "::1",
            "--max-clients=1", "--drain-ms", "0", "--turns", "9", "--work",
            "sleep:0ms", "--idle-timeout", "1.5s", "--reuse-port", NULL});

    cr_assert(o.nports == 2 && o.ports[0] == 0 && o.ports[1] == 65535);
    cr_assert(strcmp(o.host, "::1") == 0);
    cr_assert(o.max_clients == 1 && o.drain_ms == 0 && turns == 9);
    cr_assert(o.idle_ns == 1500000000 && o.reuse_port);
}

Test(options, as_many_ports_as_there_is_room_for)
{
    const char *words[MAX_PORTS + 1] = {NULL};

    for (size_t i = 0; i < MAX_PORTS; i++)
        words[i] = "--port=0";
    cr_assert(parse(&model, words).nports == MAX_PORTS);
}

/* The longest of them once ended in the middle of a command to copy. */
Test(options, help_is_told_to_its_end)
{
    struct program program;

    cr_assert(program_start(&program, "epoll/daytime", "--help"));
    cr_assert(program_says(&program, "--port 5013 </dev/null\n"));
    cr_assert(program_end(&program, 0) == 0);
}

/* What follows ends the process: with EXIT_USAGE. */

Test(options, one_port_too_many, .exit_code = EXIT_USAGE)
{
    const char *words[MAX_PORTS + 2] = {NULL};

    for (size_t i = 0; i < MAX_PORTS + 1; i++)
        words[i] = "--port=0";
    cr_redirect_stderr();
    parse(&model, words);
    cr_assert_fail("65 ports were taken");
}

Test(options, a_second_port_where_one_can_be_waited_on,
     .exit_code = EXIT_USAGE)
{
    static const struct model one = {.name = "one", .about = "One port."};

    cr_redirect_stderr();
    parse(&one, (const char *const[]){"--port=0", "--port=0", NULL});
    cr_assert_fail("a second port was taken");
}

Test(options, a_model_s_own_number_out_of_range, .exit_code = EXIT_USAGE)
{
    cr_redirect_stderr();
    parse(&model, (const char *const[]){"--turns", "10", NULL});
    cr_assert_fail("--turns 10 was taken");
}

Test(options, a_closed_stream_is_not_given_to_a_socket)
{
    close(STDIN_FILENO);
    options_keep_streams();
    char byte;
    cr_assert_eq(read(STDIN_FILENO, &byte, 1), 0, "stdin ends at once");
    int next = dup(STDERR_FILENO);
    cr_assert_gt(next, STDERR_FILENO);
    close(next);
}
