/* SIGTERM and SIGINT: what has arrived is echoed, then the server ends. */
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

/* Sends to a server, which may be frozen, what its kernel then has. */
static void hand_over(int fd, size_t n, uint64_t offset)
{
    unsigned char data[ARRIVED];

    cr_assert(n <= sizeof(data));
    client_pattern(data, n, SEED, offset);
    expect(client_send(fd, data, n), "the client");
    expect(client_arrived(fd), "the client");
}

/*
 * Data is in the receive queue of a frozen server when the signal comes.
 *
 * whom     a process or a group, as for kill()
 */
static void stop_with_data(struct subject *subject, pid_t whom, int signo)
{
    static const char who[] = "a client whose 32 KiB had arrived when the "
                              "server was told to stop";
    int fd = subject_welcome(subject);

    freeze(subject);
    hand_over(fd, ARRIVED, 0);
    kill(whom, signo);
    thaw(subject);
    expect(client_receive(fd, ARRIVED, SEED, 0), who);
    expect(client_end(fd), who);
    close(fd);
    subject_ended(subject, 0, "");
}

CHECK(drains_at_SIGTERM, P11,
      .fault = {SIGNALS, "TERM in mid-echo",
                "32 KiB of a client's have arrived when SIGTERM comes"})
{
    stop_with_data(subject, subject->server.pid, SIGTERM);
}

/* The kernel has acknowledged what a client sent, though it is in the queue
 * of the listener, and no accept() has seen it yet. */
CHECK(drains_a_client_that_waits_in_the_queue, P11)
{
    static const char who[] = "a client that was in the queue when the "
                              "server was told to stop";

    freeze(subject);
    int fd = subject_connect(subject);
    hand_over(fd, ARRIVED, 0);
    kill(subject->server.pid, SIGTERM);
    thaw(subject);
    expect(client_receive(fd, ARRIVED, SEED, 0), who);
    expect(client_end(fd), who);
    close(fd);
    subject_ended(subject, 0, "");
}

/* A terminal sends SIGINT to the whole process group, children too. */
CHECK(drains_at_Ctrl_C, P11)
{
    stop_with_data(subject, -subject->server.pid, SIGINT);
}

/* --- clients that send on --------------------------------------------- */

/*
 * The server has taken all that arrived, and has most of the reply in its
 * buffer: the client has little room and does not read. What it sends from
 * now on must not be answered with a reset, which would destroy that reply.
 */
CHECK(drains_to_a_client_that_sends_on, P11,
      .fault = {SIGNALS, "TERM, sends on",
                "64 KiB of a client's have arrived when SIGTERM comes; it "
                "sends on, byte by byte, and only then reads"})
{
    static const char who[] = "a client whose 64 KiB had arrived when the "
                              "server was told to stop, and that sent on,";
    enum { MORE = 30, NARROW = 4096 };
    int fd = client_connect_narrow(subject->server.host,
                                   subject->server.ports[0], NARROW);

    cr_assert(fd != -1, "a client could not connect");
    hand_over(fd, ARRIVED, 0);
    hand_over(fd, ARRIVED, ARRIVED);
    kill(subject->server.pid, SIGTERM);
    for (uint64_t i = 0; i < MORE; i++) {
        unsigned char byte;
        client_pattern(&byte, 1, SEED, 2 * ARRIVED + i);
        send(fd, &byte, 1, MSG_NOSIGNAL); /* it may be the end: see below */
        clock_rest_ms(10);
    }
    struct client_echo echo = {.fd = fd,
                               .seed = SEED,
                               .sent = 2 * ARRIVED + MORE,
                               .wanted = 2 * ARRIVED};
    expect(client_run(&echo), who);
    expect(client_run_to_end(&echo), who);
    close(fd);
    subject_ended(subject, 0, "");
}

/*
 * A client that never stops sending, and reads all the time, gets what had
 * been acknowledged when the signal came, and then the end of the stream.
 */
CHECK(drains_to_a_client_that_streams, P11)
{
    enum { STREAMED = 8 << 20 };
    struct client_echo echo = {.fd = subject_connect(subject),
                               .seed = SEED,
                               .size = UINT64_MAX,
                               .wanted = STREAMED};

    expect(client_run(&echo), "a client that streams");
    const uint64_t arrived = client_acknowledged(&echo);
    kill(subject->server.pid, SIGTERM);
    expect(client_run_to_end(&echo),
           "a client that streamed when the server was told to stop");
    cr_assert(echo.received >= arrived,
              "when the server was told to stop, %llu bytes of a client "
              "that streamed had arrived, and %llu came back",
              (unsigned long long)arrived,
              (unsigned long long)echo.received);
    close(echo.fd);
    subject_ended(subject, 0, "");
}

CHECK(stops_though_clients_are_idle, P11)
{
    enum { N = 10 };
    const size_t n = subject_at_once(subject, N);
    int fds[N];

    for (size_t i = 0; i < N; i++)
        fds[i] = i < n ? subject_welcome(subject)
                       : subject_connect(subject);
    kill(subject->server.pid, SIGTERM);
    for (size_t i = 0; i < n; i++)
        expect(client_end(fds[i]),
               "an idle client, when the server was told to stop,");
    for (size_t i = 0; i < N; i++)
        close(fds[i]);
    subject_ended(subject, 0, "");
}

/*
 * Sends, from each of n clients that the server talks to, more than it can
 * do in a short while, as --work makes each chunk take its time. The rest
 * is in its receive queues when SIGTERM comes.
 */
static void stop_with_work(struct subject *subject, int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fds[i] = subject_welcome(subject);
    freeze(subject);
    for (size_t i = 0; i < n; i++)
        hand_over(fds[i], ARRIVED, 0);
    kill(subject->server.pid, SIGTERM);
    thaw(subject);
}

/* A signal is pending until the process takes it. */
static bool has_taken_its_signals(pid_t pid)
{
    unsigned long long pending = 1;
    char path[64], line[256];

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "ShdPnd: %llx", &pending) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return pending == 0;
}

/* Before that, a newcomer would come to the queue, and be served. */
CHECK(refuses_newcomers_while_it_drains, P11,
      .options = "--drain-ms 100000 --work sleep:500ms")
{
    int64_t deadline_ms = clock_now_ms() + PATIENCE_MS;
    int old, fd;

    stop_with_work(subject, &old, 1);
    while (!has_taken_its_signals(subject->server.pid) &&
           clock_now_ms() < deadline_ms)
        clock_rest_ms(1);
    do { /* the signal takes a moment */
        fd = client_connect(subject->server.host, subject->server.ports[0]);
        if (fd != -1)
            close(fd);
        clock_rest_ms(10);
    } while (fd != -1 && clock_now_ms() < deadline_ms);
    cr_assert(fd == -1, "%d s after SIGTERM, newcomers can still connect",
              PATIENCE_MS / 1000);
    cr_assert(
        !client_is_over(old),
        "newcomers could connect for as long as the server was there");
    client_reset(old);
    subject_ended(subject, 0, "");
}

/* Children that were made beforehand have to end in that time, on a busy
 * machine, too: one that has not is cut and counted. */
#define IN_A_SECOND "--drain-ms 1000 --max-clients 16"

CHECK(cuts_when_the_drain_is_over, P12,
      .options = IN_A_SECOND " --work sleep:1s")
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
 * With --work sleep:1s, a server that goes on with all that has arrived
 * shows by the time that it takes. One second more is for the client's
 * first echo.
 */
CHECK(serves_nobody_when_the_drain_is_over, P12,
      .options = IN_A_SECOND " --work sleep:1s")
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

CHECK(cuts_clients_that_never_read, P12, .options = IN_A_SECOND)
{
    enum { N = 3 };
    const size_t cut = subject_at_once(subject, N);
    char words[32];
    int fds[N];

    for (size_t i = 0; i < cut; i++) {
        fds[i] = subject_connect(subject);
        client_fill(fds[i], SEED);
    }
    kill(subject->server.pid, SIGTERM);
    snprintf(words, sizeof(words), "cut %zu client", cut);
    subject_ended(subject, 1, words);
    for (size_t i = 0; i < cut; i++)
        close(fds[i]);
}

/* --- a pause ---------------------------------------------------------- */

CHECK(outlives_SIGSTOP_and_SIGCONT, P13,
      .fault = {SIGNALS, "STOP, CONT",
                "SIGSTOP and SIGCONT, five times, with and without data "
                "that came meanwhile"})
{
    static const char who[] = "after SIGSTOP and SIGCONT, a client";
    int fd = subject_welcome(subject);

    for (int i = 0; i < 5; i++) {
        const size_t n = i % 2 == 0 ? 1000 : 0;
        freeze(subject);
        hand_over(fd, n, 0);
        thaw(subject);
        expect(client_receive(fd, n, SEED, 0), who);
        expect(client_echo(fd, 1000, SEED), who);
    }
    close(fd);
}

/*
 * A send() that waits for room comes back when the process is stopped, and
 * may have sent a part: a short write, even on a blocking socket.
 */
CHECK(outlives_SIGSTOP_in_mid_reply, P13,
      .fault = {SIGNALS, "STOP in mid-reply",
                "SIGSTOP and SIGCONT while a reply waits for its client to "
                "read"})
{
    static const char who[] = "after SIGSTOP and SIGCONT in mid-reply, the "
                              "client";
    int fd = subject_connect(subject);
    size_t sent = client_fill(fd, SEED);

    freeze(subject);
    thaw(subject);
    shutdown(fd, SHUT_WR);
    expect(client_receive(fd, sent, SEED, 0), who);
    expect(client_end(fd), who);
    close(fd);
}

/* --- another start ---------------------------------------------------- */

/*
 * The main process is killed and can tell its children nothing. They must
 * not keep the port, though each may still talk to its client.
 */
CHECK(restarts_after_a_crash, P15, .by_hand = true)
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
              "%d s after its main process was killed, the server can't be "
              "started again: %s",
              PATIENCE_MS / 1000, subject->server.error);
}

/* The server closes first, so that the old connection lingers on its side,
 * in TIME_WAIT. */
CHECK(restarts_at_once_on_its_port, P15, .by_hand = true)
{
    uint16_t port = launcher_free_port();

    subject_start(subject, NULL, NULL, port);
    subject_warm_up(subject);
    for (int i = 0; i < 3; i++) {
        int fd = subject_welcome(subject);
        kill(subject->server.pid, SIGTERM);
        expect(client_end(fd), "at a stop, the client");
        close(fd);
        subject_dismiss(subject);
        subject_start(subject, NULL, NULL, port);
        subject_warm_up(subject);
    }
}
