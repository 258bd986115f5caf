/* bench/load: the generator against servers that misbehave, each in one
 * way. It runs as a process of its own, as its users run it. */
#include "bench/load/client.h"
#include "bench/load/talk.h"
#include "bench/load/turn.h"
#include "common/clock.h"
#include "common/echo.h"
#include "common/lab/launcher.h"
#include "common/options.h"
#include "tests/program.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A run of the generator under way. */
struct run {
    pid_t pid;
    FILE *output;
    int input; /* its stdin */
};

/* Its --json, and what else it told. */
struct ran {
    int status; /* exit status; -1: killed */
    json_t *json;
    double seconds;
};

enum { WORDS = 32, TIMEOUT_S = 20 };

static struct server server;

static void stop_server(void)
{
    launcher_kill(&server);
}

TestSuite(load, .fini = stop_server, .timeout = 30);

static void start(const char *program, const char *fault)
{
    const char *argv[] = {program, fault, NULL};
    struct launch_plan plan = {.argv = argv};

    cr_assert_eq(launcher_start(&server, &plan), 0, "%s", server.error);
}

static void start_bad(const char *fault)
{
    start("build/tests/badserver", fault);
}

/* words: what follows `load --json`, by blanks, but HOST:PORT. */
static void become_load(const char *words, uint16_t port, int output)
{
    char copy[256];
    char target[32];
    char *argv[WORDS] = {(char *)"load", (char *)"--json"};
    int n = 2;
    char *rest;

    snprintf(copy, sizeof(copy), "%s", words);
    snprintf(target, sizeof(target), "127.0.0.1:%u", port);
    for (char *word = strtok_r(copy, " ", &rest); word && n < WORDS - 2;
         word = strtok_r(NULL, " ", &rest))
        argv[n++] = word;
    argv[n] = target;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(TIMEOUT_S);
    dup2(output, STDOUT_FILENO);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    close_range(3, ~0U, 0);
    execv("build/bench/load", argv);
    _exit(127);
}

static struct run load_start(const char *words, uint16_t port)
{
    struct run load;
    int ends[2], input[2];

    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    cr_assert_eq(pipe2(input, O_CLOEXEC), 0);
    load.pid = fork();
    if (load.pid == 0) {
        dup2(input[0], STDIN_FILENO);
        become_load(words, port, ends[1]);
    }
    cr_assert(load.pid > 0);
    close(ends[1]);
    close(input[0]);
    load.input = input[1];
    load.output = fdopen(ends[0], "r");
    return load;
}

static struct ran load_end(struct run load)
{
    struct ran outcome = {0};
    json_error_t error;
    int status;

    outcome.json = json_loadf(load.output, 0, &error);
    fclose(load.output);
    close(load.input);
    cr_assert_eq(waitpid(load.pid, &status, 0), load.pid);
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    cr_assert(outcome.status == EXIT_USAGE || outcome.json != NULL,
              "no JSON: %s, line %d; status %#x", error.text, error.line,
              (unsigned)status);
    return outcome;
}

/* Returns a listener on a port of the kernel's choice, the target. */
static int listen_on_loopback(struct target *target)
{
    struct sockaddr_in *address = (struct sockaddr_in *)&target->address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    target->length = sizeof(*address);
    cr_assert_eq(bind(fd, (struct sockaddr *)address, sizeof(*address)), 0);
    cr_assert_eq(listen(fd, 1), 0);
    getsockname(fd, (struct sockaddr *)address, &target->length);
    return fd;
}

static double now_s(void)
{
    return (double)clock_now_ns() / NS_PER_S;
}

static struct ran load_run(const char *words)
{
    double began = now_s();
    struct ran outcome = load_end(load_start(words, server.ports[0]));

    outcome.seconds = now_s() - began;
    return outcome;
}

/* path: names with dots between: "errors.short". */
static double number(const struct ran *outcome, const char *path)
{
    const json_t *at = outcome->json;
    char copy[64];
    char *rest;

    snprintf(copy, sizeof(copy), "%s", path);
    for (char *name = strtok_r(copy, ".", &rest); name != NULL;
         name = strtok_r(NULL, ".", &rest))
        at = json_object_get(at, name);
    cr_assert(json_is_number(at), "no number: %s", path);
    return json_number_value(at);
}

/* All n clients fail in one way and in no other. */
static void check_failure(const char *fault, const char *words, double n,
                          const char *error)
{
    char patient[256];

    /* However late the machine lets the server answer. */
    snprintf(patient, sizeof(patient), "--drain=10s %s", words);
    start_bad(fault);
    struct ran outcome = load_run(patient);
    cr_assert_eq(outcome.status, 0);
    cr_assert_eq(number(&outcome, error), n, "%s is %g, not %g", error,
                 number(&outcome, error), n);
    cr_assert_eq(number(&outcome, "errors.total"), n);
    cr_assert_eq(number(&outcome, "connected"), n);
}

#define SHORT_RUN "--warmup=0s --duration=100ms --clients=3 "

Test(load, no_fault_no_error)
{
    start_bad("none");
    struct ran outcome = load_run(SHORT_RUN "--size=100");
    double echoes = number(&outcome, "round_trips");

    cr_assert_eq(outcome.status, 0);
    cr_assert_eq(number(&outcome, "errors.total"), 0);
    cr_assert_eq(number(&outcome, "served"), 3);
    cr_assert_eq(number(&outcome, "unserved"), 0);
    cr_assert(echoes > 10);
    cr_assert_eq(number(&outcome, "latency.count"), echoes);
    cr_assert_eq(number(&outcome, "bytes_received"),
                 number(&outcome, "all_echoes") * 100);
}

Test(load, wrong_byte)
{
    check_failure("wrong", SHORT_RUN, 3, "errors.wrong_byte");
}

Test(load, wrong_byte_in_a_large_message)
{
    check_failure("wrong", SHORT_RUN "--size=1048576", 3,
                  "errors.wrong_byte");
}

Test(load, byte_too_many)
{
    check_failure("extra", SHORT_RUN, 3, "errors.wrong_byte");
}

Test(load, message_of_before)
{
    check_failure("repeat", SHORT_RUN, 3, "errors.wrong_byte");
}

/* What is sent tells clients apart, and messages of one client. */
Test(load, messages_differ)
{
    enum { CLIENTS = 10000 };
    static bool seen[2][PATTERN_PLACES];

    for (uint32_t i = 0; i < CLIENTS; i++) {
        struct client client = load_client_new(i, false);
        cr_assert(!seen[0][client.place], "client %u", i);
        seen[0][client.place] = true;
    }
    struct client client = load_client_new(7, false);
    for (int i = 0; i < PATTERN_PLACES; i++) {
        cr_assert(!seen[1][client.place], "message %d", i);
        seen[1][client.place] = true;
        load_client_begin(&client);
    }
}

/* All but the one whose message came last get another client's bytes. */
Test(load, message_of_another_client)
{
    start_bad("mixed");
    struct ran outcome = load_run(SHORT_RUN);

    cr_assert(number(&outcome, "errors.wrong_byte") >= 2);
}

Test(load, short_echo)
{
    check_failure("short", SHORT_RUN, 3, "errors.short");
}

Test(load, reset)
{
    check_failure("reset", SHORT_RUN, 3, "errors.reset");
}

Test(load, timed_out)
{
    check_failure("mute", SHORT_RUN "--timeout=40ms", 3,
                  "errors.timed_out");
}

Test(load, large_messages)
{
    start("build/iterative/server", "--port=0");
    struct ran outcome = load_run(
        "--warmup=0s --duration=500ms --clients=1 --size=1048576");

    cr_assert_eq(number(&outcome, "errors.total"), 0);
    cr_assert(number(&outcome, "round_trips") >= 2);
}

/* A generator within this process, and the server's end of its
 * connection. */
struct pair {
    struct load_options options;
    struct load load;
    int server;
};

static void pair_open(struct pair *pair, long size)
{
    static struct pattern pattern;
    int listener = listen_on_loopback(&pair->options.target);

    pair->options.clients = 1;
    pair->options.size = size;
    pattern_fill(&pattern, (size_t)size);
    cr_assert_eq(load_open(&pair->load, &pair->options, &pattern), 0);
    talk_connect(&pair->load, &pair->load.clients[0]);
    pair->server = accept(listener, NULL, NULL);
}

static void pair_advance(struct pair *pair)
{
    struct epoll_event event;

    if (epoll_wait(pair->load.epoll_fd, &event, 1, 1) == 1)
        talk_advance(&pair->load, event.data.ptr, event.events);
}

/*
 * Where buffers are small, both directions are full at times: a client that
 * only sends or only receives would wait for ever. Loopback's take 1 MiB at
 * once, so here is a small one.
 */
Test(load, large_message_through_a_small_buffer)
{
    static struct pair pair;
    const struct turn *turn = &pair.load.turn;
    int small = 4096;

    pair_open(&pair, MESSAGE_MAX);
    struct client *client = &pair.load.clients[0];
    fcntl(pair.server, F_SETFL, O_NONBLOCK);
    struct conn *conn = conn_open(pair.server);
    setsockopt(client->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    talk_start_all(&pair.load);
    cr_assert_lt(client->sent, MESSAGE_MAX / 2, "not small");
    for (int i = 0; i < 10000 && turn->all_echoes == 0; i++) {
        pair_advance(&pair);
        cr_assert_neq(echo_step(conn), ECHO_DONE);
    }
    cr_assert_eq(turn->all_echoes, 1);
    cr_assert_eq(turn->bytes_sent, MESSAGE_MAX);
    cr_assert_eq(turn->bytes_received, MESSAGE_MAX);
}

/* More than one recv() takes, and epoll tells of it but once. */
Test(load, echo_that_arrives_all_at_once)
{
    enum { SIZE = 100000 };
    static unsigned char buf[SIZE];
    static struct pair pair;
    int pending = 0;

    pair_open(&pair, SIZE);
    talk_start_all(&pair.load);
    cr_assert_eq(recv(pair.server, buf, SIZE, MSG_WAITALL), SIZE);
    cr_assert_eq(send(pair.server, buf, SIZE, 0), SIZE);
    for (int i = 0; i < 1000 && pending < SIZE; i++) {
        clock_rest_ms(1);
        ioctl(pair.load.clients[0].fd, FIONREAD, &pending);
    }
    cr_assert_eq(pending, SIZE);
    pair_advance(&pair);
    cr_assert_eq(pair.load.turn.all_echoes, 1);
}

Test(load, sources_take_turns)
{
    struct target target = {0};

    cr_assert_null(target_resolve("127.0.0.1:5050", &target));
    target.sources = 3;
    target.first_source = 10;
    for (uint32_t i = 0; i < 6; i++) {
        struct sockaddr_in address = {0};
        socklen_t length = sizeof(address);
        int fd = target_socket(&target, i);
        cr_assert_neq(fd, -1);
        getsockname(fd, (struct sockaddr *)&address, &length);
        cr_assert_eq(ntohl(address.sin_addr.s_addr),
                     INADDR_LOOPBACK + 10 + i % 3);
        close(fd);
    }
}

Test(load, target_is_a_host_and_a_port)
{
    static const char *const wrong[] = {
        "",          "127.0.0.1",       "127.0.0.1:",
        ":5050",     "127.0.0.1:70000", "127.0.0.1:no",
        "[::1:5050",
    };
    struct target target;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        cr_assert_not_null(target_resolve(wrong[i], &target), "%s",
                           wrong[i]);
    cr_assert_null(target_resolve("[::1]:5050", &target));
    cr_assert_eq(target.address.ss_family, AF_INET6);
    cr_assert(!target.loopback, "has no 127.0.0.2");
    cr_assert_null(target_resolve("127.1.2.3:5050", &target));
    cr_assert(target.loopback);
    cr_assert_null(target_resolve("192.0.2.1:5050", &target));
    cr_assert(!target.loopback);
}

/* 1 MiB fits no buffer of a server that reads nothing: send must not wait.
 */
Test(load, timed_out_with_half_a_message_sent)
{
    check_failure("deaf", SHORT_RUN "--timeout=40ms --size=1048576", 3,
                  "errors.timed_out");
}

/* The server shuts the door; whether a client hears of it as the end of
 * stream or as a reset is a matter of microseconds. */
Test(load, closed_at_once)
{
    start_bad("closed");
    struct ran outcome = load_run(SHORT_RUN);

    cr_assert_eq(number(&outcome, "errors.short") +
                     number(&outcome, "errors.reset"),
                 3);
    cr_assert_eq(number(&outcome, "unserved"), 3);
    cr_assert_eq(number(&outcome, "round_trips"), 0);
}

/* One right echo, then the end: a client that keeps a connection loses it.
 */
Test(load, closed_after_one_echo)
{
    start_bad("once");
    struct ran outcome = load_run(SHORT_RUN);

    cr_assert_eq(number(&outcome, "errors.short") +
                     number(&outcome, "errors.reset"),
                 3);
    cr_assert_eq(number(&outcome, "round_trips"), 3);
    outcome = load_run(SHORT_RUN "--churn");
    cr_assert_eq(number(&outcome, "errors.total"), 0);
    cr_assert(number(&outcome, "round_trips") > 10);
}

/* Clients neither served nor failed yet are shown, and not waited for. */
Test(load, unserved_within_the_window)
{
    start_bad("mute");
    struct ran outcome = load_run(SHORT_RUN "--timeout=10s");

    cr_assert_eq(number(&outcome, "errors.total"), 0);
    cr_assert_eq(number(&outcome, "unserved"), 3);
    cr_assert(number(&outcome, "longest_wait_ns") >= 99e6);
    cr_assert_lt(outcome.seconds, 3);
}

Test(load, refused)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0); /* bound, and not listening */

    cr_assert_eq(bind(fd, (struct sockaddr *)&address, length), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    server.ports[0] = ntohs(address.sin_port);
    struct ran outcome = load_run(SHORT_RUN "--duration=5s");
    cr_assert_eq(outcome.status, 1);
    cr_assert_eq(number(&outcome, "errors.refused"), 3);
    cr_assert_eq(number(&outcome, "unserved"), 3);
    cr_assert_lt(outcome.seconds, 3, "nobody to wait 5 s for");
    outcome = load_run(SHORT_RUN "--churn --duration=200ms");
    cr_assert_eq(outcome.status, 1);
    cr_assert(number(&outcome, "errors.refused") >= 6);
    cr_assert(number(&outcome, "errors.refused") <= 60,
              "it is to rest between two tries");
    close(fd);
}

Test(load, delay_is_measured)
{
    start_bad("late");
    struct ran outcome = load_run(
        "--spin --warmup=50ms --duration=500ms --clients=2");
    double p50 = number(&outcome, "latency.p50_ns");

    cr_assert(p50 >= 20e6 && p50 < 40e6, "20 ms are measured as %g", p50);
}

Test(load, connection_for_every_message)
{
    start_bad("none");
    struct ran outcome = load_run(SHORT_RUN "--churn --size=5000");

    cr_assert_eq(number(&outcome, "errors.total"), 0);
    cr_assert(number(&outcome, "round_trips") > 10);
    cr_assert_eq(number(&outcome, "connections"),
                 number(&outcome, "all_echoes"));
}

/* A connection that breaks is followed by the next. */
Test(load, connection_for_every_message_cut_short)
{
    start_bad("short");
    struct ran outcome = load_run(SHORT_RUN "--churn");

    cr_assert(number(&outcome, "errors.short") > 3);
    cr_assert_eq(number(&outcome, "errors.total"),
                 number(&outcome, "errors.short"));
}

Test(load, idle_connections_that_are_lost)
{
    start_bad("closed");
    struct ran outcome = load_run(SHORT_RUN "--idle=7");

    cr_assert_eq(number(&outcome, "idle_connected"), 7);
    cr_assert_eq(number(&outcome, "idle_lost"), 7);
}

/* A random number of messages: within six standard deviations of what is
 * offered. */
static bool is_about(double n, double mean)
{
    return (n - mean) * (n - mean) <= 36 * mean;
}

/* All planned messages are counted, however late they come back. */
Test(load, open_loop_keeps_to_its_plan)
{
    start("build/epoll/server", "--port=0");
    struct ran outcome = load_run(
        "--rate=1000 --clients=4 --warmup=100ms --duration=500ms "
        "--timeout=10s");
    double n = number(&outcome, "planned");

    cr_assert(is_about(n, 500), "%g", n);
    cr_assert_eq(number(&outcome, "latency.count"), n);
    cr_assert_eq(number(&outcome, "latency_from_send.count"), n);
    cr_assert_eq(number(&outcome, "unanswered"), 0);
    cr_assert_eq(number(&outcome, "achieved_per_s"), n * 2);
    n = number(&outcome, "all_echoes");
    cr_assert(is_about(n, 600), "%g", n);
}

static int by_size(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Times between messages of a Poisson process are spread as far as their
 * mean; those of an even plan are not. */
Test(load, open_loop_sends_at_random_moments)
{
    start("build/epoll/server", "--port=0");
    struct ran outcome = load_run(
        "--rate=2000 --clients=4 --warmup=0s --duration=1s --samples=1500 "
        "--timeout=10s");
    const json_t *samples = json_object_get(outcome.json, "samples");
    size_t n = json_array_size(samples);
    size_t short_ones = 0;
    double planned_ns[1500];

    cr_assert_eq(n, 1500);
    for (size_t i = 0; i < n; i++) /* told in the order of their ends */
        planned_ns[i] = json_number_value(
            json_array_get(json_array_get(samples, i), 0));
    qsort(planned_ns, n, sizeof(planned_ns[0]), by_size);
    for (size_t i = 1; i < n; i++) /* half of the mean */
        short_ones += planned_ns[i] - planned_ns[i - 1] < 250e3;
    /* 1 - exp(-1/2) is 0.39. */
    cr_assert(short_ones > n / 3 && short_ones < n / 2, "%zu of %zu",
              short_ones, n);
}

/* Nobody answers: every planned message is accounted for. */
Test(load, open_loop_counts_the_unanswered)
{
    start_bad("mute");
    struct ran outcome = load_run(
        "--rate=1000 --clients=4 --warmup=0s --duration=200ms "
        "--timeout=300ms");
    double n = number(&outcome, "unanswered");

    cr_assert(is_about(n, 200), "%g", n);
    cr_assert_eq(number(&outcome, "planned"), n);
    cr_assert_eq(number(&outcome, "latency.count"), n);
    cr_assert(number(&outcome, "latency.min_ns") >= 100e6);
    cr_assert_lt(outcome.seconds, 4);
}

/* 4 clients and 20 ms make 200 a second at most, of 1000 planned. */
Test(load, open_loop_beyond_what_the_server_can)
{
    start_bad("late");
    struct ran outcome = load_run(
        "--rate=1000 --clients=4 --warmup=0s --duration=200ms "
        "--timeout=100ms");

    double n = number(&outcome, "planned");
    cr_assert(is_about(n, 200), "%g", n);
    cr_assert_eq(number(&outcome, "latency.count"), n);
    cr_assert(number(&outcome, "unanswered") >= n - 70);
    cr_assert(number(&outcome, "round_trips") <= 40);
    cr_assert(number(&outcome, "latency.p99_ns") >= 150e6);
}

/* --- turns --------------------------------------------------------- */

/* One line of JSON, behind the word before it. Its status is not known. */
static struct ran turns_read(const struct run *load, const char *word)
{
    struct ran outcome = {0};
    char *line = NULL;
    size_t size = 0;

    cr_assert_gt(getline(&line, &size, load->output), 0);
    cr_assert_eq(strncmp(line, word, strlen(word)), 0, "%s", line);
    outcome.json = json_loads(line + strlen(word), 0, NULL);
    cr_assert_not_null(outcome.json, "%s", line);
    free(line);
    return outcome;
}

static void turns_ask(const struct run *load, const char *command)
{
    ssize_t n = (ssize_t)strlen(command);

    cr_assert_eq(write(load->input, command, (size_t)n), n);
}

/* At the end of its input it leaves. */
static int turns_end(const struct run *load)
{
    int status;

    close(load->input);
    cr_assert_eq(waitpid(load->pid, &status, 0), load->pid);
    fclose(load->output);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(load, turns_are_driven_one_by_one)
{
    start("build/epoll/server", "--port=0");
    struct run load = load_start("--turns --clients=4 --idle=2",
                                 server.ports[0]);
    struct ran ready = turns_read(&load, "ready ");

    cr_assert_eq(number(&ready, "served"), 4);
    cr_assert_eq(number(&ready, "idle_served"), 2);
    cr_assert_eq(number(&ready, "errors.total"), 0);
    for (int i = 0; i < 3; i++) {
        turns_ask(&load, "turn 60 10\n");
        struct ran turn = turns_read(&load, "");
        double echoes = number(&turn, "echoes");
        double window_ns = number(&turn, "window_ns");
        cr_assert_gt(echoes, 0);
        cr_assert_geq(number(&turn, "all_echoes"), echoes);
        cr_assert(window_ns > 0 && window_ns <= 60e6, "%g", window_ns);
        cr_assert_eq(number(&turn, "latency.count"), echoes);
        cr_assert_eq(number(&turn, "in_flight"), 0);
        cr_assert(json_is_true(json_object_get(turn.json, "drained")));
        cr_assert_gt(number(&turn, "cpu_ns"), 0);
        cr_assert_eq(number(&turn, "served"), 4);
    }
    turns_ask(&load, "again\n");
    struct ran asked = turns_read(&load, "");
    cr_assert_eq(number(&asked, "echoes"), 6, "the idle ones, too");
    cr_assert_eq(turns_end(&load), 0);
}

Test(load, turns_connect_for_every_message)
{
    start("build/epoll/server", "--port=0");
    struct run load = load_start("--turns --churn --clients=4",
                                 server.ports[0]);
    struct ran ready = turns_read(&load, "ready ");

    cr_assert_eq(number(&ready, "served"), 4);
    turns_ask(&load, "turn 60 10\n");
    struct ran turn = turns_read(&load, "");
    cr_assert_gt(number(&turn, "connections"), 4);
    cr_assert_eq(number(&turn, "connections"), number(&turn, "all_echoes"));
    cr_assert_eq(turns_end(&load), 0);
}

/* An iterative server has one client; the others are not waited for, and
 * take part once they are served. */
Test(load, turns_know_who_is_served)
{
    start("build/iterative/server", "--port=0");
    struct run load = load_start(
        "--turns --patience=100ms --clients=3 --timeout=10ms",
        server.ports[0]);
    struct ran ready = turns_read(&load, "ready ");

    cr_assert_eq(number(&ready, "connected"), 3);
    cr_assert_eq(number(&ready, "served"), 1);
    turns_ask(&load, "turn 50 10\n");
    struct ran turn = turns_read(&load, "");
    cr_assert_eq(number(&turn, "served"), 1);
    cr_assert_gt(number(&turn, "echoes"), 0);
    cr_assert_eq(number(&turn, "in_flight"), 0);
    cr_assert_eq(number(&turn, "errors.total"), 0);
    cr_assert_eq(turns_end(&load), 0);
}

/* A server that stands still spoils its turn, and takes part again. */
Test(load, turns_outlast_a_stop)
{
    start("build/epoll/server", "--port=0");
    struct run load = load_start("--turns --clients=4 --drain=20ms",
                                 server.ports[0]);

    turns_read(&load, "ready ");
    kill(server.pid, SIGSTOP);
    turns_ask(&load, "turn 50 10\n");
    struct ran turn = turns_read(&load, "");
    cr_assert_eq(number(&turn, "echoes"), 0);
    cr_assert_eq(number(&turn, "in_flight"), 4);
    cr_assert(json_is_false(json_object_get(turn.json, "drained")));
    cr_assert_geq(number(&turn, "longest_wait_ns"), 50e6);
    kill(server.pid, SIGCONT);
    turns_ask(&load, "turn 2000 0\n");
    turn = turns_read(&load, "");
    cr_assert_gt(number(&turn, "echoes"), 4);
    cr_assert_eq(number(&turn, "in_flight"), 0);
    cr_assert_eq(number(&turn, "errors.total"), 0);
    cr_assert_eq(turns_end(&load), 0);
}

/* All that hoses send comes back, and the quiet one is served meanwhile. */
Test(load, turns_of_hoses)
{
    start("build/epoll/server", "--port=0");
    struct run load = load_start("--turns --hoses=3", server.ports[0]);
    struct ran ready = turns_read(&load, "ready ");

    cr_assert_eq(number(&ready, "served"), 4);
    turns_ask(&load, "turn 1500 0 9000\n");
    struct ran turn = turns_read(&load, "");
    double least = number(&turn, "least_bytes");
    double most = number(&turn, "most_bytes");
    cr_assert_gt(least, 0);
    cr_assert_geq(most, least);
    cr_assert_geq(number(&turn, "bytes"), least + 2 * most - most);
    cr_assert_eq(number(&turn, "owed_bytes"), 0);
    cr_assert_eq(number(&turn, "echoes"), 2, "after 0.1 and 1.1 s");
    cr_assert_gt(number(&turn, "longest_wait_ns"), 0);
    cr_assert_eq(number(&turn, "errors.total"), 0);
    cr_assert_eq(turns_end(&load), 0);
}

/* The iterative server reads one stream; the quiet client, the first, keeps
 * all hoses waiting. */
Test(load, turns_of_hoses_that_are_not_served)
{
    start("build/iterative/server", "--port=0");
    struct run load = load_start("--turns --hoses=2 --patience=100ms",
                                 server.ports[0]);

    turns_read(&load, "ready ");
    turns_ask(&load, "turn 200 0 50\n");
    struct ran turn = turns_read(&load, "");
    cr_assert_eq(number(&turn, "most_bytes"), 0);
    cr_assert_eq(number(&turn, "echoes"), 1);
    cr_assert_eq(turns_end(&load), 0);
}

Test(load, turns_tell_of_a_server_that_ends)
{
    start_bad("once");
    struct run load = load_start("--turns --clients=3", server.ports[0]);

    turns_read(&load, "ready ");
    turns_ask(&load, "turn 50 10\n");
    struct ran turn = turns_read(&load, "");
    cr_assert_eq(number(&turn, "echoes"), 0);
    turns_ask(&load, "turn 50 10\n");
    turn = turns_read(&load, "");
    cr_assert_eq(number(&turn, "in_flight"), 0);
    cr_assert_eq(turns_end(&load), 0);
}

Test(load, turns_refuse_what_is_no_command)
{
    static const char *const wrong[] = {
        "turn\n",         "turn 10\n",
        "turn 10 20\n",   "turn 10 5 5 5\n",
        "turn 10 5 -5\n", "turn -1 0\n",
        "turn x y\n",     "\n",
        "stop\n",         "turn 99999999999999999999 0\n",
    };

    start("build/epoll/server", "--port=0");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        struct run load = load_start("--turns --clients=1",
                                     server.ports[0]);
        turns_read(&load, "ready ");
        turns_ask(&load, wrong[i]);
        cr_assert_eq(turns_end(&load), 1, "%s", wrong[i]);
    }
}

/* Between two turns it does nothing: no time of a processor passes. */
Test(load, turns_cost_nothing_between)
{
    char path[64], text[64] = "";

    start("build/epoll/server", "--port=0");
    struct run load = load_start("--turns --clients=4", server.ports[0]);
    turns_read(&load, "ready ");
    snprintf(path, sizeof(path), "/proc/%d/schedstat", load.pid);
    unsigned long long ns[2];
    for (int i = 0; i < 2; i++) {
        FILE *file = fopen(path, "r");
        cr_assert_not_null(fgets(text, sizeof(text), file));
        fclose(file);
        ns[i] = strtoull(text, NULL, 10);
        clock_rest_ms(i == 0 ? 200 : 0);
    }
    cr_assert_lt(ns[1] - ns[0], 5000000);
    cr_assert_eq(turns_end(&load), 0);
}

/* A generator that was held up sends late what it has missed. */
Test(load, open_loop_keeps_to_its_plan_after_a_stop)
{
    start("build/epoll/server", "--port=0");
    struct run load = load_start(
        "--turns --rate=1000 --clients=4 --drain=10s", server.ports[0]);
    turns_read(&load, "ready ");
    turns_ask(&load, "turn 300 0\n");
    clock_rest_ms(50);
    kill(load.pid, SIGSTOP);
    clock_rest_ms(400);
    kill(load.pid, SIGCONT);
    struct ran turn = turns_read(&load, "");
    double n = number(&turn, "planned");
    cr_assert(is_about(n, 300), "%g", n);
    cr_assert_eq(number(&turn, "latency.count"), n);
    cr_assert_eq(number(&turn, "unanswered"), 0);
    cr_assert_eq(turns_end(&load), 0);
}

/* A turn of a second, of which the server stands still for 300 ms. */
static struct ran run_with_stall(const char *words)
{
    start("build/epoll/server", "--port=0");
    struct run load = load_start(words, server.ports[0]);
    turns_read(&load, "ready ");
    turns_ask(&load, "turn 1050 50\n");
    clock_rest_ms(200);
    kill(server.pid, SIGSTOP);
    clock_rest_ms(300);
    kill(server.pid, SIGCONT);
    struct ran turn = turns_read(&load, "");
    cr_assert_eq(turns_end(&load), 0);
    return turn;
}

/* Coordinated omission: a client that waits for its echo sends nothing
 * meanwhile, so that four slow messages stand for 300 ms, however many
 * there are. */
Test(load, stall_hides_in_the_closed_loop)
{
    struct ran outcome = run_with_stall("--turns --clients=4");

    cr_assert_lt(number(&outcome, "latency.p90_ns"), 150e6);
    cr_assert_gt(number(&outcome, "latency.max_ns"), 250e6);
}

Test(load, stall_shows_in_the_open_loop)
{
    struct ran outcome = run_with_stall(
        "--turns --clients=4 --rate=1000 --drain=5s");
    double n = number(&outcome, "latency.count");

    cr_assert(is_about(n, 1000), "%g", n);
    cr_assert_gt(number(&outcome, "latency.p90_ns"), 150e6);
    cr_assert_lt(number(&outcome, "latency_from_send.p90_ns"), 100e6);
}

/* Does a process catch SIGTERM? "SigCgt: 0000000000004002" */
static bool is_loaded(pid_t pid)
{
    char path[64], line[256];
    unsigned long long caught = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        sscanf(line, "SigCgt: %llx", &caught);
    if (file != NULL)
        fclose(file);
    return caught >> (SIGTERM - 1) & 1;
}

Test(load, cut_short_by_a_signal)
{
    start_bad("none");
    struct run load = load_start("--clients=2 --warmup=0s --duration=15s",
                                 server.ports[0]);
    double began = now_s();

    /* By its first echo it catches signals. */
    while (!is_loaded(load.pid))
        clock_rest_ms(1);
    clock_rest_ms(200);
    kill(load.pid, SIGTERM);
    struct ran outcome = load_end(load);
    cr_assert_eq(outcome.status, 1);
    cr_assert(json_is_true(json_object_get(outcome.json, "cut_short")));
    cr_assert(number(&outcome, "round_trips") > 10);
    cr_assert(number(&outcome, "elapsed_ns") >= 50e6);
    cr_assert_lt(now_s() - began, 5);
}

/* Without epoll_pwait2 (Linux 5.11). */
Test(load, needs_no_new_kernel)
{
    struct program program;
    char arguments[128];

    start("build/epoll/server", "--port=0");
    snprintf(arguments, sizeof(arguments),
             "epoll_pwait2 build/bench/load --duration=20ms 127.0.0.1:%d",
             server.ports[0]);
    cr_assert(program_start(&program, "tests/without", arguments));
    cr_assert(program_says(&program, "served 10, unserved 0"));
    cr_assert_eq(program_end(&program, 0), 0);
}

/* The place of a closed stderr must not become a connection's. */
Test(load, keeps_its_output_from_its_connections)
{
    char command[160];

    start("build/epoll/server", "--port=0");
    snprintf(command, sizeof(command),
             "build/bench/load --duration=20ms 127.0.0.1:%d <&- >&- 2>&-",
             server.ports[0]);
    cr_assert_eq(WEXITSTATUS(system(command)), 1, "stdout is closed");
    snprintf(command, sizeof(command),
             "build/bench/load --duration=20ms 127.0.0.1:%d <&- 2>&- | "
             "grep -q 'served 10, unserved 0'",
             server.ports[0]);
    cr_assert_eq(WEXITSTATUS(system(command)), 0);
}

Test(load, histogram_is_told_in_whole)
{
    start_bad("none");
    struct ran outcome = load_run(SHORT_RUN "--histogram");
    const json_t *buckets = json_object_get(
        json_object_get(outcome.json, "latency"), "histogram");
    json_int_t sum = 0;

    for (size_t i = 0; i < json_array_size(buckets); i++)
        sum += json_integer_value(
            json_array_get(json_array_get(buckets, i), 1));
    cr_assert_eq((double)sum, number(&outcome, "latency.count"));
}

Test(load, bad_options_are_usage_errors)
{
    static const char *const wrong[] = {
        "--clients=0", "--clients=x", "--size=0",      "--size=1048577",
        "--rate=0",    "--rate=-1",   "--duration=0s", "--duration=5",
        "--cpu=1-",    "--cpu=",      "--cpu=2-1",     "--cpu=0-99999",
        "--cpu=0,",    "--cpu=1,,2",  "--samples=0",   "--sources=0",
        "--csv",       "--hoses=2",   "--no-such",     "10.0.0.1",
    };

    server.ports[0] = 1;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        cr_assert_eq(load_run(wrong[i]).status, EXIT_USAGE, "%s", wrong[i]);
}
