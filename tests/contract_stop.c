/*
 * SIGTERM or SIGINT: stop accepting, echo what has arrived, close, leave
 * nothing behind, exit 0; after --drain-ms cut what is left and exit 1.
 */
#include "common/clock.h"
#include "common/protocol.h"
#include "tests/contract.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SEED = 41,
    ARRIVED = 32 * 1024, /* bytes; a receive queue holds twice that */
};

static bool all_stopped(const struct processes *now,
                        const struct subject *of)
{
    (void)of;
    return now->stopped == now->n;
}

static void freeze(const struct subject *subject)
{
    kill(-subject->server.pid, SIGSTOP);
    cr_assert(subject_becomes(subject, all_stopped),
              "SIGSTOP did not stop the server");
}

static void thaw(const struct subject *subject)
{
    kill(-subject->server.pid, SIGCONT);
}

/*
 * Data lies in the receive queue of a frozen server when the signal comes;
 * whom is as in kill().
 */
static void stop_with_data(struct subject *subject, pid_t whom, int signo)
{
    unsigned char data[ARRIVED];
    int fd = subject_welcome(subject);

    freeze(subject);
    client_pattern(data, sizeof(data), SEED, 0);
    const char *problem = client_send(fd, data, sizeof(data));
    if (problem == NULL)
        problem = client_arrived(fd);
    cr_assert(problem == NULL, "the client %s", problem);
    kill(whom, signo);
    thaw(subject);
    problem = client_receive(fd, sizeof(data), SEED, 0);
    if (problem == NULL)
        problem = client_end(fd);
    cr_assert(problem == NULL,
              "a client whose %d bytes had arrived when "
              "the server was told to stop %s",
              ARRIVED, problem);
    subject_ended(subject, 0, "");
    close(fd);
}

static void sigterm(struct subject *subject)
{
    stop_with_data(subject, subject->server.pid, SIGTERM);
}

/* A terminal sends SIGINT to the whole process group, children too. */
static void ctrl_c(struct subject *subject)
{
    stop_with_data(subject, -subject->server.pid, SIGINT);
}

static void idle_clients(struct subject *subject)
{
    enum { N = 10 };
    const size_t n = subject_at_once(subject, N);
    int fds[N];

    for (size_t i = 0; i < N; i++)
        fds[i] = i < n ? subject_welcome(subject)
                       : subject_connect(subject);
    kill(subject->server.pid, SIGTERM);
    for (size_t i = 0; i < n; i++) {
        const char *problem = client_end(fds[i]);
        cr_assert(problem == NULL,
                  "an idle client, when the server was "
                  "told to stop, %s",
                  problem);
    }
    subject_ended(subject, 0, "");
    for (size_t i = 0; i < N; i++)
        close(fds[i]);
}

/*
 * Gives each of n clients, whom the server knows, more than it can do in a
 * short while: with --work, a chunk takes its time. They are in its receive
 * queues when SIGTERM comes.
 */
static void stop_with_work(struct subject *subject, int *fds, size_t n)
{
    unsigned char data[ARRIVED];

    for (size_t i = 0; i < n; i++)
        fds[i] = subject_welcome(subject);
    freeze(subject);
    client_pattern(data, sizeof(data), SEED, 0);
    for (size_t i = 0; i < n; i++) {
        const char *problem = client_send(fds[i], data, sizeof(data));
        if (problem == NULL)
            problem = client_arrived(fds[i]);
        cr_assert(problem == NULL, "the client %s", problem);
    }
    kill(subject->server.pid, SIGTERM);
    thaw(subject);
}

static void refuses_newcomers(struct subject *subject)
{
    int64_t deadline_ms = clock_now_ms() + PATIENCE_MS;
    int old, fd;

    stop_with_work(subject, &old, 1);
    do { /* the signal takes a moment */
        fd = client_connect(subject->server.host, subject->server.ports[0]);
        if (fd != -1)
            close(fd);
        clock_rest_ms(10);
    } while (fd != -1 && clock_now_ms() < deadline_ms);
    cr_assert(fd == -1, "%d s after SIGTERM, newcomers can still connect",
              PATIENCE_MS / 1000);
    cr_assert(!client_is_over(old),
              "newcomers could connect for as long as "
              "the server was there");
    client_reset(old);
    subject_ended(subject, 0, "");
}

static void cuts(struct subject *subject)
{
    enum { N = 3 };
    const size_t cut = subject_at_once(subject, N);
    char words[32];
    int fds[N];

    stop_with_work(subject, fds, cut);
    snprintf(words, sizeof(words), "cut %zu client", cut);
    subject_ended(subject, 1, words);
    for (size_t i = 0; i < cut; i++)
        close(fds[i]);
}

/*
 * With --work sleep:1s, who goes on through all that has arrived is seen by
 * the time that takes; one second more is the client's welcome.
 */
static void works_for_nobody(struct subject *subject)
{
    int64_t begun_ms = clock_now_ms();
    int fd;

    stop_with_work(subject, &fd, 1);
    subject_ended(subject, 1, "cut 1 client");
    cr_assert(clock_now_ms() - begun_ms < (ARRIVED / ECHO_CHUNK + 1) * 1000,
              "the client was cut after a second, and all that it had sent "
              "was still served");
    close(fd);
}

static void stop_and_continue(struct subject *subject)
{
    int fd = subject_welcome(subject);

    for (int i = 0; i < 5; i++) {
        unsigned char data[1000];
        freeze(subject);
        client_pattern(data, sizeof(data), SEED, 0);
        client_send(fd, data, i % 2 == 0 ? sizeof(data) : 0);
        thaw(subject);
        const char *problem = i % 2 == 0 ? client_receive(fd, sizeof(data),
                                                          SEED, 0)
                                         : NULL;
        if (problem == NULL)
            problem = client_echo(fd, 1000, SEED);
        cr_assert(problem == NULL, "after SIGSTOP and SIGCONT, a client %s",
                  problem);
    }
    close(fd);
}

/*
 * A send() that waits for room comes back when the process is stopped, and
 * may have sent a part: a short write, even on a blocking socket.
 */
static void stop_in_mid_reply(struct subject *subject)
{
    int fd = subject_connect(subject);
    size_t sent = client_fill(fd, SEED);

    freeze(subject);
    thaw(subject);
    shutdown(fd, SHUT_WR);
    const char *problem = client_receive(fd, sent, SEED, 0);
    if (problem == NULL)
        problem = client_end(fd);
    cr_assert(problem == NULL,
              "after SIGSTOP and SIGCONT in mid-reply, the "
              "client %s",
              problem);
    close(fd);
}

/*
 * The server closes first, so that the old connection lingers on its side,
 * in TIME_WAIT.
 */
static void restarts(struct subject *subject)
{
    uint16_t port = launcher_free_port();

    subject_start(subject, NULL, NULL, port);
    subject_warm_up(subject);
    for (int i = 0; i < 3; i++) {
        int fd = subject_welcome(subject);
        subject_dismiss(subject);
        cr_assert(client_is_over(fd), "no end of stream at a stop");
        close(fd);
        subject_start(subject, NULL, NULL, port);
        subject_warm_up(subject);
    }
}

/*
 * The main process is gone at once and can tell nobody. Whatever it forked
 * must not keep the port, though it may still talk to its client.
 */
static void restarts_after_crash(struct subject *subject)
{
    uint16_t port = launcher_free_port();
    int64_t deadline_ms = clock_now_ms() + PATIENCE_MS;
    int status;

    subject_start(subject, NULL, NULL, port);
    int fd = subject_welcome(subject);
    struct server crashed = subject->server;
    kill(crashed.pid, SIGKILL);
    while (!launcher_ended(&crashed, &status))
        clock_rest_ms(10);
    while (!subject_starts(subject, NULL, NULL, port) &&
           clock_now_ms() < deadline_ms)
        clock_rest_ms(10);
    if (subject->server.pid != 0)
        subject_warm_up(subject);
    close(fd);
    launcher_kill(&crashed);
    cr_assert(subject->server.pid != 0,
              "%d s after its main process was "
              "killed, the server can't be started again: %s",
              PATIENCE_MS / 1000, subject->server.error);
}

#define DRAINS                                               \
    "told to stop, it echoes what has arrived, closes, and " \
    "exits with 0, leaving no process behind"

/* Children made beforehand have to leave meanwhile, on a busy machine, too:
 * who has not is cut, and counted. */
#define IN_A_SECOND "--drain-ms 1000 --max-clients 16"

const struct check contract_stop[] = {
    {"drains_at_SIGTERM", sigterm, .promise = DRAINS,
     .fault = {SIGNALS, "TERM in mid-echo",
               "32 KiB of a client's have arrived when SIGTERM comes"}},
    {"drains_at_Ctrl_C", ctrl_c, .promise = DRAINS},
    {"stops_though_clients_are_idle", idle_clients, .promise = DRAINS},
    {"refuses_newcomers_while_it_drains", refuses_newcomers,
     .promise =
         "told to stop, it stops accepting, and waits for who is left",
     .options = "--drain-ms 100000 --work sleep:500ms"},
    {"cuts_when_the_drain_is_over", cuts,
     .promise = "after --drain-ms it cuts who is left, exits with 1 and "
                "says how many",
     .options = IN_A_SECOND " --work sleep:1s"},
    {"serves_nobody_when_the_drain_is_over", works_for_nobody,
     .promise = "after --drain-ms it cuts who is left, and ends",
     .options = IN_A_SECOND " --work sleep:1s"},
    {"outlives_SIGSTOP_and_SIGCONT", stop_and_continue,
     .promise = "a pause, by a debugger or a shell, harms nobody",
     .fault = {SIGNALS, "STOP, CONT",
               "SIGSTOP and SIGCONT, five times, with and without data "
               "that came meanwhile"}},
    {"outlives_SIGSTOP_in_mid_reply", stop_in_mid_reply,
     .promise = "a pause, by a debugger or a shell, harms nobody",
     .fault = {SIGNALS, "STOP in mid-reply",
               "SIGSTOP and SIGCONT while a reply waits for its client to "
               "read"}},
    {"restarts_after_a_crash", restarts_after_crash,
     .promise = "what it forked does not keep its port when it is killed",
     .by_hand = true},
    {"restarts_at_once_on_its_port", restarts,
     .promise =
         "it can be restarted at once, though old connections linger",
     .by_hand = true},
    {0},
};
