/*
 * Faults, most of them for the matrix alone: signals in storms, a worker
 * that is killed, memory that runs out, clients that take their time.
 */
#include "common/clock.h"
#include "common/lab/tcp.h"
#include "tests/contract.h"
#include "tests/program.h"
#include "tests/villains.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEED = 61, STORM = 1000 };

/* Starts the server by a program of tests/. Returns as subject_starts(). */
static bool start_under(struct subject *subject, const char *program)
{
    char starter[300];

    snprintf(starter, sizeof(starter), "'%s'/tests/%s", launcher_folder(),
             program);
    return subject_starts_by(subject, starter);
}

/* --- clients ---------------------------------------------------------- */

/*
 * Asserts that a newcomer is served beside the others, or, by a server that
 * talks to fewer at once, as soon as those have left.
 *
 * others   the number of other clients
 * leave    makes them leave
 */
static void newcomer_is_served(const struct subject *subject, size_t others,
                               void (*leave)(void *), void *arg)
{
    int fd = subject_connect(subject);
    bool waits = subject_at_once(subject, others + 1) <= others;

    if (waits) {
        unsigned char byte;
        client_pattern(&byte, 1, SEED, 0);
        cr_assert(client_send(fd, &byte, 1) == NULL);
        cr_assert(
            client_listen(fd, QUIET_MS) == CLIENT_SILENCE,
            "expected.h says that another client waits, but it was served");
        leave(arg);
    }
    if (waits)
        expect(client_receive(fd, 1, SEED, 0),
               "when the others had left, a newcomer");
    else
        expect(client_echo(fd, 1000, SEED),
               "beside the others, a newcomer");
    close(fd);
    if (!waits)
        leave(arg);
}

static void end_villain(void *villain)
{
    program_end(villain, SIGKILL);
}

CHECK(serves_others_while_one_is_slow, P6, .apart = true, .villain = "slow",
      .fault = {VILLAINS}, .needs = 2, .design = {AT_ONCE})
{
    static struct program villain;
    char arguments[128];

    snprintf(arguments, sizeof(arguments), "slow --host %s --port %d",
             subject->server.host, subject->server.ports[0]);
    cr_assert(program_start(&villain, "tests/villain", arguments),
              "build/tests/villain can't be run");
    cr_assert(program_says(&villain, "slow"), "the villain says nothing");
    clock_rest_ms(1500); /* it is in the middle of a message by now */
    newcomer_is_served(subject, 1, end_villain, &villain);
}

struct hog {
    size_t n;
    int fds[200];
};

static void end_hog(void *arg)
{
    struct hog *hog = arg;

    for (size_t i = 0; i < hog->n; i++)
        client_reset(hog->fds[i]);
}

CHECK(serves_others_while_one_hogs, P6, .apart = true,
      .fault = {VILLAINS, "hog", "holds 200 connections and says nothing"},
      .needs = 200, .design = {AT_ONCE, CROWD})
{
    static struct hog hog;
    ssize_t n = villains_find("hog")->play(
        subject->server.host, subject->server.ports[0], hog.fds,
        (size_t)expected_value(subject->like, CROWD, 200));

    cr_assert(n != -1, "the hog could not connect");
    hog.n = (size_t)n;
    newcomer_is_served(subject, hog.n, end_hog, &hog);
}

/* The server answers the end of the stream by its own, and waits for
 * nothing more. */
CHECK(outlives_a_half_close, P5, .apart = true, .villain = "half-close",
      .fault = {VILLAINS})
{
    int held;

    cr_assert(villains_find("half-close")
                      ->play(subject->server.host, subject->server.ports[0],
                             &held, 1) == 1,
              "the villain could not connect");
    subject_serves(subject, "a client that half-closed");
    cr_assert(client_end(held) == NULL, "no end of stream came back");
    close(held);
}

/* --- memory ----------------------------------------------------------- */

/* Limits the server to this many more bytes of address space. */
static void limit_memory(const struct subject *subject, size_t spare)
{
    unsigned long pages = 0;
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/statm", subject->server.pid);
    FILE *file = fopen(path, "re");
    cr_assert(file != NULL && fscanf(file, "%lu", &pages) == 1,
              "%s can't be read", path);
    fclose(file);
    const struct rlimit limit = {
        .rlim_cur = pages * (unsigned long)sysconf(_SC_PAGESIZE) + spare,
        .rlim_max = RLIM_INFINITY,
    };
    cr_assert(prlimit(subject->server.pid, RLIMIT_AS, &limit, NULL) == 0,
              "its memory can't be limited");
}

/* A client that can't be served is closed, or waits for others to leave. */
CHECK(
    outlives_the_end_of_memory, P10, .apart = true,
    .fault = {
        LIMITS, "RLIMIT_AS",
        "100 clients come, and it may have 128 KiB of address space more"})
{
    enum { N = 100, SPARE = 128 * 1024 };
    int fds[N];

    limit_memory(subject, SPARE);
    for (size_t i = 0; i < N; i++) {
        fds[i] = subject_connect(subject);
        send(fds[i], "x", 1, MSG_NOSIGNAL);
    }
    cr_assert(client_listen(fds[0], PATIENCE_MS) != CLIENT_SILENCE,
              "the first client was neither served nor closed");
    subject_rests(subject, "out of memory");
    for (size_t i = 0; i < N; i++)
        client_reset(fds[i]);
}

/* --- signals ---------------------------------------------------------- */

/*
 * STORM times the signal, to all processes of the server, while a client is
 * echoed.
 */
static void signal_storm(struct subject *subject, int signo)
{
    int fd = subject_welcome(subject);

    for (int i = 0; i < STORM; i++) {
        cr_assert(kill(-subject->server.pid, signo) == 0);
        if (i % 50 > 0)
            continue;
        expect(client_echo(fd, 10000, SEED), "after %d x SIG%s, the client",
               i + 1, sigabbrev_np(signo));
    }
    expect(client_finish(fd), "after a storm of SIG%s, the client",
           sigabbrev_np(signo));
    close(fd);
}

CHECK(
    outlives_a_storm_of_SIGPIPE, P13, .apart = true,
    .fault = {
        SIGNALS, "PIPE x 1000",
        "SIGPIPE, a thousand times, to all of its processes, in mid-echo"})
{
    signal_storm(subject, SIGPIPE);
}

CHECK(
    outlives_a_storm_of_SIGCHLD, P13, .apart = true,
    .fault = {
        SIGNALS, "CHLD x 1000",
        "SIGCHLD, a thousand times, to all of its processes, in mid-echo"})
{
    signal_storm(subject, SIGCHLD);
}

CHECK(outlives_a_storm_of_SIGALRM, P13, .apart = true,
      .fault = {SIGNALS, "ALRM x 1000",
                "SIGALRM, a thousand times, to all of its processes, in "
                "mid-echo"})
{
    signal_storm(subject, SIGALRM);
}

/* A timer that survives exec() is not the server's own, of its drain. */
CHECK(outlives_alarms_of_its_parent, P13,
      .fault = {SIGNALS, "ALRM all the time",
                "SIGALRM every 10 ms, from before it starts; then SIGTERM, "
                "in mid-echo"},
      .options = "--work sleep:20ms", .by_hand = true)
{
    enum { ARRIVED = 16 * 1024 }; /* four chunks of work, at least */
    static const char who[] = "with SIGALRM every 10 ms, a client";
    unsigned char data[ARRIVED];

    cr_assert(start_under(subject, "alarms"),
              "the server does not start: %s", subject->server.error);
    int fd = subject_connect(subject);
    expect(client_echo(fd, ARRIVED, SEED), who);
    client_pattern(data, sizeof(data), SEED, 0);
    expect(client_send(fd, data, sizeof(data)), who);
    expect(client_arrived(fd), who);
    kill(subject->server.pid, SIGTERM);
    expect(client_receive(fd, sizeof(data), SEED, 0), who);
    expect(client_end(fd), who);
    close(fd);
    subject_ended(subject, 0, "");
}

/* SIGHUP, as when its terminal is closed; and ignored, as by nohup(1). */
CHECK(outlives_a_storm_of_SIGHUP, P13, .apart = true,
      .fault = {
          SIGNALS, "HUP x 1000",
          "SIGHUP, once; and, started as by nohup(1), a thousand times"})
{
    int fd = subject_welcome(subject);

    kill(-subject->server.pid, SIGHUP);
    cr_assert(subject_becomes(subject, subject_is_gone),
              "SIGHUP, to all of its processes, did not end it");
    cr_assert(client_end(fd) == NULL, "SIGHUP did not end its connections");
    close(fd);
    launcher_kill(&subject->server);
    signal(SIGHUP, SIG_IGN);
    subject_start(subject, NULL, NULL, 0);
    subject_warm_up(subject);
    signal_storm(subject, SIGHUP);
}

CHECK(stops_while_it_waits, P11, .apart = true,
      .fault = {SIGNALS, "TERM in accept()",
                "SIGTERM, when there is no client and it waits for one"})
{
    kill(subject->server.pid, SIGTERM);
    subject_ended(subject, 0, "");
}

/* Newcomers are on their way at the moment of the signal. */
CHECK(stops_in_a_connect_storm, P11, .apart = true,
      .fault = {
          SIGNALS, "TERM in a storm",
          "SIGTERM, while clients connect and leave as fast as they can"})
{
    static struct program villain;
    char arguments[128];
    int status;

    snprintf(arguments, sizeof(arguments), "storm --host %s --port %d",
             subject->server.host, subject->server.ports[0]);
    cr_assert(program_start(&villain, "tests/villain", arguments) &&
                  program_says(&villain, "storm"),
              "build/tests/villain can't be run");
    kill(subject->server.pid, SIGTERM);
    subject_ended(subject, 0, "");
    status = program_end(&villain, 0);
    cr_assert(status == 0 || status == 1, "the villain could not play");
}

/* A client that comes when the drain is over is cut, too. */
CHECK(ends_at_once_without_a_drain, P12, .apart = true,
      .fault = {SIGNALS, "TERM, no drain",
                "SIGTERM with --drain-ms 0, while one client never reads "
                "and others connect as fast as they can"},
      .options = "--drain-ms 0")
{
    static struct program villain;
    char arguments[128];
    int fd = subject_connect(subject);

    client_fill(fd, SEED);
    snprintf(arguments, sizeof(arguments), "storm --host %s --port %d",
             subject->server.host, subject->server.ports[0]);
    cr_assert(program_start(&villain, "tests/villain", arguments) &&
                  program_says(&villain, "storm"),
              "build/tests/villain can't be run");
    kill(subject->server.pid, SIGTERM);
    subject_ended(subject, 1, "cut ");
    program_end(&villain, SIGKILL);
    close(fd);
}

/* The second signal does not shorten the time that the first has given. */
CHECK(drains_at_a_second_SIGTERM, P11, .apart = true,
      .fault = {SIGNALS, "TERM twice",
                "a second SIGTERM, while it does what the first one left"},
      .options = "--work sleep:100ms")
{
    static const char who[] = "at the second SIGTERM, a client";
    enum { ARRIVED = 16 * 1024 }; /* four chunks of work, at least */
    unsigned char data[ARRIVED];
    int fd = subject_welcome(subject);

    client_pattern(data, sizeof(data), SEED, 0);
    expect(client_send(fd, data, sizeof(data)), "the client");
    expect(client_arrived(fd), "the client");
    kill(subject->server.pid, SIGTERM);
    expect(client_receive(fd, 1, SEED, 0), "at SIGTERM, a client");
    kill(subject->server.pid, SIGTERM);
    expect(client_receive(fd, sizeof(data) - 1, SEED, 1), "%s", who);
    expect(client_end(fd), "%s", who);
    close(fd);
    subject_ended(subject, 0, "");
}

/* The socket at the server's end of a connection; 0: not found. */
static uint64_t find_inode(const struct subject *subject, int fd)
{
    struct sockaddr_in own = {0};
    socklen_t length = sizeof(own);
    struct tcp_row row;
    char line[512];
    uint64_t inode = 0;

    getsockname(fd, (struct sockaddr *)&own, &length);
    FILE *file = fopen("/proc/net/tcp", "re");
    if (file == NULL)
        return 0;
    while (inode == 0 && fgets(line, sizeof(line), file) != NULL)
        if (tcp_read_line(line, &row) == 0 &&
            row.local == subject->server.ports[0] &&
            row.remote == ntohs(own.sin_port))
            inode = row.inode;
    fclose(file);
    return inode;
}

static bool is_complete(const struct processes *now,
                        const struct subject *of)
{
    return now->zombies == 0 && now->n >= of->idle.n;
}

/*
 * Finds the process that has this client's socket; the main process when
 * that is none other.
 */
static pid_t find_server_of(const struct subject *subject, int fd)
{
    const int64_t deadline_ms = clock_now_ms() + PATIENCE_MS;
    const uint64_t inode = find_inode(subject, fd);
    pid_t pids[2] = {0};
    size_t n;

    while ((n = processes_list(subject->server.pid, inode, pids, 2)) > 1 &&
           clock_now_ms() < deadline_ms)
        clock_rest_ms(1); /* the parent of a child may still have it, too */
    cr_assert(inode != 0 && n == 1, "%zu processes have the connection", n);
    return pids[0];
}

/*
 * Kills the process that has this client's socket or, where that is the
 * main process, all that work for it. Returns false when there are none.
 */
static bool kill_server_of(const struct subject *subject, int fd)
{
    enum { MOST = 512 };
    const pid_t main_pid = subject->server.pid;
    const int64_t deadline_ms = clock_now_ms() + PATIENCE_MS;
    pid_t pids[MOST] = {find_server_of(subject, fd)};
    size_t n = 1;

    if (pids[0] == main_pid)
        n = processes_list(main_pid, 0, pids, MOST);
    if (n == 1 && pids[0] == main_pid)
        return false;
    for (size_t i = 0; i < n; i++)
        if (pids[i] != main_pid)
            kill(pids[i], SIGKILL);
    /* Before they have ended, one may still get another client's work. */
    for (size_t i = 0; i < n && clock_now_ms() < deadline_ms;)
        if (pids[i] == main_pid || kill(pids[i], 0) == -1)
            i++;
        else
            clock_rest_ms(1);
    return true;
}

/* Another client is connected first: the process that replaces the dead one
 * must not hold its connection. Returns false when there is none to kill.
 */
static bool lose_worker(const struct subject *subject)
{
    enum { N = 8 * 4096 }; /* eight chunks of work, at least */
    static const char who[] = "when the process that served one client was "
                              "killed, another client";
    unsigned char data[N];
    const bool beside = subject_at_once(subject, 2) == 2;
    int fd = subject_welcome(subject);
    int other = beside ? subject_welcome(subject) : -1;

    client_pattern(data, sizeof(data), SEED, 0);
    expect(client_send(fd, data, sizeof(data)), "the client");
    expect(client_receive(fd, 1, SEED, 0), "the client");
    if (!kill_server_of(subject, fd)) {
        client_reset(fd);
        close(other);
        return false;
    }
    if (beside)
        expect(client_echo(other, 1000, SEED), who);
    cr_assert(client_receive(fd, sizeof(data) - 1, SEED, 1) != NULL,
              "the process that served the client was killed, but it was "
              "served");
    cr_assert(client_is_over(fd), "the client was not closed");
    close(fd);
    if (beside)
        expect(client_finish(other), who);
    close(other);
    cr_assert(subject_becomes(subject, is_complete),
              "no process took the place of the one that was killed");
    return true;
}

CHECK(outlives_a_worker, P15, .apart = true,
      .fault = {SIGNALS, "KILL a worker",
                "SIGKILL to the process that serves a client, in mid-echo"},
      .options = "--work sleep:100ms")
{
    if (!lose_worker(subject))
        cr_skip_test("one process: there is none beside it to kill");
}

static bool is_served(const struct subject *subject)
{
    int fd = client_connect(subject->server.host, subject->server.ports[0]);
    bool served = fd != -1 && client_echo(fd, 1, SEED) == NULL;

    if (fd != -1)
        close(fd);
    return served;
}

/* A server that can't do without what is missing says so. */
CHECK(runs_on_an_old_kernel, P14,
      .fault = {LIMITS, "old kernel",
                "system calls fail with ENOSYS that Linux 5.2 does not "
                "have, and io_uring_setup(); then a worker is killed"},
      .options = "--work sleep:100ms", .by_hand = true)
{
    bool starts = start_under(subject, "without close_range,epoll_pwait2,"
                                       "pidfd_open,io_uring_setup");

    if (!starts || !is_served(subject)) {
        subject_gives_up(subject, starts, ENOSYS);
        return;
    }
    subject_warm_up(subject);
    lose_worker(subject);
}

/* A process that serves a client and is told to stop, alone, cuts it when
 * the drain is over, though the client never reads. */
CHECK(stops_one_process_within_the_drain, P12, .apart = true,
      .fault = {SIGNALS, "TERM to a child",
                "SIGTERM to the process that serves a client that never "
                "reads"},
      .options = "--drain-ms 500")
{
    int fd = subject_connect(subject);

    client_fill(fd, SEED);
    pid_t pid = find_server_of(subject, fd);
    kill(pid, SIGTERM);
    if (pid == subject->server.pid) {
        subject_ended(subject, 1, "cut 1 client");
    } else {
        int64_t deadline_ms = clock_now_ms() + PATIENCE_MS;
        while (processes_run(pid) && clock_now_ms() < deadline_ms)
            clock_rest_ms(10);
        cr_assert(!processes_run(pid),
                  "%d s after SIGTERM, and a drain of half a second, the "
                  "child of a client that never reads still runs",
                  PATIENCE_MS / 1000);
    }
    close(fd);
}

/* A child in send() to a client that never reads notices only what the
 * kernel tells it. */
CHECK(leaves_nothing_when_it_is_killed, P15, .apart = true,
      .fault = {SIGNALS, "KILL",
                "SIGKILL to its main process, while a client never reads"},
      .options = "--drain-ms 500")
{
    int fd = subject_connect(subject);

    client_fill(fd, SEED);
    kill(subject->server.pid, SIGKILL);
    cr_assert(subject_becomes(subject, subject_is_gone),
              "%d s after its main process was killed, %zu processes of it "
              "still run",
              PATIENCE_MS / 1000, processes_look(subject->server.pid).n);
    launcher_kill(&subject->server);
    close(fd);
}
