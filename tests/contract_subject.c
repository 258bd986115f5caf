#include "common/clock.h"
#include "tests/contract.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEED = 7 };

/* Puts value in place of each mark. to has room for size bytes. */
static void replace(char *to, size_t size, const char *from,
                    const char *mark, const char *value)
{
    FILE *out = fmemopen(to, size, "w");
    const char *at;

    cr_assert(out != NULL, "no memory");
    while ((at = strstr(from, mark)) != NULL) {
        fprintf(out, "%.*s%s", (int)(at - from), from, value);
        from = at + strlen(mark);
    }
    fputs(from, out);
    cr_assert(fclose(out) == 0 && strlen(to) < size - 1,
              "the command is too long");
}

void subject_words(const struct subject *subject, const char *options,
                   uint16_t port, char **argv)
{
    char with_options[1024];
    char command[1024];
    char number[8];
    uint16_t unused;

    snprintf(number, sizeof(number), "%d", port);
    replace(with_options, sizeof(with_options), subject->command,
            "{options}", options != NULL ? options : "");
    replace(command, sizeof(command), with_options, "{port}", number);
    cr_assert(launcher_split(command, argv, &unused) == 0,
              "cannot be split into words: %s", command);
}

bool subject_starts(struct subject *subject, const char *options,
                    const struct launch_plan *plan, uint16_t port)
{
    struct launch_plan copy = plan != NULL ? *plan
                                           : (struct launch_plan){0};
    char *argv[LAUNCH_ARGS];

    /* Not ours: it may not know what port 0 means. */
    if (port == 0 && !subject->takes_options)
        port = launcher_free_port();
    subject_words(subject, options, port, argv);
    copy.argv = (const char *const *)argv;
    if (copy.max_tasks != 0) /* to look for leaks takes a thread more */
        setenv("LSAN_OPTIONS", "detect_leaks=0", 1);
    int result = launcher_start(&subject->server, &copy);
    launcher_free_command(argv);
    return result == 0;
}

bool subject_starts_by(struct subject *subject, const char *starter)
{
    const struct subject plain = *subject;

    int n = snprintf(subject->command, sizeof(subject->command), "%s %s",
                     starter, plain.command);
    cr_assert(n < (int)sizeof(subject->command), "the command is too long");
    bool starts = subject_starts(subject, subject->check->options,
                                 &subject->check->plan, 0);
    memcpy(subject->command, plain.command, sizeof(subject->command));
    return starts;
}

void subject_start(struct subject *subject, const char *options,
                   const struct launch_plan *plan, uint16_t port)
{
    bool starts = subject_starts(subject, options, plan, port);

    if (!starts && strstr(subject->server.error, LAUNCH_NO_USER) != NULL)
        cr_skip_test("%s", subject->server.error);
    cr_assert(starts, "the server does not start: %s",
              subject->server.error);
}

void expect(const char *problem, const char *who, ...)
{
    char text[200];
    va_list args;

    if (problem == NULL)
        return;
    va_start(args, who);
    vsnprintf(text, sizeof(text), who, args);
    va_end(args);
    cr_assert_fail("%s %s", text, problem);
}

int subject_connect(const struct subject *subject)
{
    int fd = client_connect(subject->server.host, subject->server.ports[0]);

    cr_assert(fd != -1, "a client could not connect: %s", strerror(errno));
    return fd;
}

void subject_serves(const struct subject *subject, const char *after)
{
    int fd = subject_connect(subject);

    expect(client_echo(fd, 1000, SEED), "after %s, a new client", after);
    close(fd);
}

int subject_welcome(const struct subject *subject)
{
    int fd = subject_connect(subject);

    expect(client_echo(fd, 1, SEED), "the client");
    return fd;
}

size_t subject_at_once(const struct subject *subject, size_t n)
{
    size_t most = (size_t)expected_value(subject->like, AT_ONCE, (long)n);

    return most < n ? most : n;
}

bool subject_becomes(const struct subject *subject,
                     bool (*wanted)(const struct processes *,
                                    const struct subject *))
{
    int64_t deadline_ms = clock_now_ms() + PATIENCE_MS;

    for (;;) {
        struct processes now = processes_look(subject->server.pid);
        if (wanted(&now, subject))
            return true;
        if (clock_now_ms() > deadline_ms)
            return false;
        clock_rest_ms(10);
    }
}

bool subject_is_gone(const struct processes *now,
                     const struct subject *subject)
{
    (void)subject;
    return now->n == 0;
}

struct processes subject_settles(const struct subject *subject)
{
    const int64_t deadline_ms = clock_now_ms() + PATIENCE_MS;
    struct processes before, now = processes_look(subject->server.pid);

    do {
        clock_rest_ms(10);
        before = now;
        now = processes_look(subject->server.pid);
    } while ((before.running > 0 || now.running > 0 ||
              before.threads != now.threads ||
              before.zombies != now.zombies ||
              before.descriptors != now.descriptors) &&
             clock_now_ms() < deadline_ms);
    return now;
}

/* Children and threads may still be on their way to their first wait. */
void subject_warm_up(struct subject *subject)
{
    int fd = subject_connect(subject);

    expect(client_echo(fd, 1000, SEED), "the first client");
    shutdown(fd, SHUT_WR);
    client_listen(fd, QUIET_MS); /* until the server ends its stream */
    close(fd);
    subject->idle = subject_settles(subject);
}

/* CPU time of the whole group over a while, in percent of a core. */
static double cpu_percent(const struct subject *subject, int while_ms)
{
    struct processes before = processes_look(subject->server.pid);
    int64_t start_ms = clock_now_ms();

    clock_rest_ms(while_ms);
    struct processes after = processes_look(subject->server.pid);
    double took_ns = (double)(clock_now_ms() - start_ms) * 1e6;
    if (after.cpu_ns < before.cpu_ns)
        return 0; /* a child has ended meanwhile, and its time is gone */
    return 100.0 * (double)(after.cpu_ns - before.cpu_ns) / took_ns;
}

void subject_rests(const struct subject *subject, const char *when)
{
    const long most = expected_value(subject->like, IDLE_CPU, 5);
    double percent = cpu_percent(subject, 500);

    cr_assert(percent <= (double)most,
              "%s, the server took %.0f %% of a core while nothing "
              "happened; at most %ld %% are expected",
              when, percent, most);
}

static bool is_tidy(const struct processes *now, const struct subject *of)
{
    return now->zombies == 0 && now->descriptors <= of->idle.descriptors;
}

static void assert_tidy(const struct subject *subject)
{
    if (subject_becomes(subject, is_tidy))
        return;
    struct processes now = processes_look(subject->server.pid);
    cr_assert(now.zombies == 0,
              "%zu children ended and nobody waited for them: zombies",
              now.zombies);
    cr_assert_fail("the server has %zu descriptors open when idle, and had "
                   "%zu before: a leak",
                   now.descriptors, subject->idle.descriptors);
}

const char *subject_faulted(void)
{
    return getenv("FAULTS");
}

/* What was freed may be kept for the next clients: 1100 of them had 4.2 KiB
 * each, in the check with the most. */
static bool is_as_small(const struct processes *now,
                        const struct subject *of)
{
    enum { KEPT = 8 << 20 };

    return now->memory < of->idle.memory + KEPT;
}

void subject_lives(struct subject *subject, const char *when)
{
    int status;

    if (!launcher_ended(&subject->server, &status))
        return;
    cr_assert_fail("%s, the server is dead: %s %d%s%s%s; it said: %s", when,
                   WIFSIGNALED(status) ? "signal" : "status",
                   WIFSIGNALED(status) ? WTERMSIG(status)
                                       : WEXITSTATUS(status),
                   WIFSIGNALED(status) ? " (" : "",
                   WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "",
                   WIFSIGNALED(status) ? ")" : "", subject_stderr(subject));
}

/* At a limit a newcomer may be closed until the earlier clients have left:
 * so they leave first. */
static void survive_fault(struct subject *subject)
{
    assert_tidy(subject);
    subject_serves(subject, "this");
    assert_tidy(subject);
    subject_rests(subject, "afterwards");
    cr_assert(subject_becomes(subject, is_as_small),
              "afterwards, the server has %zu bytes of memory of its own, "
              "and had %zu before",
              processes_look(subject->server.pid).memory,
              subject->idle.memory);
}

void subject_survives(struct subject *subject)
{
    subject_lives(subject, "afterwards");
    if (subject_faulted() != NULL)
        survive_fault(subject);
    else
        subject_serves(subject, "this");
}

const char *subject_stderr(const struct subject *subject)
{
    static char text[16384];

    launcher_read_words(&subject->server, 0, text, sizeof(text));
    return text;
}

static void assert_sane(const struct subject *subject)
{
    const char *said = subject_stderr(subject);

    cr_assert(strstr(said, "Sanitizer") == NULL &&
                  strstr(said, "runtime error:") == NULL,
              "a sanitizer reports:\n%s", said);
}

/*
 * Waits for the end, and asserts that no sanitizer has reported anything.
 *
 * tidily   assert that it left no process behind, and had not to be killed
 * said     receives what the server said on stderr
 */
static int wait_for_end(struct subject *subject, bool tidily, char *said,
                        size_t size)
{
    int how;
    int copy = dup(subject->server.stderr_fd);
    int result = launcher_wait(&subject->server, PATIENCE_MS, &how);

    subject->server.stderr_fd = copy;
    snprintf(said, size, "%.900s", subject_stderr(subject));
    assert_sane(subject);
    close(copy);
    subject->server.stderr_fd = -1;
    cr_assert(result == 0 || !tidily, "when stopped, the server %s",
              subject->server.error);
    return how;
}

void subject_ended(struct subject *subject, int status, const char *words)
{
    char said[1000];
    int how = wait_for_end(subject, true, said, sizeof(said));

    cr_assert(!WIFSIGNALED(how),
              "when stopped, the server died of signal "
              "%d (%s)",
              WTERMSIG(how), strsignal(WTERMSIG(how)));
    cr_assert(WEXITSTATUS(how) == status,
              "when stopped, the server ended "
              "with status %d in place of %d; it said: %s",
              WEXITSTATUS(how), status, said);
    cr_assert(strstr(said, words) != NULL,
              "when stopped, the server should "
              "say `%s`; it said: %s",
              words, said);
}

void subject_gives_up(struct subject *subject, bool starts, int reason)
{
    const char *said = subject->server.error;
    int status = 0;

    if (starts) {
        cr_assert(subject_becomes(subject, subject_is_gone) &&
                      launcher_ended(&subject->server, &status),
                  "it should say why it can't serve, and end; it goes on");
        said = subject_stderr(subject);
    }
    cr_assert(starts ? status == 1 << 8
                     : strstr(said, "with status 1 ") != NULL,
              "it gives up, but not with status 1: %s", said);
    cr_assert(strstr(said, strerror(reason)) != NULL,
              "it gives up, and does not say why: %s", said);
    launcher_kill(&subject->server);
}

void subject_dismiss(struct subject *subject)
{
    char said[1000];

    kill(subject->server.pid, SIGTERM);
    int how = wait_for_end(subject, subject_faulted() != NULL, said,
                           sizeof(said));
    cr_assert((WIFSIGNALED(how) && WTERMSIG(how) == SIGTERM) ||
                  (WIFEXITED(how) && WEXITSTATUS(how) == 0),
              "when stopped, the server ended with %s %d; it said: %s",
              WIFSIGNALED(how) ? "signal" : "status",
              WIFSIGNALED(how) ? WTERMSIG(how) : WEXITSTATUS(how), said);
}
