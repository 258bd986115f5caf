/* epoll/offload: responsive while it works, and workers that die. */
#include "common/clock.h"
#include "common/lab/launcher.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static struct program server;
static uint16_t port;
static char reply[4096];

static void open_server(const char *arguments)
{
    cr_assert(program_start(&server, "epoll/offload", arguments));
    port = program_port(&server);
    cr_assert_neq(port, 0);
}

/* The server's children, in no order; how many of them. */
static int find_workers(pid_t *pids, int max)
{
    char path[64];
    int n = 0;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", server.pid,
             server.pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && n < max && fscanf(file, "%d", &pids[n]) == 1)
        n++;
    if (file != NULL)
        fclose(file);
    return n;
}

/* Waits until it has so many. */
static bool has_workers(int wanted)
{
    int64_t deadline_ms = clock_now_ms() + PROGRAM_PATIENCE_MS;
    pid_t pids[16];

    while (find_workers(pids, 16) != wanted) {
        if (clock_now_ms() > deadline_ms)
            return false;
        clock_rest_ms(5);
    }
    return true;
}

static int dial_and_send(const char *text)
{
    int fd = program_dial(port);

    cr_assert_neq(fd, -1);
    cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL),
                 (ssize_t)strlen(text));
    return fd;
}

static ssize_t take(int fd)
{
    ssize_t n = recv(fd, reply, sizeof(reply) - 1, 0);

    reply[n > 0 ? n : 0] = '\0';
    return n;
}

/* While both workers sleep, newcomers are accepted and leave again. */
Test(offload, stays_responsive, .timeout = 60)
{
    open_server("--port 0 --workers 2 --work sleep:3s");
    cr_assert(has_workers(2));
    int64_t start_ms = clock_now_ms();
    int first = dial_and_send("first");
    int second = dial_and_send("second");
    clock_rest_ms(50);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(program_ask(port, "", 0, 0, reply, sizeof(reply)), 0);
    cr_assert_lt(clock_now_ms() - start_ms, 3000);
    cr_assert_eq(take(first), 5);
    cr_assert_str_eq(reply, "first");
    cr_assert_eq(take(second), 6);
    cr_assert_str_eq(reply, "second");
    cr_assert_geq(clock_now_ms() - start_ms, 3000);
    cr_assert_lt(clock_now_ms() - start_ms, 6000); /* side by side */
    close(first);
    close(second);
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

Test(offload, a_queue_longer_than_the_pool, .timeout = 60)
{
    int fds[20];
    char text[16];

    open_server("--port 0 --workers 3 --work sleep:20ms");
    for (int i = 0; i < 20; i++) {
        snprintf(text, sizeof(text), "message %d", i);
        fds[i] = dial_and_send(text);
    }
    for (int i = 0; i < 20; i++) {
        snprintf(text, sizeof(text), "message %d", i);
        cr_assert_gt(take(fds[i]), 0);
        cr_assert_str_eq(reply, text);
        close(fds[i]);
    }
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

Test(offload, a_worker_that_dies_costs_its_request, .timeout = 60)
{
    pid_t before, after;

    open_server("--port 0 --workers 1 --work sleep:2s");
    cr_assert(has_workers(1));
    find_workers(&before, 1);
    int unlucky = dial_and_send("unlucky");
    clock_rest_ms(1000); /* it is with the worker now */
    int queued = dial_and_send("queued");
    cr_assert_eq(kill(before, SIGKILL), 0);
    cr_assert_eq(take(unlucky), 0);
    cr_assert_eq(take(queued), 6);
    cr_assert_str_eq(reply, "queued");
    cr_assert(program_says(&server, "died (Killed): the client with its "
                                    "request is closed"));
    cr_assert(has_workers(1));
    find_workers(&after, 1);
    cr_assert_neq(before, after);

    kill(after, SIGKILL); /* an idle one costs nobody */
    cr_assert(program_says(&server, "died (Killed)\n"));
    cr_assert_eq(program_ask(port, "hi", 2, 0, reply, sizeof(reply)), 2);
    close(unlucky);
    close(queued);
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

/* Under a rain of kills, every client is echoed to or closed, and at the
 * end everything works. */
Test(offload, a_rain_of_kills, .timeout = 60)
{
    pid_t pids[4];

    open_server("--port 0 --workers 4 --work sleep:5ms");
    for (int round = 0; round < 60; round++) {
        int fds[8];
        for (int i = 0; i < 8; i++)
            fds[i] = dial_and_send("under fire");
        int n = find_workers(pids, 4);
        if (n > 0)
            kill(pids[round % n], SIGKILL);
        for (int i = 0; i < 8; i++) {
            cr_assert_geq(take(fds[i]), 0);
            close(fds[i]);
        }
    }
    cr_assert(has_workers(4));
    cr_assert_eq(program_ask(port, "hi", 2, 0, reply, sizeof(reply)), 2);
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

/* Clients have all the descriptors, and more wait for the next free one:
 * those that are here already are served all the same. */
Test(offload, a_worker_is_replaced_at_the_descriptor_limit, .timeout = 60)
{
    const struct rlimit few = {.rlim_cur = 16, .rlim_max = 16};
    int fds[20];
    pid_t pid;

    open_server("--port 0 --workers 1");
    cr_assert(has_workers(1));
    cr_assert_eq(prlimit(server.pid, RLIMIT_NOFILE, &few, NULL), 0);
    for (int i = 0; i < 20; i++)
        fds[i] = program_dial(port);
    cr_assert(program_says(&server, "newcomers are closed"));
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(find_workers(&pid, 1), 1);
        kill(pid, SIGKILL);
        cr_assert(program_says(&server, "died (Killed)\n"));
        close(program_dial(port));
        cr_assert(has_workers(1));
    }
    cr_assert_eq(send(fds[0], "hi", 2, MSG_NOSIGNAL), 2);
    cr_assert_eq(take(fds[0]), 2);
    for (int i = 0; i < 20; i++)
        close(fds[i]);
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

/* A worker that is hired later gets no socket of a client's, even where
 * close_range() is missing: the stream would not end before it closes that,
 * too. */
Test(offload, a_new_worker_keeps_no_client, .timeout = 60)
{
    static const char *const missing[] = {"close_range", "pidfd_open"};
    char arguments[512];
    pid_t pid;

    for (int i = 0; i < 2; i++) {
        snprintf(arguments, sizeof(arguments),
                 "%s %s/epoll/offload --port 0 --workers 1", missing[i],
                 launcher_folder());
        cr_assert(program_start(&server, "tests/without", arguments));
        port = program_port(&server);
        int fd = dial_and_send("before");
        cr_assert_eq(take(fd), 6);
        cr_assert(has_workers(1));
        cr_assert_eq(find_workers(&pid, 1), 1);
        cr_assert_eq(kill(pid, SIGKILL), 0);
        cr_assert(program_says(&server, "died (Killed)\n"));
        cr_assert(has_workers(1));
        cr_assert_eq(send(fd, "after", 5, MSG_NOSIGNAL), 5);
        cr_assert_eq(take(fd), 5);
        shutdown(fd, SHUT_WR);
        cr_assert_eq(take(fd), 0, "without %s", missing[i]);
        close(fd);
        cr_assert_eq(program_end(&server, SIGTERM), 0);
    }
}

/* Clients that reset while their request waits or is worked on. */
Test(offload, who_leaves_early_is_forgotten, .timeout = 60)
{
    const struct linger at_once = {.l_onoff = 1};

    open_server("--port 0 --workers 1 --work sleep:300ms");
    for (int i = 0; i < 50; i++) {
        int fd = dial_and_send("never mind");
        if (i == 0)
            clock_rest_ms(50);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        close(fd);
    }
    /* Fifty would take longer than we wait. */
    cr_assert_eq(program_ask(port, "hi", 2, 0, reply, sizeof(reply)), 2);
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

/* What has arrived is echoed; no process is left behind. */
Test(offload, stops_gracefully, .timeout = 60)
{
    pid_t pids[2] = {0};

    open_server("--port 0 --workers 2 --work sleep:300ms");
    cr_assert(has_workers(2));
    find_workers(pids, 2);
    int fd = dial_and_send("first"); /* it is surely accepted */
    cr_assert_eq(take(fd), 5);
    cr_assert_eq(send(fd, "last words", 10, MSG_NOSIGNAL), 10);
    kill(pids[0], SIGTERM); /* Ctrl-C reaches the workers, too */
    kill(pids[1], SIGINT);
    kill(server.pid, SIGTERM);
    cr_assert_eq(take(fd), 10);
    cr_assert_eq(program_end(&server, 0), 0);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(kill(pids[i], 0), -1);
    close(fd);
}

Test(offload, work_too_long_is_cut, .timeout = 60)
{
    pid_t pid;

    open_server("--port 0 --workers 1 --work cpu:10s --drain-ms 200");
    cr_assert(has_workers(1));
    cr_assert_eq(find_workers(&pid, 1), 1);
    int working = dial_and_send("working");
    int queued = dial_and_send("queued");
    clock_rest_ms(100);
    int64_t start_ms = clock_now_ms();
    cr_assert_eq(program_end(&server, SIGTERM), 1);
    cr_assert_lt(clock_now_ms() - start_ms, 5000);
    cr_assert_eq(kill(pid, 0), -1);
    close(working);
    close(queued);
}
