/*
 * common/lab/launcher: starts and ends servers. Here the servers are
 * shells.
 */
#include "common/clock.h"
#include "common/lab/launcher.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(launcher, .timeout = 60);

static struct server server;

/* The script takes the place of a server, and listens nowhere. */
static int start(const char *script, int ready_ms)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    const struct launch_plan plan = {
        .argv = argv, .ready_ms = ready_ms, .listens_elsewhere = true};

    return launcher_start(&server, &plan);
}

static void assert_error(const char *part)
{
    cr_assert(strstr(server.error, part) != NULL, "`%s` is not in: %s",
              part, server.error);
    cr_assert(server.pid == 0, "something was left running");
}

Test(launcher, reads_where_a_server_listens)
{
    cr_assert(start("echo listening 127.0.0.1:4711; exec sleep 100", 0) ==
                  0,
              "%s", server.error);
    cr_assert(server.nports == 1 && server.ports[0] == 4711);
    cr_assert(strcmp(server.host, "127.0.0.1") == 0);
    launcher_kill(&server);
    cr_assert(start("echo 'listening [::1]:80'; exec sleep 100", 0) == 0);
    cr_assert(strcmp(server.host, "::1") == 0 && server.ports[0] == 80);
    launcher_kill(&server);
    cr_assert(server.pid == 0);
}

Test(launcher, tells_what_is_no_program)
{
    const char *const argv[] = {"/no/such/program", NULL};
    const struct launch_plan plan = {.argv = argv};

    cr_assert(launcher_start(&server, &plan) == -1);
    assert_error("/no/such/program: No such file");
}

Test(launcher, tells_what_a_server_said_before_it_ended)
{
    cr_assert(start("echo first >&2; echo last words >&2; exit 3", 0) ==
              -1);
    assert_error("status 3");
    assert_error("last words");
}

Test(launcher, tells_what_was_wrong_and_not_where_to_find_help)
{
    cr_assert(start("echo \"x: --prot: no such option\" >&2; "
                    "echo \"Try \\`x --help' for more information.\" >&2; "
                    "exit 2",
                    0) == -1);
    assert_error("status 2 before it listened: x: --prot: no such option");
    cr_assert(start("echo 'Try --help' >&2; exit 2", 0) == -1);
    assert_error(": Try --help");
}

Test(launcher, sees_past_a_nul)
{
    cr_assert(start("printf 'a\\0b\\n' >&2; exit 3", 0) == -1);
    assert_error(": a?b");
}

Test(launcher, tells_which_signal_ended_a_server)
{
    cr_assert(start("kill -SEGV $$", 0) == -1);
    assert_error("signal 11");
}

Test(launcher, does_not_wait_for_ever)
{
    cr_assert(start("exec sleep 100", 200) == -1);
    assert_error("within 200 ms");
}

Test(launcher, waits_no_longer_than_it_is_wanted)
{
    const char *const argv[] = {"sleep", "100", NULL};
    int quit[2];

    cr_assert(pipe(quit) == 0 && write(quit[1], "", 1) == 1);
    const struct launch_plan plan = {
        .argv = argv, .ready_ms = 1000000, .quit_fd = quit[0]};
    cr_assert(launcher_start(&server, &plan) == -1);
    assert_error("was not waited for");
}

/* More than a pipe holds, more than the demo once allowed. */
Test(launcher, neither_blocks_nor_fails_who_talks_without_end)
{
    int status = 0;
    char words[16];

    cr_assert(start("echo listening 127.0.0.1:80; "
                    "head -c 1000000 /dev/zero || exit 1; "
                    "head -c 70000000 /dev/zero >&2 || exit 1; "
                    "echo end >&2 || exit 1; exit 5",
                    0) == 0,
              "%s", server.error);
    while (!launcher_ended(&server, &status))
        ;
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 5);
    cr_assert(
        launcher_read_words(&server, 70000000, words, sizeof(words)) == 4);
    cr_assert_str_eq(words, "end\n");
    launcher_kill(&server);
}

Test(launcher, forgets_what_was_said_long_ago)
{
    char words[16] = "";

    cr_assert(start("head -c 2000000 /dev/zero >&2; "
                    "echo listening 127.0.0.1:80; "
                    "while :; do echo new >&2; sleep 0.01; done",
                    0) == 0,
              "%s", server.error);
    launcher_trim(&server);
    while (launcher_read_words(&server, 0, words, 5) < 4)
        ;
    cr_assert_str_eq(words, "new\n");
    launcher_trim(&server);
    cr_assert(launcher_read_words(&server, 0, words, 5) == 4,
              "little is not to be forgotten");
    launcher_kill(&server);
}

Test(launcher, wants_the_line_as_agreed)
{
    static const char *const lines[] = {
        "hello",
        "listening",
        "listening 127.0.0.1",
        "listening :80",
        "listening 127.0.0.1:0",
        "listening 127.0.0.1:65536",
        "Listening 127.0.0.1:80",
    };
    char script[128];

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        snprintf(script, sizeof(script), "echo '%s'; exec sleep 100",
                 lines[i]);
        cr_assert(start(script, 0) == -1, "`%s` was taken", lines[i]);
        assert_error(lines[i]);
    }
}

Test(launcher, tells_who_ended)
{
    int status = 0;

    cr_assert(start("echo listening 127.0.0.1:80; read x <&2; exit 5", 0) ==
              0);
    while (!launcher_ended(&server, &status))
        ;
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 5);
    cr_assert(launcher_stop(&server, 1000, &status) == 0);
    cr_assert(WEXITSTATUS(status) == 5);
}

Test(launcher, stops_by_SIGTERM)
{
    int status;

    cr_assert(start("trap 'exit 7' TERM; echo listening 127.0.0.1:80; "
                    "while :; do sleep 0.01; done",
                    0) == 0);
    cr_assert(!launcher_ended(&server, &status));
    cr_assert(launcher_stop(&server, 10000, &status) == 0, "%s",
              server.error);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    cr_assert(launcher_stop(&server, 10000, &status) == 0, "nothing to do");
}

Test(launcher, kills_who_does_not_stop)
{
    int status;

    cr_assert(start("trap '' TERM; echo listening 127.0.0.1:80; "
                    "while :; do sleep 0.01; done",
                    0) == 0);
    cr_assert(launcher_stop(&server, 100, &status) == -1);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_error("within 100 ms");
}

Test(launcher, finds_what_is_left_behind)
{
    int status;

    cr_assert(start("sleep 100 & trap 'exit 0' TERM; "
                    "echo listening 127.0.0.1:80; "
                    "while :; do sleep 0.01; done",
                    0) == 0);
    cr_assert(launcher_stop(&server, 10000, &status) == -1);
    assert_error("left processes behind");
}

/* In a session of its own it is in no group of ours. */
Test(launcher, finds_what_has_gone_away)
{
    char words[16] = "";
    int status;

    cr_assert(start("setsid sh -c 'echo $$ >&2; exec sleep 1000' & "
                    "trap 'exit 0' TERM; echo listening 127.0.0.1:80; "
                    "while :; do sleep 0.01; done",
                    0) == 0);
    while (launcher_read_words(&server, 0, words, sizeof(words)) < 2)
        ;
    cr_assert(launcher_stop(&server, 10000, &status) == -1);
    assert_error("left processes behind");
    for (int i = 0; i < 1000 && kill(atoi(words), 0) == 0; i++)
        clock_rest_ms(10); /* whoever inherits it reaps it */
    cr_assert(kill(atoi(words), 0) == -1, "%s lives", words);
}

Test(launcher, tells_that_a_server_said_too_much)
{
    const char *const argv[] = {"sh", "-c",
                                "exec head -c 2000000 /dev/zero >&2", NULL};
    const struct launch_plan plan = {.argv = argv, .max_words = 1000000};

    cr_assert(launcher_start(&server, &plan) == -1);
    assert_error("said more");
}

Test(launcher, tells_that_a_server_takes_too_much)
{
    cr_assert(start("sleep 100 & sleep 100 & "
                    "echo listening 127.0.0.1:80; wait",
                    0) == 0);
    while (
        !launcher_exceeds(&server, 2, 1 << 20)) /* until both are there */
        clock_rest_ms(1);
    cr_assert(strstr(server.error, "processes and threads; 2 are allowed"));
    cr_assert(!launcher_exceeds(&server, 100, 1 << 20));
    cr_assert(launcher_exceeds(&server, 100, 1));
    cr_assert(strstr(server.error, "KiB of memory; 1 are allowed"));
    launcher_kill(&server);
    cr_assert(!launcher_exceeds(&server, 0, 0), "it does not run");
}

Test(launcher, limits_are_the_server_s_alone)
{
    const char *const argv[] = {
        "sh",
        "-c",
        "echo listening 127.0.0.1:$(ulimit -n); exec sleep 9",
        NULL,
    };
    const struct launch_plan plan = {
        .argv = argv, .max_files = 123, .listens_elsewhere = true};

    cr_assert(launcher_start(&server, &plan) == 0, "%s", server.error);
    cr_assert(server.ports[0] == 123);
    launcher_kill(&server);
}

Test(launcher, gives_the_server_none_of_our_descriptors)
{
    cr_assert(dup2(STDIN_FILENO, 77) == 77);
    cr_assert(start("test -e /proc/$$/fd/77 && exit; "
                    "echo listening 127.0.0.1:80; exec sleep 100",
                    0) == 0,
              "descriptor 77 was passed on");
    launcher_kill(&server);
}

/* Without pidfd_open (Linux 5.3) and close_range (5.9). This suite in an
 * empty environment, or it would take itself for a part of this run. */
Test(launcher, needs_no_new_kernel)
{
    struct program program;

    cr_assert(program_start(&program, "tests/without",
                            "pidfd_open,close_range env -i PATH=/bin "
                            "build/tests/unit "
                            "--filter launcher/@(stops|kills|gives)_*"));
    cr_assert_eq(program_end(&program, 0), 0, "%s",
                 program_output(&program));
}

static void assert_words(const char *command, const char *const *words)
{
    char *argv[LAUNCH_ARGS];
    uint16_t port;
    size_t n = 0;

    cr_assert(launcher_split(command, argv, &port) == 0, "%s", command);
    for (; words[n] != NULL; n++)
        cr_assert(argv[n] != NULL && strcmp(argv[n], words[n]) == 0,
                  "word %zu of `%s` is not `%s`", n, command, words[n]);
    cr_assert(argv[n] == NULL, "`%s` has too many words", command);
    launcher_free_command(argv);
}

Test(launcher, splits_a_command_as_a_shell_would)
{
    setenv("FOLDER", "some where", 1);
    assert_words("a  b\tc", (const char *const[]){"a", "b", "c", NULL});
    assert_words("a 'b c' \"d e\" f\\ g",
                 (const char *const[]){"a", "b c", "d e", "f g", NULL});
    assert_words("\"$FOLDER/x\" ''",
                 (const char *const[]){"some where/x", "", NULL});
}

Test(launcher, runs_no_shell)
{
    static const char *const bad[] = {
        "",
        "  ",
        "a; b",
        "a | b",
        "a & b",
        "a > b",
        "a $(b)",
        "a `b`",
        "a 'b",
        "a (b)",
        "a $NO_SUCH_VARIABLE_HERE",
    };
    char *argv[LAUNCH_ARGS];
    uint16_t port;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert(launcher_split(bad[i], argv, &port) == -1,
                  "`%s` was taken", bad[i]);
}

Test(launcher, fills_one_free_port_in_everywhere)
{
    char *argv[LAUNCH_ARGS];
    char number[8];
    uint16_t port;

    cr_assert(
        launcher_split("serve {port} --log={port}.txt", argv, &port) == 0);
    cr_assert(port != 0);
    snprintf(number, sizeof(number), "%d", port);
    cr_assert(strcmp(argv[1], number) == 0 && strstr(argv[2], number));
    launcher_free_command(argv);
    cr_assert(launcher_split("serve 80", argv, &port) == 0 && port == 0);
    launcher_free_command(argv);
}

Test(launcher, finds_the_servers_of_another_build)
{
    char path[256];

    setenv("SUITE_BUILD", "build/nowhere", 1);
    launcher_path(path, sizeof(path), "forking/prefork");
    cr_assert(strcmp(path, "build/nowhere/forking/prefork") == 0, "%s",
              path);
}
