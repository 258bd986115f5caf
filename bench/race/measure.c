#include "bench/race/measure.h"

#include "bench/race/crowd.h"
#include "bench/race/generator.h"
#include "bench/race/trace.h"
#include "bench/race/window.h"
#include "common/clock.h"
#include "common/lab/launcher.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WARMUP_MS = 30, STOP_MS = 4000, READY_MS = 5000 };

/* A newcomer may cost a fork, and all must be in before the
 * window opens. */
static const uint64_t warmup_client_ns = 200000;

/* Floor, start, connecting, edges and stop of a slice, about. */
static const uint64_t beside_ns = 100 * NS_PER_MS;

struct session {
    const struct bench *bench;
    struct job job;
    struct server server;
    struct generator generator;
    struct window window;
    bool pinned;
};

int bench_open(struct bench *bench, uint64_t slice_ns)
{
    cpu_set_t allowed;

    *bench = (struct bench){
        .slice_ns = slice_ns,
        .begun_ns = clock_now_ns(),
        .load = "build/bench/load",
        .hold = "build/bench/hold",
    };
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == -1)
        return -1;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET((size_t)cpu, &allowed)) {
            if (bench->generator_cpu == 0)
                bench->generator_cpu = cpu + 1;
            bench->server_cpu = cpu + 1;
        }
    if (bench->generator_cpu == bench->server_cpu)
        bench->generator_cpu = bench->server_cpu = 0;
    return floor_open(&bench->floor);
}

void bench_close(struct bench *bench)
{
    floor_close(&bench->floor);
}

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from == NULL ? "" : from);
}

static void fail(struct row *row, const char *why)
{
    copy(row->outcome, sizeof(row->outcome), ROW_FAILED);
    snprintf(row->note, sizeof(row->note), "%.*s", ROW_NOTE - 1, why);
}

static void describe(struct session *session, const struct slice *slice,
                     const struct participant *who, struct row *row)
{
    const struct bench *bench = session->bench;
    const struct point *point = slice->point;

    row_clear(row);
    copy(row->experiment, sizeof(row->experiment), slice->experiment->name);
    copy(row->model, sizeof(row->model), who->name);
    copy(row->variant, sizeof(row->variant), point->variant);
    copy(row->placement, sizeof(row->placement),
         session->pinned ? "pinned" : "free");
    copy(row->outcome, sizeof(row->outcome), ROW_OK);
    row->value[ROW_X] = point->x;
    row->value[ROW_ROUND] = slice->round;
    row->value[ROW_PAIR] = slice->pair;
    row->value[ROW_PLACE] = slice->place;
    row->value[ROW_START_S] = (double)(clock_now_ns() - bench->begun_ns) /
                              1e9;
}

static int start_server(struct session *session,
                        const struct participant *who)
{
    char *argv[LAUNCH_ARGS];
    struct launch_plan plan = {
        .argv = (const char *const *)argv,
        .nports = session->job.ports,
        .cpu = session->pinned ? session->bench->server_cpu : 0,
        .ready_ms = READY_MS,
    };

    if (participants_command(who, &session->job, argv) == -1 ||
        (session->job.trace &&
         trace_wrap(argv, session->bench->trace) == -1)) {
        snprintf(session->server.error, LAUNCH_ERROR,
                 "the command can't be split into words, or has too many");
        launcher_free_command(argv);
        return -1;
    }
    int result = launcher_start(&session->server, &plan);
    launcher_free_command(argv);
    return result;
}

/* The first thing that the server had to complain about, if any. */
static void take_words(const struct session *session, struct row *row)
{
    char words[ROW_NOTE];

    launcher_read_words(&session->server, 0, words, sizeof(words));
    words[strcspn(words, "\n")] = '\0';
    if (words[0] != '\0')
        memcpy(row->note, words, sizeof(words));
}

static void tell_end(struct session *session, int status, struct row *row)
{
    char words[ROW_NOTE];
    char why[LAUNCH_ERROR + ROW_NOTE];
    int signo = status & 0x7f;

    memcpy(words, row->note, sizeof(words));
    snprintf(why, sizeof(why), "the server ended in the middle (%s %d)%s%s",
             signo ? "signal" : "status", signo ? signo : status >> 8,
             words[0] ? ": " : "", words);
    fail(row, why);
    launcher_kill(&session->server);
}

static void end_server(struct session *session, struct row *row)
{
    const struct bench *bench = session->bench;
    int status;

    if (launcher_ended(&session->server, &status)) {
        tell_end(session, status, row);
        return;
    }
    if (session->job.trace)
        trace_stop(&session->server);
    if (launcher_stop(&session->server, STOP_MS, NULL) == -1 &&
        row->note[0] == '\0')
        snprintf(row->note, sizeof(row->note), "%.*s", ROW_NOTE - 1,
                 session->server.error);
    if (session->job.trace &&
        trace_keep(bench->trace, bench->calls, row) == -1)
        fail(row, "strace has counted nothing");
}

static struct job prepare(const struct slice *slice)
{
    struct job job = {.clients = 10, .bytes = 64};

    slice->experiment->prepare(slice->point, &job);
    return job;
}

static uint64_t window_ns(const struct job *job, uint64_t slice_ns)
{
    return job->window_ms > 0 ? (uint64_t)(job->window_ms * 1e6) : slice_ns;
}

static uint64_t warmup_ns(const struct job *job)
{
    return WARMUP_MS * NS_PER_MS +
           (job->clients + job->idle) * warmup_client_ns;
}

double bench_expected_s(const struct slice *slice, uint64_t slice_ns)
{
    struct job job = prepare(slice);

    return (double)(window_ns(&job, slice_ns) + warmup_ns(&job) +
                    beside_ns) /
           1e9;
}

static int load_server(struct session *session, struct row *row)
{
    const struct bench *bench = session->bench;
    const struct job *job = &session->job;

    session->window = (struct window){
        .job = job,
        .server = &session->server,
    };
    if (generator_start(
            &session->generator, bench->load, job, &session->server,
            session->pinned ? bench->generator_cpu : 0,
            window_ns(job, bench->slice_ns), warmup_ns(job)) == -1 ||
        window_watch(&session->window, &session->generator, row) == -1) {
        int reason = errno;
        generator_kill(&session->generator);
        errno = reason;
        return -1;
    }
    return 0;
}

/* A slice of another kind: connections are held. */
static int hold(struct session *session, const struct participant *who,
                struct row *row, bool *started)
{
    char error[LAUNCH_ERROR];

    if (crowd_measure(session->bench, &session->job, who, row, started,
                      error, sizeof(error)) == 0)
        return 0;
    if (errno == EINTR)
        return -1;
    fail(row, error);
    return 0;
}

void bench_skip(const struct bench *bench, const struct slice *slice,
                const struct participant *who, const char *why,
                struct row *row)
{
    struct session session = {
        .bench = bench,
        .pinned = !slice->point->free && bench->server_cpu > 0,
    };

    describe(&session, slice, who, row);
    fail(row, why);
}

int bench_measure(const struct bench *bench, const struct slice *slice,
                  const struct participant *who, struct row *row,
                  bool *started)
{
    struct session session = {
        .bench = bench,
        .job = prepare(slice),
        .pinned = !slice->point->free && bench->server_cpu > 0,
    };

    describe(&session, slice, who, row);
    row->value[ROW_FLOOR_US] = floor_measure_us(&bench->floor,
                                                bench->server_cpu);
    if (session.job.held > 0)
        return hold(&session, who, row, started);
    *started = start_server(&session, who) == 0;
    if (!*started) {
        fail(row, session.server.error);
        return 0;
    }
    int result = load_server(&session, row);
    bool interrupted = result == -1 && errno == EINTR;
    if (result == -1)
        fail(row, session.generator.error);
    take_words(&session, row);
    end_server(&session, row);
    window_forget(&session.window);
    return interrupted ? -1 : 0;
}
