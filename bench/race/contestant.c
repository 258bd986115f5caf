#include "bench/race/contestant.h"

#include "bench/race/trace.h"
#include "common/clock.h"
#include "common/show.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum {
    READY_MS = 5000,
    STOP_MS = 4000,
    PATIENCE_MS = 2000,
    PATIENCE_US = 1000, /* more for each client */
    SPOILT_MAX = 5,
    LAST_MS = 100,   /* between a server's last packets and its end */
    TASKS_MAX = 100, /* to be asked one by one around each turn */
};

static const double silent_share = 0.01; /* of a core */

/* Escaped: servers and their users choose what is quoted. */
static void say(char note[ROW_NOTE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say(char note[ROW_NOTE], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = show_format(format, args);
    va_end(args);
    snprintf(note, ROW_NOTE, "%s", text != NULL ? text : "no memory");
    for (char *at = strchr(note, '\n'); at != NULL; at = strchr(at, '\n'))
        *at = ' ';
    free(text);
}

void contestant_put_out(struct contestant *one, const char *why)
{
    char note[ROW_NOTE];

    say(note, "%s", why);
    memcpy(one->blank.note, note, sizeof(note));
    snprintf(one->blank.outcome, sizeof(one->blank.outcome), ROW_FAILED);
    one->out = true;
    generator_kill(&one->generator);
    launcher_kill(&one->server);
    proc_forget(&one->tree);
    proc_forget(&one->beside);
}

static unsigned patience_ms(const struct job *job)
{
    return PATIENCE_MS + (job->clients + job->idle) * PATIENCE_US / 1000;
}

int contestant_start(struct contestant *one, struct bench *bench,
                     const int cpus[2])
{
    char *argv[LAUNCH_ARGS];
    struct launch_plan plan = {
        .argv = (const char *const *)argv,
        .nports = one->job->ports,
        .cpu = cpus[0],
        .ready_ms = READY_MS,
        .bounded = one->who->command != NULL,
    };

    one->generator = (struct generator){.output = -1, .input = -1};
    if (participants_command(one->who, one->job, argv) == -1 ||
        (one->job->trace && trace_wrap(argv, bench->trace) == -1)) {
        launcher_free_command(argv);
        one->server = (struct server){.stdout_fd = -1, .stderr_fd = -1};
        contestant_put_out(one, "the command can't be split into words, "
                                "or has too many");
        return -1;
    }
    int result = launcher_start(&one->server, &plan);
    launcher_free_command(argv);
    if (result == 0)
        result = generator_start(&one->generator, bench->load, one->job,
                                 &one->server, cpus[1],
                                 patience_ms(one->job));
    say(one->blank.note, "%s", one->server.note);
    if (result == -1)
        contestant_put_out(one, one->server.error[0] != '\0'
                                    ? one->server.error
                                    : one->generator.error);
    return result;
}

/* How it ended and what it said last; whether it has ended. */
static bool tell_end(struct contestant *one, char *text, size_t size)
{
    char how[LAUNCH_ERROR];
    char words[LAUNCH_WORDS];
    int status;

    if (!launcher_ended(&one->server, &status))
        return false;
    launcher_last_words(&one->server, words);
    launcher_describe_end(status, how, sizeof(how));
    snprintf(text, size, "the server %.100s%s%s", how, words[0] ? ": " : "",
             words);
    return true;
}

/* Likewise; one whose connections broke may be about to end. */
static bool wait_for_end(struct contestant *one, char *text, size_t size)
{
    for (int ms = 0; ms < LAST_MS; ms += 10) {
        if (tell_end(one, text, size))
            return true;
        clock_rest_ms(10);
    }
    return false;
}

int contestant_gather(struct contestant *one)
{
    double *v = one->blank.value;
    char why[LAUNCH_ERROR + LAUNCH_WORDS];

    v[ROW_CLIENTS] = one->job->clients;
    v[ROW_IDLE] = one->job->idle;
    v[ROW_BYTES] = one->job->bytes;
    if (one->job->rate_per_s > 0)
        v[ROW_OFFERED] = one->job->rate_per_s;
    if (generator_ready(&one->generator, &one->blank) == 0 &&
        !tell_end(one, why, sizeof(why)) &&
        proc_find(one->server.pid, &one->tree) == 0 &&
        proc_find(one->generator.pid, &one->beside) == 0) {
        v[ROW_TASKS] = one->tree.tasks;
        if (one->job->memory)
            v[ROW_PSS_KIB] = (double)proc_pss_kib(&one->tree);
        return 0;
    }
    if (errno == EINTR)
        return -1;
    if (!wait_for_end(one, why, sizeof(why)))
        snprintf(why, sizeof(why), "%s", one->generator.error);
    contestant_put_out(one, why);
    errno = 0;
    return -1;
}

void contestant_check(struct contestant *one)
{
    if (one->who->command != NULL &&
        launcher_exceeds(&one->server, LAUNCH_TASKS, LAUNCH_MEMORY_KIB))
        contestant_put_out(one, one->server.error);
}

void contestant_hush(struct contestant *one)
{
    proc_read_schedule(&one->tree, &one->was);
}

static void stop(const struct contestant *one)
{
    if (one->stopped)
        kill(-one->server.pid, SIGSTOP);
}

static void go_on(const struct contestant *one)
{
    if (one->stopped)
        kill(-one->server.pid, SIGCONT);
}

void contestant_judge_silence(struct contestant *one, double silence_s)
{
    struct proc_schedule now;

    proc_read_schedule(&one->tree, &now);
    double ran_s = ((double)now.ran_ns - (double)one->was.ran_ns) / 1e9;
    one->stopped = ran_s > silent_share * silence_s;
    one->blank.value[ROW_STOPPED] = one->stopped;
    stop(one);
}

/* What is read while nothing is under way. */
struct edge {
    uint64_t cpu_ns;
    struct proc_schedule server, generator;
    uint64_t voluntary, involuntary;
};

static bool knows_delay(const struct contestant *one)
{
    return one->tree.tasks <= TASKS_MAX;
}

static void read_edge(const struct contestant *one, struct edge *edge)
{
    edge->cpu_ns = proc_cpu_ns(&one->tree);
    if (knows_delay(one)) {
        proc_read_schedule(&one->tree, &edge->server);
        proc_read_schedule(&one->beside, &edge->generator);
    }
    if (one->job->switches)
        proc_count_switches(&one->tree, &edge->voluntary,
                            &edge->involuntary);
}

static double micros(uint64_t before_ns, uint64_t after_ns)
{
    return ((double)after_ns - (double)before_ns) / 1e3;
}

static void add_edges(const struct contestant *one, const struct edge *a,
                      const struct edge *b, double *v)
{
    v[ROW_SERVER_CPU_US] = micros(a->cpu_ns, b->cpu_ns);
    if (knows_delay(one))
        v[ROW_RUN_DELAY_US] = micros(a->server.waited_ns,
                                     b->server.waited_ns) +
                              micros(a->generator.waited_ns,
                                     b->generator.waited_ns);
    if (one->job->switches) {
        v[ROW_VOLUNTARY] = (double)(b->voluntary - a->voluntary);
        v[ROW_INVOLUNTARY] = (double)(b->involuntary - a->involuntary);
    }
}

/* "2 refused, 1 reset"; "" when there are none. */
static void tell_errors(const double *v, char *text, size_t size)
{
    static const char *const kinds[] = {"refused",   "reset",
                                        "timed out", "ended early",
                                        "wrong",     "other error"};

    text[0] = '\0';
    for (int i = 0; i < 6; i++)
        if (v[ROW_REFUSED + i] > 0)
            snprintf(text + strlen(text), size - strlen(text), "%s%.0f %s",
                     text[0] ? ", " : "", v[ROW_REFUSED + i], kinds[i]);
}

/* Puts it out, with what happened in which turn. */
static void fail(struct contestant *one, struct row *row, const char *what)
{
    char why[LAUNCH_ERROR + LAUNCH_WORDS + 64];

    snprintf(why, sizeof(why), "turn %.0f: %s", row->value[ROW_TURN], what);
    contestant_put_out(one, why);
    memcpy(row->outcome, one->blank.outcome, sizeof(row->outcome));
    memcpy(row->note, one->blank.note, sizeof(row->note));
}

static void spoil(struct contestant *one, struct row *row, const char *what)
{
    if (++one->spoilt < SPOILT_MAX) {
        snprintf(row->outcome, sizeof(row->outcome), ROW_SPOILT);
        say(row->note, "turn %.0f: %s", row->value[ROW_TURN], what);
        return;
    }
    char why[LAUNCH_ERROR];
    snprintf(why, sizeof(why), "%s, and so %d times: put out of the race",
             what, SPOILT_MAX);
    fail(one, row, why);
}

/* What became of the turn, once it has been measured. */
static void judge(struct contestant *one, const struct turn_times *times,
                  double left, struct row *row)
{
    char what[LAUNCH_ERROR + LAUNCH_WORDS];

    tell_errors(row->value, what, sizeof(what));
    if (what[0] != '\0') {
        bool ended = wait_for_end(one, what, sizeof(what));
        if (ended || !one->job->churn)
            fail(one, row, what);
        else
            spoil(one, row, what);
    } else if (tell_end(one, what, sizeof(what))) {
        fail(one, row, what);
    } else if (left > 0) {
        snprintf(what, sizeof(what),
                 "%.0f of %.0f clients without their echo %u ms after the "
                 "end%s",
                 left, row->value[ROW_CLIENTS], times->drain,
                 row->value[ROW_ALL_ECHOES] > 0 ? ""
                                                : ", and none in the turn");
        spoil(one, row, what);
    }
}

int contestant_turn(struct contestant *one, const struct turn_times *times,
                    unsigned number, struct row *row, json_t **latency)
{
    struct edge before = {0}, after = {0};
    double left = 0;

    *row = one->blank;
    row->value[ROW_TURN] = number;
    go_on(one);
    read_edge(one, &before);
    int result = generator_turn(&one->generator, times, row, &left,
                                latency);
    if (result == -1 && errno == EINTR)
        return -1;
    read_edge(one, &after);
    stop(one);
    add_edges(one, &before, &after, row->value);
    launcher_trim(&one->server);
    if (result == 0) {
        judge(one, times, left, row);
        return 0;
    }
    char what[LAUNCH_ERROR + LAUNCH_WORDS];
    if (!wait_for_end(one, what, sizeof(what)))
        snprintf(what, sizeof(what), "%s", one->generator.error);
    fail(one, row, what);
    return 0;
}

void contestant_end(struct contestant *one)
{
    if (one->out)
        return;
    one->out = true;
    generator_kill(&one->generator);
    go_on(one);
    if (one->job->trace)
        trace_stop(&one->server);
    if (launcher_stop(&one->server, STOP_MS, NULL) == -1)
        say(one->blank.note, "%s", one->server.error);
    proc_forget(&one->tree);
    proc_forget(&one->beside);
}
