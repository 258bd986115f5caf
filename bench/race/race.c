#include "bench/race/race.h"

#include "bench/race/trace.h"
#include "bench/record/calls.h"
#include "common/clock.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STARTS_MAX = 2 };

/* Half the width of an interval that ends a point: +-2 %. */
static const double targets[BUDGETS] = {0.03, 0.02, 0.01};

/* Of its share: what a point may take that would have too few blocks. */
static const double overtime = 2.5;

static volatile sig_atomic_t stop;

static void on_signal(int signo)
{
    (void)signo;
    stop = 1;
}

void race_catch_signals(void)
{
    /* Once: a second Ctrl-C ends us. No SA_RESTART: waits return. */
    const struct sigaction act = {.sa_handler = on_signal,
                                  .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* --- the course ---------------------------------------------------- */

static int append(struct course *course, const struct visit *visit,
                  unsigned turn_ms)
{
    if ((course->n & (course->n - 1)) == 0) { /* full: a power of two */
        size_t room = course->n == 0 ? 1 : course->n * 2;
        struct visit *more = realloc(course->visits, room * sizeof(*more));
        if (more == NULL)
            return -1;
        course->visits = more;
    }
    struct visit *added = &course->visits[course->n++];
    *added = *visit;
    visit_estimate(added, turn_ms);
    course->wanted_s += added->wanted_s;
    return 0;
}

/* The groups of a point that is raced. */
static int append_groups(struct course *course, struct visit *visit,
                         const size_t *members, size_t n, unsigned turn_ms)
{
    const struct participants *who = visit->who;
    size_t *references = calloc(who->n + 1, sizeof(*references));
    struct group *groups = calloc(n + 1, sizeof(*groups));
    int result = references == NULL || groups == NULL ? -1 : 0;

    for (size_t i = 0; result == 0 && i < who->n; i++)
        references[i] = who->all[i].reference;
    size_t ngroups = result == 0
                         ? plan_groups(members, n, references, groups)
                         : 0;
    for (size_t i = 0; result == 0 && i < ngroups; i++) {
        visit->group = groups[i];
        visit->number = (unsigned)i + 1;
        result = append(course, visit, turn_ms);
    }
    free(references);
    free(groups);
    return result;
}

/* Each member on its own, as often as the point says, in random order. */
static int append_alone(struct course *course, struct visit *visit,
                        size_t *members, size_t n, struct rng *rng)
{
    for (unsigned i = 0; i < visit->blocks; i++) {
        rng_shuffle(rng, members, n);
        for (size_t k = 0; k < n; k++) {
            visit->group = (struct group){{members[k]}, 1};
            if (append(course, visit, 0) == -1)
                return -1;
        }
    }
    return 0;
}

static int append_point(struct course *course, struct visit *visit,
                        const struct settings *settings, struct rng *rng)
{
    const struct participants *who = visit->who;
    size_t *members = calloc(who->n + 1, sizeof(*members));
    size_t n = 0;

    if (members == NULL)
        return -1;
    for (size_t i = 0; i < who->n; i++)
        if (plan_takes_part(visit->experiment, who->all[i].name))
            members[n++] = i;
    visit->blocks = visit->point->blocks[settings->budget];
    visit->target = targets[settings->budget];
    int result = visit_is_race(visit)
                     ? append_groups(course, visit, members, n,
                                     settings->turn_ms)
                     : append_alone(course, visit, members, n, rng);
    free(members);
    return result;
}

/* All points of one experiment. */
static int append_experiment(struct course *course,
                             const struct experiment *one,
                             const struct settings *settings,
                             const struct participants *who,
                             struct rng *rng)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < POINTS; i++) {
        struct visit visit = {
            .experiment = one, .point = &one->points[i], .who = who};
        if (one->points[i].blocks[settings->budget] > 0)
            result = append_point(course, &visit, settings, rng);
    }
    return result;
}

/* What compares nothing comes first: it is short, and what comes last has
 * the least time. */
int course_make(struct course *course, const struct settings *settings,
                const struct participants *who)
{
    struct rng rng = {settings->seed};
    int result = 0;

    *course = (struct course){0};
    for (int races = 0; races <= 1; races++)
        for (size_t i = 0; result == 0 && i < settings->nwanted; i++) {
            const struct experiment *one = settings->wanted[i];
            const struct visit first = {.experiment = one,
                                        .point = &one->points[0]};
            if (visit_is_race(&first) == races)
                result = append_experiment(course, one, settings, who,
                                           &rng);
        }
    if (result == -1)
        course_free(course);
    return result;
}

void course_free(struct course *course)
{
    free(course->visits);
    *course = (struct course){0};
}

/* --- the run ------------------------------------------------------- */

struct run {
    const char *dir;
    const struct settings *settings;
    const struct participants *who;
    struct course *course;
    struct ending *ending;
    struct bench bench;
    struct progress progress;
    struct store store;
    char *trace; /* path for strace; NULL */
    struct tried *tried;
};

/* What is known of a participant. */
struct tried {
    size_t measured, failed;
    /* How often in a row it came to nothing in one experiment: what that
     * asks of a server, as --work, it may not know. */
    int in_vain;
    const struct experiment *experiment;
};

static bool wants(const struct run *run, const char *name)
{
    for (size_t i = 0; i < run->settings->nwanted; i++)
        if (strcmp(run->settings->wanted[i]->name, name) == 0)
            return true;
    return false;
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
    calls_write_header(run->bench.calls);
    return 0;
}

/* Adds what a visit came to. */
static void add_up(struct run *run, const struct visit *visit,
                   const struct visited *visited)
{
    run->ending->turns += visited->turns;
    run->ending->failed += visited->failed;
    for (size_t i = 0; i < visit->group.n; i++) {
        struct tried *tried = &run->tried[visit->group.members[i]];
        tried->measured += visited->measured[i];
        tried->failed += visited->measured[i] == 0;
        tried->in_vain = visited->measured[i] == 0 ? tried->in_vain + 1 : 0;
        tried->experiment = visit->experiment;
    }
}

/* Leaves out those that it would cost seconds each time to try again. */
static void leave_out(const struct run *run, struct visit *visit,
                      struct group *others)
{
    size_t n = 0;

    others->n = 0;
    for (size_t i = 0; i < visit->group.n; i++) {
        size_t member = visit->group.members[i];
        const struct tried *tried = &run->tried[member];
        if (tried->experiment == visit->experiment &&
            tried->in_vain >= STARTS_MAX)
            others->members[others->n++] = member;
        else
            visit->group.members[n++] = member;
    }
    visit->group.n = n;
}

static const char *why_not(const struct run *run, const struct visit *visit)
{
    return visit_traces(visit) && run->bench.calls == NULL
               ? "strace is not installed"
               : NULL;
}

/* Returns as visit_measure(). */
static int visit_one(struct run *run, struct visit *visit)
{
    struct visited visited;
    struct visit skipped = *visit;
    const char *why = why_not(run, visit);

    if (why != NULL) {
        run->ending->failed += visit->group.n;
        return visit_skip(visit, &run->bench, &run->store, why);
    }
    leave_out(run, visit, &skipped.group);
    run->ending->failed += skipped.group.n;
    if (visit_skip(&skipped, &run->bench, &run->store,
                   "not tried again: it came to nothing before") == -1)
        return -1;
    if (visit->group.n == 0)
        return 0;
    int result = visit_measure(visit, &run->bench, &run->store, &visited);
    add_up(run, visit, &visited);
    return result;
}

/* Gives the visit its share of what is left of the time. */
static void set_end(const struct run *run, size_t i)
{
    const struct course *course = run->course;
    struct visit *visit = &course->visits[i];
    uint64_t now_ns = clock_now_ns();
    double left_s = ((double)run->bench.end_ns - (double)now_ns) / 1e9;
    double ahead_s = 0;

    for (size_t k = i; k < course->n; k++)
        ahead_s += course->visits[k].wanted_s;
    double share_s = fmax(plan_share_s(left_s, visit->wanted_s, ahead_s),
                          0);
    visit->end_ns = now_ns + (uint64_t)(share_s * 1e9);
    visit->last_ns = now_ns +
                     (uint64_t)(fmin(share_s * overtime, left_s) * 1e9);
}

static int open_store(struct run *run, const struct visit *visit)
{
    if (run->store.rows != NULL &&
        strcmp(run->store.experiment, visit->experiment->name) == 0)
        return 0;
    if (store_close(&run->store) == -1)
        return -1;
    return store_open(&run->store, run->dir, visit->experiment->name);
}

static int go(struct run *run)
{
    struct ending *ending = run->ending;
    int result = 0;

    ending->state = "complete";
    for (size_t i = 0; i < run->course->n && result == 0; i++) {
        struct visit *visit = &run->course->visits[i];
        if (clock_now_ns() >= run->bench.end_ns) {
            ending->state = "out of time";
            break;
        }
        set_end(run, i);
        result = open_store(run, visit);
        if (result == 0)
            result = stop ? 1 : visit_one(run, visit);
        ending->visited += result == 0;
    }
    if (result == 1)
        ending->state = "cut short";
    progress_end(&run->progress);
    for (size_t i = 0; i < run->who->n; i++)
        ending->silent += run->tried[i].failed > 0 &&
                          run->tried[i].measured == 0;
    ending->seconds = (double)(clock_now_ns() - run->bench.begun_ns) / 1e9;
    return result == -1 ? -1 : 0;
}

static int open_run(struct run *run)
{
    const struct settings *settings = run->settings;
    double most_s = (double)settings->time_ns / 1e9;

    run->bench = (struct bench){
        .begun_ns = clock_now_ns(),
        .end_ns = clock_now_ns() + settings->time_ns,
        .seed = settings->seed,
        .stop = &stop,
        .turn_ms = settings->turn_ms,
        .load = "build/bench/load",
        .held = settings->held,
        .progress = &run->progress,
    };
    *run->ending = (struct ending){.state = "running",
                                   .points = run->course->n};
    progress_begin(&run->progress, run->course->wanted_s < most_s
                                       ? run->course->wanted_s
                                       : most_s);
    run->tried = calloc(run->who->n, sizeof(*run->tried));
    if (run->tried == NULL || bench_find_cores(&run->bench) == -1)
        return -1;
    return open_trace(run);
}

int race_run(const char *dir, const struct settings *settings,
             const struct participants *who, struct course *course,
             struct ending *ending)
{
    struct run run = {
        .dir = dir,
        .settings = settings,
        .who = who,
        .course = course,
        .ending = ending,
    };
    int result = open_run(&run);

    if (result == 0)
        result = go(&run);
    int reason = errno;
    if (run.bench.calls != NULL && fclose(run.bench.calls) != 0)
        result = -1;
    if (store_close(&run.store) == -1 && result == 0) {
        reason = errno;
        result = -1;
    }
    free(run.trace);
    free(run.tried);
    errno = reason;
    return result;
}
