#include "bench/race/run.h"

#include "bench/race/calm.h"
#include "bench/race/measure.h"
#include "bench/race/progress.h"
#include "bench/race/trace.h"
#include "common/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REPEATS = 2, REPEATS_PER_CENT = 20, STARTS_MAX = 2 };

static volatile sig_atomic_t stop;

static void on_signal(int signo)
{
    (void)signo;
    stop = 1;
}

void run_catch_signals(void)
{
    /* Once: a second Ctrl-C ends us. No SA_RESTART: waits return. */
    const struct sigaction act = {.sa_handler = on_signal,
                                  .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
}

struct run {
    const char *dir;
    const struct settings *settings;
    const struct participants *who;
    const struct plan *plan;
    struct ending *ending;
    struct bench bench;
    struct progress progress;
    FILE *files[EXPERIMENTS_MAX]; /* as settings->wanted */
    struct calm calm;
    char *trace;             /* path for strace; NULL */
    char told[PARTICIPANTS]; /* whose failure has been told */
    char got[PARTICIPANTS];  /* of whom a slice was measured */
    /* How often in a row it did not come to listen, by experiment: what
     * one asks of a server, as --work, it may not know. */
    int unstarted[EXPERIMENTS_MAX][PARTICIPANTS];
};

static bool wants(const struct run *run, const char *name)
{
    for (size_t i = 0; i < run->settings->nwanted; i++)
        if (strcmp(run->settings->wanted[i]->name, name) == 0)
            return true;
    return false;
}

static int open_files(struct run *run)
{
    for (size_t i = 0; i < run->settings->nwanted; i++) {
        char *path;
        if (asprintf(&path, "%s/raw/%s.csv", run->dir,
                     run->settings->wanted[i]->name) == -1)
            return -1;
        run->files[i] = fopen(path, "we");
        free(path);
        if (run->files[i] == NULL)
            return -1;
        row_write_header(run->files[i]);
    }
    return 0;
}

/* For the experiment that counts calls; without strace it goes without. */
static int open_trace(struct run *run)
{
    char *path;

    if (!wants(run, "syscalls"))
        return 0;
    if (!trace_possible()) {
        progress_say(&run->progress,
                     "bench/run: strace is not installed "
                     "(Debian's package strace): system calls are not "
                     "counted");
        return 0;
    }
    if (asprintf(&path, "%s/raw/calls.csv", run->dir) == -1)
        return -1;
    run->bench.calls = fopen(path, "we");
    free(path);
    if (run->bench.calls == NULL ||
        asprintf(&run->trace, "%s/raw/strace.txt", run->dir) == -1)
        return -1;
    run->bench.trace = run->trace;
    trace_write_header(run->bench.calls);
    return 0;
}

static int close_files(struct run *run)
{
    int result = 0;

    if (run->bench.calls != NULL && fclose(run->bench.calls) != 0)
        result = -1;
    free(run->trace);

    for (size_t i = 0; i < run->settings->nwanted; i++)
        if (run->files[i] != NULL && fclose(run->files[i]) != 0)
            result = -1;
    return result;
}

static size_t index_of(const struct run *run,
                       const struct experiment *experiment)
{
    size_t i = 0;

    while (run->settings->wanted[i] != experiment)
        i++;
    return i;
}

/* A row is on disk when this returns. */
static int keep(struct run *run, const struct slice *slice,
                const struct row *row)
{
    FILE *file = run->files[index_of(run, slice->experiment)];

    row_write(file, row);
    return fflush(file) == 0 ? 0 : -1;
}

static bool may_repeat(const struct run *run, int before)
{
    const struct ending *ending = run->ending;

    return before < REPEATS &&
           ending->repeated * 100 <=
               (ending->planned + 20) * REPEATS_PER_CENT;
}

static void show(struct run *run, const struct slice *slice, size_t done)
{
    char about[160];
    const char *variant = slice->point->variant;

    snprintf(about, sizeof(about), "round %u: %s, %s %g%s%s, %s",
             slice->round, slice->experiment->name,
             slice->experiment->x_is_model ? "with" : "x =",
             slice->point->x, variant ? " " : "", variant ? variant : "",
             run->who->all[slice->model].name);
    progress_show(&run->progress, done, about);
}

static void tell_failure(struct run *run, const struct slice *slice,
                         const struct row *row)
{
    run->ending->failed++;
    if (run->told[slice->model])
        return;
    run->told[slice->model] = 1;
    progress_say(&run->progress, "bench/run: %s: %s, x = %g: %s",
                 row->model, row->experiment, row->value[ROW_X], row->note);
}

/* A row in place of a slice that is not tried. */
static int skip(struct run *run, const struct slice *slice, const char *why)
{
    struct row row;

    bench_skip(&run->bench, slice, &run->who->all[slice->model], why, &row);
    run->ending->measured++;
    run->ending->failed++;
    return keep(run, slice, &row);
}

/* Does the slice need strace, and is there none? */
static bool lacks_trace(const struct run *run, const struct slice *slice)
{
    struct job job = {0};

    slice->experiment->prepare(slice->point, &job);
    return job.trace && run->bench.calls == NULL;
}

/*
 * One slice, and again when it was disturbed.
 *
 * Returns  0; 1: interrupted; -1 with errno: can't be kept.
 */
static int measure(struct run *run, const struct slice *slice)
{
    const struct participant *who = &run->who->all[slice->model];
    int *unstarted =
        &run->unstarted[index_of(run, slice->experiment)][slice->model];
    struct row row;
    bool started;

    if (lacks_trace(run, slice))
        return skip(run, slice, "strace is not installed");
    if (*unstarted >= STARTS_MAX) /* it would cost seconds each time */
        return skip(run, slice,
                    "not tried again: it did not come to listen "
                    "before");
    for (int repeats = 0;; repeats++) {
        if (bench_measure(&run->bench, slice, who, &row, &started) == -1)
            return 1;
        *unstarted = started ? 0 : *unstarted + 1;
        row.value[ROW_TURN] = (double)(run->ending->measured +
                                       run->ending->repeated + 1);
        bool failed = strcmp(row.outcome, ROW_FAILED) == 0;
        /* Too long to be done again, and counts are not disturbed. */
        const char *what = slice->experiment->by_name
                               ? NULL
                               : calm_disturbance(&run->calm, &row);
        if (failed || what == NULL || !may_repeat(run, repeats)) {
            run->ending->measured++;
            if (failed)
                tell_failure(run, slice, &row);
            else
                run->got[slice->model] = 1;
            return keep(run, slice, &row);
        }
        snprintf(row.outcome, sizeof(row.outcome), ROW_REPEATED);
        snprintf(row.note, sizeof(row.note), "%s", what);
        run->ending->repeated++;
        if (keep(run, slice, &row) == -1)
            return -1;
    }
}

static bool out_of_time(const struct run *run)
{
    return clock_now_ns() - run->progress.begun_ns >=
           run->settings->time_ns;
}

/* Servers that were tried and never gave a figure. */
static size_t count_silent(const struct run *run)
{
    size_t n = 0;

    for (size_t i = 0; i < run->who->n; i++)
        n += run->told[i] && !run->got[i];
    return n;
}

static int go(struct run *run)
{
    struct ending *ending = run->ending;
    int result = 0;

    ending->state = "complete";
    for (size_t i = 0; i < run->plan->n && result == 0; i++) {
        show(run, &run->plan->slices[i], i);
        if (out_of_time(run)) {
            ending->state = "out of time";
            break;
        }
        result = stop ? 1 : measure(run, &run->plan->slices[i]);
    }
    if (result == 1)
        ending->state = "cut short";
    progress_end(&run->progress);
    ending->silent = count_silent(run);
    ending->seconds = (double)(clock_now_ns() - run->progress.begun_ns) /
                      1e9;
    return result == -1 ? -1 : 0;
}

int run_measure(const char *dir, const struct settings *settings,
                const struct participants *who, const struct plan *plan,
                struct ending *ending)
{
    struct run run = {
        .dir = dir,
        .settings = settings,
        .who = who,
        .plan = plan,
        .ending = ending,
    };
    int result = bench_open(&run.bench, settings->slice_ns);

    run.bench.held = settings->held;
    run.bench.progress = &run.progress;
    *ending = (struct ending){.state = "running", .planned = plan->n};
    progress_begin(&run.progress, plan->n, settings->time_ns);
    if (result == 0)
        result = open_files(&run);
    if (result == 0)
        result = open_trace(&run);
    if (result == 0)
        result = go(&run);
    int reason = errno;
    if (close_files(&run) == -1 && result == 0) {
        reason = errno;
        result = -1;
    }
    bench_close(&run.bench);
    errno = reason;
    return result;
}
