/*
 * System calls that fail, at the first, the second, and every third call of
 * each process or thread.
 *
 * strace(1) makes them fail, as a process beside the server (-DD), which so
 * stays our child. When the fault is over strace is told to end: from then
 * on the server runs without it, and must be as it was before.
 *
 * strace can't make a short write: it would report bytes as sent that were
 * not. A library that is loaded before libc (preload_short.c) asks the
 * kernel to send less instead.
 */
#include "common/clock.h"
#include "tests/command.h"
#include "tests/contract.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEED = 71, VISITORS = 6, ROUNDS = 3 };

/* As strace's when= */
static const char *const moments[] = {"1", "2", "3+3"};
enum { MOMENTS = sizeof(moments) / sizeof(moments[0]) };

/* --- strace ----------------------------------------------------------- */

/* Without strace, or the right to trace, no call can be made to fail. */
static void assert_tracer(void)
{
    char *argv[] = {"strace",     "-DD",  "-qq", "-e",
                    "trace=none", "true", NULL};
    static struct command command;
    int result = command_run(&command, argv, PATIENCE_MS);

    if (result == -1 || WEXITSTATUS(command.status) == 127)
        cr_skip_test("strace is not installed");
    if (command.status != 0 || command.err[0] != '\0')
        cr_skip_test("%.*s", (int)strcspn(command.err, "\n"), command.err);
}

/* Starts the server with its calls made to fail. Returns as
 * subject_starts(). */
static bool start_traced(struct subject *subject, const char *moment)
{
    const struct check *check = subject->check;
    char strace[400];

    int n = snprintf(
        strace, sizeof(strace),
        "strace -DD -I2 -f -qq -e status=failed "
        "-e signal=none -e trace=%s -e inject=%s:error=%s:when="
        "%s",
        check->calls, check->calls, check->error, moment);
    cr_assert(n < (int)sizeof(strace), "the command is too long");
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* the tracer becomes our child */
    bool starts = subject_starts_by(subject, strace);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    return starts;
}

/* The process that traces the server; 0: none. */
static pid_t find_tracer(pid_t pid)
{
    char path[40];
    char line[128];
    pid_t tracer = 0;

    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "TracerPid: %d", &tracer) == 1)
            break;
    fclose(file);
    return tracer;
}

static bool is_quiet(const struct processes *now, const struct subject *of)
{
    return now->zombies == 0 && now->n <= of->idle.n;
}

/*
 * From here on the server's calls do not fail any more. The SIGCHLD of a
 * child can get lost if it ends in the moment when strace leaves: so the
 * children end first. If they do not, a later assertion finds it.
 */
static void send_tracer_away(const struct subject *subject)
{
    pid_t tracer = find_tracer(subject->server.pid);

    subject_becomes(subject, is_quiet);
    cr_assert(tracer > 0, "the server is not traced");
    kill(tracer, SIGTERM);
    cr_assert(waitpid(tracer, NULL, 0) == tracer, "strace did not go: %s",
              strerror(errno));
}

/* How many calls were made to fail, as strace or the library says. */
static size_t count_injected(const struct subject *subject)
{
    static char text[1 << 20];
    ssize_t got = pread(subject->server.stderr_fd, text, sizeof(text) - 1,
                        0);
    size_t n = 0;

    text[got > 0 ? got : 0] = '\0';
    for (const char *at = text; (at = strstr(at, "(INJECTED)")) != NULL;
         at++)
        n++;
    return n;
}

/* --- visitors --------------------------------------------------------- */

/* What has become of the visitors. */
struct visitors {
    int fds[VISITORS]; /* -1: closed */
    size_t lost;
};

/* Was a client with a problem closed? The server may do that. */
static void lose(struct visitors *visitors, size_t i, const char *problem)
{
    cr_assert(strncmp(problem, "got byte", 8) != 0 &&
                  client_is_over(visitors->fds[i]),
              "a client %s", problem);
    close(visitors->fds[i]);
    visitors->fds[i] = -1;
    visitors->lost++;
}

/*
 * Echoes. The server may wait until it is told that more has come: so more
 * is sent.
 */
static const char *echo_more(int fd)
{
    enum { TIMES = 50 };
    unsigned char data[TIMES];

    client_pattern(data, sizeof(data), SEED, 0);
    for (size_t i = 0; i < TIMES; i++)
        if (client_send(fd, &data[i], 1) != NULL ||
            client_listen(fd, 50) != CLIENT_SILENCE)
            break;
    /* The rest comes, or is thrown away when the client goes. */
    return client_receive(fd, 1, SEED, 0);
}

/* From i on, n visitors at the same time. */
static void visit(const struct subject *subject, struct visitors *visitors,
                  size_t i, size_t n)
{
    for (size_t k = i; k < i + n; k++)
        visitors->fds[k] = subject_connect(subject);
    for (size_t round = 0; round < ROUNDS * n; round++) {
        size_t k = i + round % n;
        if (visitors->fds[k] == -1)
            continue;
        const char *problem = client_echo(visitors->fds[k], 3000,
                                          SEED + (unsigned)k);
        if (problem != NULL)
            lose(visitors, k, problem);
    }
    for (size_t k = i; k < i + n; k++) {
        if (visitors->fds[k] == -1)
            continue;
        const char *problem = client_finish(visitors->fds[k]);
        if (problem != NULL)
            lose(visitors, k, problem);
        else
            close(visitors->fds[k]);
    }
}

/* Where the calls fail that wait or multiply, one comes after the other. */
static size_t visit_all(const struct subject *subject)
{
    struct visitors visitors = {.lost = 0};
    const size_t n = subject->check->fault.group == TASKS
                         ? 1
                         : subject_at_once(subject, VISITORS);

    for (size_t i = 0; i < VISITORS; i += n)
        visit(subject, &visitors, i, n);
    return visitors.lost;
}

/*
 * True EPIPE from send() comes when our stream has ended, and the client
 * was told. The server reads on to the client's end, and forgets it then;
 * here it is not told, and need not get an answer.
 */
static size_t visit_to_the_end(const struct subject *subject)
{
    unsigned char data[3000];
    size_t lost = 0;

    client_pattern(data, sizeof(data), SEED, 0);
    for (size_t i = 0; i < ROUNDS * VISITORS; i++) {
        struct client_echo echo = {.fd = subject_connect(subject),
                                   .seed = SEED,
                                   .sent = sizeof(data)};
        expect(client_send(echo.fd, data, sizeof(data)), "a client");
        shutdown(echo.fd, SHUT_WR);
        expect(client_run_to_end(&echo), "a client that half-closed");
        lost += echo.received < sizeof(data);
        close(echo.fd);
    }
    return lost;
}

/* --- what may come of it ---------------------------------------------- */

/* Ends the check where the server makes no call that could fail. */
static void assert_calls(const struct subject *subject)
{
    if (expected_value(subject->like, CALLS, 1) == 0)
        cr_skip_test("%s", expected_reason(subject->like, CALLS));
}

/* Ends a server that is not traced, or not any more. */
static void end_survivor(struct subject *subject, bool faulted)
{
    if (subject->server.pid == 0)
        return;
    if (faulted)
        subject_survives(subject);
    subject_dismiss(subject);
}

static bool is_complete(const struct processes *now,
                        const struct subject *of)
{
    return now->threads >= of->idle.threads;
}

/* With the calls of that moment failing. Children and threads come after
 * it listens, and then it may wait for the first time. */
static void start_faulty(struct subject *subject, size_t moment)
{
    end_survivor(subject, moment > 0);
    cr_assert(start_traced(subject, moments[moment]),
              "it does not start when its calls fail (when=%s): %s",
              moments[moment], subject->server.error);
    subject_becomes(subject, is_complete);
}

/*
 * Visitors, while calls fail, and then the end of that.
 *
 * loses    may a client that a failure meets be closed?
 * Returns  how many calls failed.
 */
static size_t assert_survives(struct subject *subject, const char *moment,
                              bool loses)
{
    const struct check *check = subject->check;
    bool ended = check->fault.group == SEND &&
                 strcmp(check->error, "EPIPE") == 0;
    size_t lost = ended ? visit_to_the_end(subject) : visit_all(subject);
    int status;

    cr_assert(!launcher_ended(&subject->server, &status),
              "when calls failed (when=%s), it died (status %#x); it said: "
              "%.500s",
              moment, (unsigned)status, subject_stderr(subject));
    send_tracer_away(subject);
    size_t injected = count_injected(subject);
    cr_assert(lost <= (loses ? injected : 0),
              "%zu calls failed (when=%s), and cost %zu clients", injected,
              moment, lost);
    return injected;
}

static void assert_survives_all(struct subject *subject, bool loses)
{
    size_t injected = 0;

    assert_tracer();
    if (strstr(subject->check->calls, "io_uring") == NULL)
        assert_calls(subject);
    for (size_t i = 0; i < MOMENTS; i++) {
        start_faulty(subject, i);
        injected += assert_survives(subject, moments[i], loses);
    }
    if (injected == 0)
        cr_skip_test("never makes such a call");
}

/* Clients that send more until something comes back. */
static void is_told_of_more(struct subject *subject)
{
    int fds[VISITORS];

    assert_tracer();
    for (size_t i = 0; i < MOMENTS; i++) {
        start_faulty(subject, i);
        for (size_t k = 0; k < VISITORS; k++) {
            fds[k] = subject_connect(subject);
            expect(echo_more(fds[k]), "the client");
        }
        send_tracer_away(subject);
        cr_assert(count_injected(subject) > 0, "no call failed");
        for (size_t k = 0; k < VISITORS; k++)
            client_reset(fds[k]);
    }
}

/* An EAGAIN without a reason. */
static void assert_survives_eagain(struct subject *subject)
{
    long then = expected_value(subject->like, ON_EAGAIN,
                               EAGAIN_TRIES_AGAIN);

    if (then == EAGAIN_WAITS)
        is_told_of_more(subject);
    else
        assert_survives_all(subject, then == EAGAIN_CLOSES);
}

/* --- short writes ----------------------------------------------------- */

static void start_short(struct subject *subject, const char *moment)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/tests/preload_short.so",
             launcher_folder());
    setenv("LD_PRELOAD", path, 1);
    setenv("SHORT_SEND", moment, 1);
    subject_start(subject, NULL, NULL, 0);
    unsetenv("LD_PRELOAD");
}

/* The kernel's own: no more fits until the client reads, late. */
static void late_reader(const struct subject *subject)
{
    int fd = subject_connect(subject);
    size_t sent = client_fill(fd, SEED);

    expect(client_receive(fd, sent, SEED, 0), "a client that read late");
    expect(client_finish(fd), "a client that read late");
    close(fd);
}

/* --- the checks ------------------------------------------------------- */

#define EACH ": the first call, the second, every third"
#define FAILS(group_, call_, calls_, error_)             \
    .apart = true, .calls = (calls_), .error = (error_), \
    .fault = {group_, error_, call_ "() fails with " error_ EACH}
#define ACCEPT_FAILS(...) \
    FAILS(ACCEPT, "accept", "accept,accept4", __VA_ARGS__)
#define RECV_FAILS(...) FAILS(RECV, "recv", "recvfrom", __VA_ARGS__)
#define SEND_FAILS(...) FAILS(SEND, "send", "sendto", __VA_ARGS__)
#define BY_DESIGN_AT_EAGAIN \
    .needs = EAGAIN_TRIES_AGAIN, .design = {ON_EAGAIN}

CHECK(outlives_EINTR_from_accept, P14, ACCEPT_FAILS("EINTR"))
{
    assert_survives_all(subject, false);
}

CHECK(outlives_EAGAIN_from_accept, P14, ACCEPT_FAILS("EAGAIN"))
{
    assert_survives_all(subject, false);
}

CHECK(outlives_ECONNABORTED_from_accept, P14, ACCEPT_FAILS("ECONNABORTED"))
{
    assert_survives_all(subject, false);
}

CHECK(outlives_EMFILE_from_accept, P14, ACCEPT_FAILS("EMFILE"))
{
    assert_survives_all(subject, false);
}

CHECK(outlives_ENFILE_from_accept, P14, ACCEPT_FAILS("ENFILE"))
{
    assert_survives_all(subject, false);
}

CHECK(outlives_ENOBUFS_from_accept, P14, ACCEPT_FAILS("ENOBUFS"))
{
    assert_survives_all(subject, false);
}

CHECK(outlives_ENOMEM_from_accept, P14, ACCEPT_FAILS("ENOMEM"))
{
    assert_survives_all(subject, false);
}

CHECK(outlives_EINTR_from_recv, P14, RECV_FAILS("EINTR"))
{
    assert_survives_all(subject, false);
}

CHECK(outlives_EAGAIN_from_recv, P14, RECV_FAILS("EAGAIN"),
      BY_DESIGN_AT_EAGAIN)
{
    assert_survives_eagain(subject);
}

CHECK(outlives_ECONNRESET_from_recv, P14, RECV_FAILS("ECONNRESET"))
{
    assert_survives_all(subject, true);
}

CHECK(outlives_EPIPE_from_recv, P14, RECV_FAILS("EPIPE"))
{
    assert_survives_all(subject, true);
}

CHECK(outlives_ETIMEDOUT_from_recv, P14, RECV_FAILS("ETIMEDOUT"))
{
    assert_survives_all(subject, true);
}

CHECK(outlives_EINTR_from_send, P14, SEND_FAILS("EINTR"))
{
    assert_survives_all(subject, false);
}

CHECK(outlives_EAGAIN_from_send, P14, SEND_FAILS("EAGAIN"),
      BY_DESIGN_AT_EAGAIN)
{
    assert_survives_eagain(subject);
}

CHECK(outlives_ECONNRESET_from_send, P14, SEND_FAILS("ECONNRESET"))
{
    assert_survives_all(subject, true);
}

CHECK(outlives_EPIPE_from_send, P14, SEND_FAILS("EPIPE"))
{
    assert_survives_all(subject, true);
}

CHECK(outlives_ETIMEDOUT_from_send, P14, SEND_FAILS("ETIMEDOUT"))
{
    assert_survives_all(subject, true);
}

CHECK(outlives_EINTR_while_it_waits, P14, .apart = true,
      .calls = "?select,?pselect6,?_newselect,?poll,?ppoll,?epoll_wait,"
               "?epoll_pwait,?io_uring_enter",
      .error = "EINTR",
      .fault = {TASKS, "wait: EINTR",
                "select(), poll(), epoll_wait(), io_uring_enter() fail "
                "with EINTR" EACH})
{
    assert_survives_all(subject, false);
}

/* Newcomers are closed, or wait for a process or a thread that is there. */
CHECK(outlives_EAGAIN_from_fork, P10, .apart = true,
      .calls = "?fork,?vfork,clone,?clone3", .error = "EAGAIN",
      .fault = {TASKS, "fork, pthread_create: EAGAIN",
                "fork() and pthread_create() fail with EAGAIN" EACH
                ", counted from the start"},
      .needs = 0, .design = {FIRST_TASKS})
{
    const long needed = -expected_value(subject->like, FIRST_TASKS, 0);
    const long cores = options_cores(LONG_MAX); /* as many as it makes */
    size_t injected = 0;

    assert_tracer();
    for (size_t i = 0; i < MOMENTS; i++) {
        end_survivor(subject, i > 0);
        bool starts = start_traced(subject, moments[i]);
        if ((long)i < (needed < cores ? needed : cores)) {
            subject_gives_up(subject, starts, EAGAIN);
            injected++;
            continue;
        }
        cr_assert(starts, "it does not start: %s", subject->server.error);
        injected += assert_survives(subject, moments[i], true);
    }
    if (injected == 0)
        cr_skip_test("makes no process and no thread");
}

CHECK(outlives_short_writes, P3, .apart = true,
      .fault = {SEND, "short",
                "a client reads late, so that no more fits; and send() "
                "takes one byte only" EACH})
{
    size_t injected = 0;

    late_reader(subject);
    if (expected_value(subject->like, CALLS, 1) == 0)
        return;
    for (size_t i = 0; i < MOMENTS; i++) {
        end_survivor(subject, true);
        start_short(subject, moments[i]);
        size_t lost = visit_all(subject);
        cr_assert(lost == 0, "short writes (when=%s) cost %zu clients",
                  moments[i], lost);
        injected += count_injected(subject);
    }
    if (injected == 0)
        cr_skip_test("does not call send() of a shared libc");
}
