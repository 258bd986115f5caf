/*
 * timeout_poll/two_ports and select/two_ports: what is printed, in which
 * order, and when.
 */
#include "common/clock.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char reply[256];

static void greets(uint16_t port, const char *message)
{
    char wanted[32];

    cr_assert_gt(program_ask(port, message, strlen(message), 0, reply,
                             sizeof(reply)),
                 0);
    snprintf(wanted, sizeof(wanted), "welcome %d!", port);
    cr_assert_str_eq(reply, wanted);
}

/* With nobody there it turns to one socket after the other, each for the
 * time given: five turns take four of them. */
Test(two_ports, by_turns_alternates, .timeout = 60)
{
    int64_t start_ms = clock_now_ms();
    struct program server;

    cr_assert(program_start(&server, "timeout_poll/two_ports",
                            "--port 0 --port 0 --timeout-ms 300"));
    cr_assert(program_says(&server, "hello socket1\nhello socket2\n"
                                    "hello socket1\nhello socket2\n"
                                    "hello socket1\n"));
    int64_t took_ms = clock_now_ms() - start_ms;
    cr_assert(took_ms >= 1200, "%ld ms", (long)took_ms);
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

Test(two_ports, by_turns_defaults_to_a_second, .timeout = 60)
{
    int64_t start_ms = clock_now_ms();
    struct program server;

    cr_assert(program_start(&server, "timeout_poll/two_ports",
                            "--port 0 --port 0"));
    cr_assert(program_says(&server, "hello socket1\nhello socket2\n"));
    int64_t took_ms = clock_now_ms() - start_ms;
    cr_assert(took_ms >= 1000, "%ld ms", (long)took_ms);
    cr_assert_eq(program_end(&server, SIGINT), 0);
}

/* The unlucky client: nobody else is there, and it waits for ten ports. */
Test(two_ports, by_turns_ten_ports_make_an_unlucky_client, .timeout = 60)
{
    int64_t start_ms = clock_now_ms();
    struct program server;
    uint16_t ports[10];

    cr_assert(program_start(
        &server, "timeout_poll/two_ports",
        "--timeout-ms 200 --port 0 --port 0 --port 0 --port 0 --port 0 "
        "--port 0 --port 0 --port 0 --port 0 --port 0"));
    for (int i = 0; i < 10; i++)
        cr_assert((ports[i] = program_port(&server)) != 0);
    cr_assert(
        program_says(&server, "hello socket2\n")); /* 1 has just been */
    greets(ports[0], "hi");
    int64_t took_ms = clock_now_ms() - start_ms;
    cr_assert(took_ms >= 2000, "%ld ms", (long)took_ms); /* a whole lap */
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

static void serves_both(const char *name, const char *arguments)
{
    struct program server;

    cr_assert(program_start(&server, name, arguments));
    uint16_t first = program_port(&server);
    uint16_t second = program_port(&server);
    greets(first, "hi");
    cr_assert(program_says(&server, "hello socket1\n[127.0.0.1:"));
    cr_assert(program_says(&server, "] message: hi\n"));
    greets(second, "안녕 \x1b[2J");
    cr_assert(program_says(&server, "hello socket2\n[127.0.0.1:"));
    cr_assert(program_says(&server, "] message: 안녕 \\x1b[2J\n"));
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

Test(two_ports, by_turns_serves_both, .timeout = 60)
{
    serves_both("timeout_poll/two_ports",
                "--timeout-ms 50 --port 0 --port 0");
}

Test(two_ports, by_select_serves_both, .timeout = 60)
{
    serves_both("select/two_ports", "--port 0 --port 0");
}

Test(two_ports, by_select_keeps_silent_until_somebody_comes, .timeout = 60)
{
    struct program server;

    cr_assert(
        program_start(&server, "select/two_ports", "--port 0 --port 0"));
    cr_assert(program_port(&server) != 0);
    uint16_t second = program_port(&server);
    poll(NULL, 0, 1500);
    cr_assert_eq(strlen(program_output(&server)), server.at);
    greets(second, "hi");
    cr_assert_null(strstr(program_output(&server), "socket1"));
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

/* A client that says nothing holds all others for a second, and not for
 * good. A reset, an early end or a long message do no harm, either. */
static void outlives_villains(const char *name, const char *arguments)
{
    const struct linger at_once = {.l_onoff = 1};
    static char much[100000];
    struct program server;

    cr_assert(program_start(&server, name, arguments));
    uint16_t first = program_port(&server);
    uint16_t second = program_port(&server);
    int silent = program_dial(first);
    cr_assert(program_says(&server, "hello socket1\n"));
    poll(NULL, 0, 100); /* by turns: surely accepted */
    greets(second, "hi");
    cr_assert(program_says(&server, "message: (none)\n"));
    close(silent);

    int fd = program_dial(first);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
    close(program_dial(second));
    memset(much, 'x', sizeof(much));
    program_ask(first, much, sizeof(much), 0, reply, sizeof(reply));
    greets(first, "hi");
    greets(second, "hi");
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

Test(two_ports, by_turns_outlives_villains, .timeout = 60)
{
    outlives_villains("timeout_poll/two_ports",
                      "--timeout-ms 50 --port 0 --port 0");
}

Test(two_ports, by_select_outlives_villains, .timeout = 60)
{
    outlives_villains("select/two_ports", "--port 0 --port 0");
}

/* More than the server asks of recv(): a close with the rest unread would
 * be a reset in place of an end of stream. */
static void answers_a_long_message(const char *name, const char *arguments)
{
    static char much[4096];
    struct program server;

    cr_assert(program_start(&server, name, arguments));
    uint16_t port = program_port(&server);
    int length = snprintf(NULL, 0, "welcome %d!", port);
    memset(much, 'x', sizeof(much));
    for (int i = 0; i < 10; i++) {
        int fd = program_dial(port);
        cr_assert_eq(send(fd, much, sizeof(much), MSG_NOSIGNAL),
                     (ssize_t)sizeof(much));
        shutdown(fd, SHUT_WR);
        ssize_t n = recv(fd, reply, sizeof(reply), MSG_WAITALL);
        cr_assert_eq(n, length, "%zd", n);
        cr_assert_eq(recv(fd, reply, sizeof(reply), 0), 0);
        close(fd);
    }
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

Test(two_ports, by_turns_answers_a_long_message, .timeout = 60)
{
    answers_a_long_message("timeout_poll/two_ports",
                           "--timeout-ms 50 --port 0");
}

Test(two_ports, by_select_answers_a_long_message, .timeout = 60)
{
    answers_a_long_message("select/two_ports", "--port 0");
}

/* A client that never stops sending is left in the end. */
static void leaves_the_talkative(const char *name, const char *arguments)
{
    static char much[1024];
    struct program server;

    cr_assert(program_start(&server, name, arguments));
    uint16_t port = program_port(&server);
    int fd = program_dial(port);
    int64_t end_ms = clock_now_ms() + PROGRAM_PATIENCE_MS;
    while (send(fd, much, sizeof(much), MSG_NOSIGNAL) != -1)
        cr_assert_lt(clock_now_ms(), end_ms);
    close(fd);
    greets(port, "hi");
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

Test(two_ports, by_turns_leaves_the_talkative, .timeout = 60)
{
    leaves_the_talkative("timeout_poll/two_ports",
                         "--timeout-ms 50 --port 0");
}

Test(two_ports, by_select_leaves_the_talkative, .timeout = 60)
{
    leaves_the_talkative("select/two_ports", "--port 0");
}
