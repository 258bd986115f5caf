#include "bench/race/generator.h"

#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ARGS = 24,
    ARG = 64,
    GRACE_S = 10,
    CONNECT_MS = 3000,
    TIMEOUT_MS = 2000
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
                     uint64_t window_ns, uint64_t warmup_ns)
{
    bool v6 = strchr(server->host, ':') != NULL;
    double timeout_ms = job->timeout_ms > 0 ? job->timeout_ms : TIMEOUT_MS;

    add(command, "load");
    add(command, "--json");
    add(command, "--marks");
    add(command, "--wait");
    add(command, "--clients=%u", job->clients);
    add(command, "--idle=%u", job->idle);
    add(command, "--size=%u", job->bytes);
    add(command, "--duration=%" PRIu64 "ns", window_ns);
    add(command, "--warmup=%" PRIu64 "ns", warmup_ns);
    add(command, "--timeout=%.0fms", timeout_ms);
    add(command, "--connect-timeout=%dms", CONNECT_MS);
    if (job->rate_per_s > 0)
        add(command, "--rate=%.0f", job->rate_per_s);
    if (job->churn)
        add(command, "--churn");
    if (job->spin)
        add(command, "--spin");
    if (cpu > 0)
        add(command, "--cpu=%d", cpu - 1);
    add(command, v6 ? "[%s]:%d" : "%s:%d", server->host, server->ports[0]);
}

/* In the child: Ctrl-C in a terminal is for the harness, which ends us. */
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
    dprintf(STDERR_FILENO, "%s: %s\n", program, strerror(errno));
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

int generator_start(struct generator *generator, const char *program,
                    const struct job *job, const struct server *server,
                    int cpu, uint64_t window_ns, uint64_t warmup_ns)
{
    struct command command = {.n = 0};

    describe(&command, job, server, cpu, window_ns, warmup_ns);
    if (generator_spawn(generator, program, command.argv) == -1)
        return -1;
    generator->deadline_ns = clock_now_ns() + window_ns + warmup_ns +
                             (uint64_t)GRACE_S * NS_PER_S;
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
    size_t room = sizeof(generator->text) - 1 - generator->filled;

    if (now_ns >= generator->deadline_ns || room == 0) {
        errno = ETIMEDOUT;
        return -1;
    }
    int left_ms = (int)((generator->deadline_ns - now_ns) / NS_PER_MS) + 1;
    int ready = poll(&one, 1, left_ms);
    if (ready <= 0) {
        errno = ready == 0 ? ETIMEDOUT : errno;
        return -1;
    }
    ssize_t n = read(generator->output, generator->text + generator->filled,
                     room);
    if (n <= 0)
        return (int)n;
    generator->filled += (size_t)n;
    generator->text[generator->filled] = '\0';
    return 1;
}

static int fail(struct generator *generator, const char *what)
{
    int reason = errno;

    snprintf(generator->error, sizeof(generator->error),
             "load generator: %s", what);
    errno = reason;
    return -1;
}

/* What it said in place of a result: its last line. */
static int fail_by_words(struct generator *generator)
{
    char *text = generator->text + generator->taken;

    errno = 0;
    text[strcspn(text, "\n")] = '\0';
    return fail(generator, text[0] ? text : "ended without a result");
}

static bool is_mark(const char *line, const char *mark)
{
    size_t n = strlen(mark);

    return strncmp(line, mark, n) == 0 && line[n] == ' ';
}

/* Marks that are for others. */
static bool is_passed_over(const char *line)
{
    return is_mark(line, "start") || is_mark(line, "end");
}

int generator_wait(struct generator *generator, const char *mark)
{
    for (;;) {
        char *line = generator->text + generator->taken;
        char *end = memchr(line, '\n',
                           generator->filled - generator->taken);
        if (end != NULL) {
            bool found = is_mark(line, mark);
            if (!found && !is_passed_over(line))
                return fail_by_words(generator);
            generator->taken = (size_t)(end + 1 - generator->text);
            if (found) {
                *end = '\0';
                generator->mark = line;
                return 0;
            }
            continue;
        }
        int more = take(generator);
        if (more == -1)
            return fail(generator,
                        errno == EINTR ? "interrupted" : "hangs");
        if (more == 0)
            return fail_by_words(generator);
    }
}

void generator_go_on(struct generator *generator)
{
    (void)!write(generator->input, "\n", 1);
}

static double number(json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static double micros(json_t *object, const char *name)
{
    return number(object, name) / 1e3;
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

static void read_result(json_t *result, double *v)
{
    json_t *errors = json_object_get(result, "errors");
    json_t *fairness = json_object_get(result, "fairness");

    v[ROW_WINDOW_S] = number(result, "elapsed_ns") / 1e9;
    v[ROW_SETUP_MS] = number(result, "connect_ns") / 1e6;
    v[ROW_CLIENTS] = number(result, "clients");
    v[ROW_IDLE] = number(result, "idle");
    v[ROW_BYTES] = number(result, "size_bytes");
    if (number(result, "rate_per_s") > 0)
        v[ROW_OFFERED] = number(result, "rate_per_s");
    v[ROW_ECHOES] = number(result, "round_trips");
    v[ROW_LATE_ECHOES] = number(result, "late_round_trips");
    v[ROW_ALL_ECHOES] = v[ROW_ECHOES] + v[ROW_LATE_ECHOES] +
                        number(result, "warmup_round_trips");
    if (json_is_true(json_object_get(result, "churn")))
        v[ROW_CONNECTIONS] = v[ROW_ECHOES];
    v[ROW_UNANSWERED] = number(result, "unanswered");
    v[ROW_SERVED] = v[ROW_CLIENTS] - number(result, "unserved");
    v[ROW_IDLE_LOST] = number(result, "idle_lost");
    v[ROW_REFUSED] = number(errors, "refused");
    v[ROW_RESET] = number(errors, "reset");
    v[ROW_TIMED_OUT] = number(errors, "timed_out");
    v[ROW_SHORT] = number(errors, "short");
    v[ROW_WRONG] = number(errors, "wrong_byte");
    v[ROW_OTHER_ERRORS] = number(errors, "other");
    v[ROW_LONGEST_WAIT_US] = micros(result, "longest_wait_ns");
    v[ROW_CLIENT_MIN] = number(fairness, "worst");
    v[ROW_CLIENT_MAX] = number(fairness, "best");
    v[ROW_GENERATOR_CPU_US] = micros(result, "cpu_ns");
    read_latency(json_object_get(result, "latency"), v);
}

int generator_read_json(const char *text, struct row *row)
{
    json_t *result = json_loads(text, 0, NULL);

    if (!json_is_object(result) ||
        !json_is_integer(json_object_get(result, "elapsed_ns")) ||
        !json_is_object(json_object_get(result, "errors"))) {
        json_decref(result);
        return -1;
    }
    read_result(result, row->value);
    json_decref(result);
    return 0;
}

static void keep_complaint(const char *before, const char *result,
                           const char *end, struct row *row)
{
    const char *words = before < result ? before : end + 1;

    words += strspn(words, "\n");
    snprintf(row->note, sizeof(row->note), "%.*s",
             (int)strcspn(words, "\n"), words);
}

int generator_finish(struct generator *generator, struct row *row)
{
    int status;
    int more;

    while ((more = take(generator)) == 1)
        ;
    if (more == -1)
        return fail(generator, errno == EINTR ? "interrupted" : "hangs");
    TEMP_FAILURE_RETRY(waitpid(generator->pid, &status, 0));
    generator->pid = 0;
    generator_kill(generator);
    /* A complaint, as that nobody could connect, may stand around the
     * result. */
    char *text = strchr(generator->text + generator->taken, '{');
    char *end = text != NULL ? strrchr(text, '}') : NULL;
    if (WIFSIGNALED(status) || end == NULL)
        return fail_by_words(generator);
    keep_complaint(generator->text + generator->taken, text, end, row);
    end[1] = '\0';
    return generator_read_json(text, row) == 0
               ? 0
               : fail(generator, "its result can't be read");
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
    generator->output = generator->input = -1;
    generator->pid = 0;
}
