#include "bench/race/generator.h"

#include "common/clock.h"
#include "common/lab/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ARGS = 24,
    ARG = 64,
    CHUNK = 4096,
    TEXT_MAX = 1 << 22, /* bytes of a line; a histogram is the longest */
    GRACE_S = 10,
};

struct command {
    char text[ARGS][ARG];
    char *argv[ARGS + 1];
    size_t n;
};

static void add(struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void add(struct command *command, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(command->text[command->n], ARG, format, args);
    va_end(args);
    command->argv[command->n] = command->text[command->n];
    command->argv[++command->n] = NULL;
}

static void describe(struct command *command, const struct job *job,
                     const struct server *server, int cpu,
                     unsigned patience_ms)
{
    bool v6 = strchr(server->host, ':') != NULL;

    add(command, "load");
    add(command, "--turns");
    if (job->hoses > 0)
        add(command, "--hoses=%u", job->hoses);
    else
        add(command, "--clients=%u", job->clients);
    add(command, "--idle=%u", job->idle);
    add(command, "--size=%u", job->bytes);
    add(command, "--patience=%ums", patience_ms);
    if (job->rate_per_s > 0)
        add(command, "--rate=%.0f", job->rate_per_s);
    if (job->rate_per_s > 0)
        add(command, "--histogram");
    if (job->churn)
        add(command, "--churn");
    if (job->spin)
        add(command, "--spin");
    if (cpu > 0)
        add(command, "--cpu=%d", cpu - 1);
    add(command, v6 ? "[%s]:%d" : "%s:%d", server->host, server->ports[0]);
}

/* In the child: Ctrl-C in a terminal is for bench/run, which ends us. */
_Noreturn static void become(const char *program, char **argv, int input,
                             int output, pid_t parent)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(126);
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execv(program, argv);
    launcher_say_why(program);
    _exit(127);
}

static int start(struct generator *generator, const char *program,
                 char **argv)
{
    pid_t parent = getpid();
    int output[2], input[2];

    if (pipe2(output, O_CLOEXEC) == -1)
        return -1;
    generator->output = output[0];
    if (pipe2(input, O_CLOEXEC) == -1) {
        close(output[1]);
        return -1;
    }
    generator->input = input[1];
    pid_t pid = fork();
    if (pid == 0)
        become(program, argv, input[0], output[1], parent);
    close(output[1]);
    close(input[0]);
    generator->pid = pid == -1 ? 0 : pid;
    return pid == -1 ? -1 : 0;
}

int generator_spawn(struct generator *generator, const char *program,
                    char **argv)
{
    *generator = (struct generator){.output = -1, .input = -1};
    if (start(generator, program, argv) == 0)
        return 0;
    snprintf(generator->error, sizeof(generator->error),
             "cannot start %s: %s", program, strerror(errno));
    generator_kill(generator);
    return -1;
}

static void expect_within(struct generator *generator, uint64_t ms)
{
    generator->deadline_ns = clock_now_ns() + ms * NS_PER_MS +
                             (uint64_t)GRACE_S * NS_PER_S;
}

int generator_start(struct generator *generator, const char *program,
                    const struct job *job, const struct server *server,
                    int cpu, unsigned patience_ms)
{
    struct command command = {.n = 0};

    describe(&command, job, server, cpu, patience_ms);
    if (generator_spawn(generator, program, command.argv) == -1)
        return -1;
    expect_within(generator, patience_ms);
    return 0;
}

/* Room for CHUNK more bytes and a NUL. Returns 0 or -1. */
static int make_room(struct generator *generator)
{
    char *text = NULL;

    if (generator->filled <= TEXT_MAX)
        text = realloc(generator->text, generator->filled + CHUNK + 1);
    if (text == NULL) {
        errno = ENOMEM;
        return -1;
    }
    generator->text = text;
    return 0;
}

/*
 * Takes what it says next.
 *
 * Returns  1; 0: it has closed its output; -1: late or interrupted, errno
 *          says which.
 */
static int take(struct generator *generator)
{
    struct pollfd one = {.fd = generator->output, .events = POLLIN};
    uint64_t now_ns = clock_now_ns();

    if (now_ns >= generator->deadline_ns) {
        errno = ETIMEDOUT;
        return -1;
    }
    int left_ms = (int)((generator->deadline_ns - now_ns) / NS_PER_MS) + 1;
    int ready = poll(&one, 1, left_ms);
    if (ready <= 0) {
        errno = ready == 0 ? ETIMEDOUT : errno;
        return -1;
    }
    if (make_room(generator) == -1)
        return -1;
    char *end = generator->text + generator->filled;
    ssize_t n = read(generator->output, end, CHUNK);
    end[n > 0 ? n : 0] = '\0';
    generator->filled += n > 0 ? (size_t)n : 0;
    return n > 0 ? 1 : (int)n;
}

static int fail(struct generator *generator, const char *what)
{
    int reason = errno;

    snprintf(generator->error, sizeof(generator->error),
             "load generator: %s", what);
    errno = reason;
    return -1;
}

/* What it said in place of a result: its next line. */
static int fail_by_words(struct generator *generator, const char *line)
{
    char words[200] = "ended without a result";

    errno = 0;
    if (line != NULL && line[0] != '\0')
        snprintf(words, sizeof(words), "%.*s", (int)strcspn(line, "\n"),
                 line);
    return fail(generator, words);
}

/* Forgets the lines that were read. */
static void move_up(struct generator *generator)
{
    if (generator->taken == 0)
        return;
    generator->filled -= generator->taken;
    memmove(generator->text, generator->text + generator->taken,
            generator->filled + 1);
    generator->taken = 0;
}

int generator_wait(struct generator *generator, const char *word)
{
    char *end = NULL;

    move_up(generator);
    while (generator->text == NULL ||
           (end = strchr(generator->text, '\n')) == NULL) {
        int more = take(generator);
        if (more == -1)
            return fail(generator,
                        errno == EINTR ? "interrupted" : "hangs");
        if (more == 0)
            return fail_by_words(generator, generator->text);
    }
    *end = '\0';
    generator->taken = (size_t)(end + 1 - generator->text);
    generator->mark = generator->text;
    if (strncmp(generator->text, word, strlen(word)) != 0)
        return fail_by_words(generator, generator->text);
    return 0;
}

static double number(json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static double micros(json_t *object, const char *name)
{
    return number(object, name) / 1e3;
}

static void read_errors(json_t *errors, double *v)
{
    v[ROW_REFUSED] = number(errors, "refused");
    v[ROW_RESET] = number(errors, "reset");
    v[ROW_TIMED_OUT] = number(errors, "timed_out");
    v[ROW_SHORT] = number(errors, "short");
    v[ROW_WRONG] = number(errors, "wrong_byte");
    v[ROW_OTHER_ERRORS] = number(errors, "other");
}

int generator_ready(struct generator *generator, struct row *row)
{
    double *v = row->value;

    if (generator_wait(generator, "ready {") == -1)
        return -1;
    json_t *ready = json_loads(generator->mark + strlen("ready "), 0, NULL);
    if (!json_is_object(ready)) {
        json_decref(ready);
        return fail(generator, "what it says can't be read");
    }
    v[ROW_SERVED] = number(ready, "served");
    v[ROW_SETUP_MS] = number(ready, "took_ns") / 1e6;
    v[ROW_IDLE_LOST] = number(ready, "idle_lost");
    read_errors(json_object_get(ready, "errors"), v);
    json_decref(ready);
    return 0;
}

static void read_latency(json_t *latency, double *v)
{
    if (number(latency, "count") == 0)
        return; /* nothing came back: no latency is known */
    v[ROW_MEAN_US] = micros(latency, "mean_ns");
    v[ROW_P50_US] = micros(latency, "p50_ns");
    v[ROW_P90_US] = micros(latency, "p90_ns");
    v[ROW_P99_US] = micros(latency, "p99_ns");
    v[ROW_P999_US] = micros(latency, "p99_9_ns");
    v[ROW_MAX_US] = micros(latency, "max_ns");
}

static void read_turn(json_t *turn, double *v)
{
    v[ROW_WINDOW_S] = number(turn, "window_ns") / 1e9;
    v[ROW_ECHOES] = number(turn, "echoes");
    v[ROW_ALL_ECHOES] = number(turn, "all_echoes");
    if (number(turn, "connections") > 0)
        v[ROW_CONNECTIONS] = v[ROW_ECHOES];
    if (number(turn, "hoses") > 0) {
        v[ROW_HOSE_MIN] = number(turn, "least_bytes");
        v[ROW_HOSE_MAX] = number(turn, "most_bytes");
    }
    v[ROW_UNANSWERED] = number(turn, "unanswered");
    v[ROW_LONGEST_WAIT_US] = micros(turn, "longest_wait_ns");
    v[ROW_GENERATOR_CPU_US] = micros(turn, "cpu_ns");
    read_errors(json_object_get(turn, "errors"), v);
    read_latency(json_object_get(turn, "latency"), v);
}

int generator_read_turn(const char *line, struct row *row, double *left,
                        json_t **latency)
{
    json_t *turn = json_loads(line, 0, NULL);

    *latency = NULL;
    if (!json_is_object(turn) ||
        !json_is_integer(json_object_get(turn, "window_ns")) ||
        !json_is_object(json_object_get(turn, "errors"))) {
        json_decref(turn);
        return -1;
    }
    read_turn(turn, row->value);
    *left = number(turn, "in_flight");
    *latency = json_incref(
        json_object_get(json_object_get(turn, "latency"), "histogram"));
    json_decref(turn);
    return 0;
}

int generator_turn(struct generator *generator,
                   const struct turn_times *times, struct row *row,
                   double *left, json_t **latency)
{
    expect_within(generator, times->drop + times->window + times->drain);
    *latency = NULL;
    /* Should it have ended, the wait says so. */
    dprintf(generator->input, "turn %u %u %u\n",
            times->drop + times->window, times->drop, times->drain);
    if (generator_wait(generator, "{") == -1)
        return -1;
    if (generator_read_turn(generator->mark, row, left, latency) == 0)
        return 0;
    return fail(generator, "its result can't be read");
}

void generator_kill(struct generator *generator)
{
    if (generator->pid != 0) {
        kill(generator->pid, SIGKILL);
        waitpid(generator->pid, NULL, 0);
    }
    if (generator->output != -1)
        close(generator->output);
    if (generator->input != -1)
        close(generator->input);
    free(generator->text);
    *generator = (struct generator){.output = -1, .input = -1};
}
