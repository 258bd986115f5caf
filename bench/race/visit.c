#include "bench/race/visit.h"

#include "bench/race/contestant.h"
#include "bench/race/hold.h"
#include "bench/race/trace.h"
#include "bench/record/judge.h"
#include "common/clock.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ALONE_MS = 250,   /* a turn on its own, unless the job says how long */
    SILENCE_MS = 100, /* in which a server shows that it is silent */
    TRIAL_MS = 30,    /* the turn that shows how long a round takes, */
    TRIAL_CLIENTS = 10, /* and a ms more for so many clients */
    TRIES = 2,
    ROUNDS_MIN = 4,     /* in a turn, however little time there is */
    ROUND_MAX_MS = 250, /* with longer ones a turn would not hold one */
    PATIENT_MS = 1000,  /* to drain, where nobody is compared */
    SLOWEST_MS = 1000,  /* a turn of one whose rounds are too long */
    TURN_MORE_MS = 10,  /* around a turn: reading, draining */
    START_MS = 1000,    /* before the first turn, and after the last */
    LOOK_FIRST = 20,    /* blocks, before the intervals are looked at */
    LOOK_EVERY = 4,
};

struct race {
    const struct visit *visit;
    struct bench *bench;
    struct store *store;
    struct visited *visited;
    struct job job;
    struct contestant *ones; /* of the group */
    size_t n;
    size_t racing[GROUP_MAX]; /* of these, the ones that are not out */
    size_t nracing;
    struct turn_times times;
    unsigned block;
    struct rows rows; /* of the blocks, for judge_width() */
};

bool visit_is_race(const struct visit *visit)
{
    return visit->point->turn_ms > 0;
}

static unsigned least_ms(const struct visit *visit, unsigned turn_ms)
{
    return turn_ms > 0 ? turn_ms : visit->point->turn_ms;
}

static struct job prepare(const struct visit *visit)
{
    struct job job = {.clients = 10, .bytes = 64};

    visit->experiment->prepare(visit->point, &job);
    return job;
}

bool visit_traces(const struct visit *visit)
{
    return prepare(visit).trace;
}

static double alone_ms(const struct job *job)
{
    return job->window_ms > 0 ? job->window_ms : ALONE_MS;
}

void visit_estimate(struct visit *visit, unsigned turn_ms)
{
    struct job job = prepare(visit);
    double more_ms = job.clients + job.idle;
    double turns = 1;
    double each_ms = alone_ms(&job);

    if (visit_is_race(visit)) {
        struct turn_times times = plan_turn(least_ms(visit, turn_ms),
                                            job.clients / 50.0);
        turns = 2.0 * (double)visit->group.n * visit->blocks;
        each_ms = times.drop + times.window + TURN_MORE_MS + more_ms / 100;
    }
    visit->wanted_s = (START_MS + more_ms * (double)visit->group.n +
                       turns * each_ms) /
                      1e3;
}

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%.*s", (int)size - 1, from == NULL ? "" : from);
}

static double age_s(const struct bench *bench)
{
    return (double)(clock_now_ns() - bench->begun_ns) / 1e9;
}

static bool is_pinned(const struct visit *visit, const struct bench *bench)
{
    return !visit->point->free && bench->server_cpu > 0;
}

/* What all rows of a contestant have in common. */
static void describe(const struct visit *visit, const struct bench *bench,
                     const struct participant *who, struct row *row)
{
    row_clear(row);
    copy(row->experiment, sizeof(row->experiment), visit->experiment->name);
    copy(row->model, sizeof(row->model), who->name);
    copy(row->variant, sizeof(row->variant), visit->point->variant);
    copy(row->placement, sizeof(row->placement),
         is_pinned(visit, bench) ? "pinned" : "free");
    copy(row->outcome, sizeof(row->outcome), ROW_OK);
    row->value[ROW_X] = visit->point->x;
    row->value[ROW_GROUP] = visit->number;
    row->value[ROW_BLOCK] = row->value[ROW_PLACE] = 0;
    row->value[ROW_START_S] = age_s(bench);
}

static size_t index_of(const struct race *race,
                       const struct contestant *one)
{
    return (size_t)(one - race->ones);
}

static int keep(struct race *race, const struct contestant *one,
                const struct row *row, json_t *latency)
{
    bool failed = strcmp(row->outcome, ROW_FAILED) == 0;

    race->visited->turns++;
    race->visited->failed += failed;
    race->visited->measured[index_of(race, one)] += !failed;
    if (failed)
        progress_say(race->bench->progress, "bench/run: %s: %s, x = %g: %s",
                     row->model, row->experiment, row->value[ROW_X],
                     row->note);
    int result = store_keep(race->store, row, latency);
    json_decref(latency);
    return result;
}

/* A row that says why there is no turn. */
static int keep_blank(struct race *race, const struct contestant *one)
{
    struct row row = one->blank;

    row.value[ROW_TURN] = ++race->bench->turns;
    return keep(race, one, &row, NULL);
}

static void end_all(struct race *race)
{
    for (size_t i = 0; i < race->n; i++)
        contestant_end(&race->ones[i]);
}

static int check_all(struct race *race)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < race->n; i++) {
        struct contestant *one = &race->ones[i];
        if (one->out)
            continue;
        contestant_check(one);
        if (one->out)
            result = keep_blank(race, one);
    }
    return result;
}

/* Starts all servers, and then waits for all generators: one server's
 * patience is not in the way of the others. */
static int start_all(struct race *race)
{
    const struct visit *visit = race->visit;
    struct bench *bench = race->bench;
    bool pinned = is_pinned(visit, bench);
    const int cpus[2] = {pinned ? bench->server_cpu : 0,
                         pinned ? bench->generator_cpu : 0};

    for (size_t i = 0; i < visit->group.n; i++) {
        struct contestant *one = &race->ones[race->n++];
        one->who = &visit->who->all[visit->group.members[i]];
        one->job = &race->job;
        describe(visit, bench, one->who, &one->blank);
        if (contestant_start(one, bench, cpus) == -1 &&
            keep_blank(race, one) == -1)
            return -1;
    }
    for (size_t i = 0; i < race->n; i++) {
        struct contestant *one = &race->ones[i];
        if (one->out)
            continue;
        contestant_check(one);
        if (!one->out && contestant_gather(one) == 0)
            continue;
        if (!one->out)
            return 1;
        if (keep_blank(race, one) == -1)
            return -1;
    }
    return check_all(race);
}

static void judge_silence(struct race *race)
{
    uint64_t began_ns = clock_now_ns();

    for (size_t i = 0; i < race->n; i++)
        if (!race->ones[i].out)
            contestant_hush(&race->ones[i]);
    clock_rest_ms(SILENCE_MS);
    double silence_s = (double)(clock_now_ns() - began_ns) / 1e9;
    for (size_t i = 0; i < race->n; i++)
        if (!race->ones[i].out)
            contestant_judge_silence(&race->ones[i], silence_s);
}

static int turn(struct race *race, struct contestant *one,
                const struct turn_times *times, struct row *row,
                json_t **latency)
{
    one->blank.value[ROW_START_S] = age_s(race->bench);
    return contestant_turn(one, times, ++race->bench->turns, row, latency);
}

/* A turn that is compared with nothing. */
static int turn_alone(struct race *race, struct contestant *one,
                      const struct turn_times *times, const char *note)
{
    struct row row;
    json_t *latency;

    if (turn(race, one, times, &row, &latency) == -1)
        return 1;
    if (strcmp(row.outcome, ROW_SPOILT) == 0)
        copy(row.outcome, sizeof(row.outcome), ROW_OK);
    if (row.note[0] == '\0')
        copy(row.note, sizeof(row.note), note);
    return keep(race, one, &row, latency);
}

/* How long a round takes: until each client has its echo, in ms. */
static double round_ms_of(const struct row *row,
                          const struct turn_times *times, double lasted_ms)
{
    double rounds = row->value[ROW_ALL_ECHOES] / row->value[ROW_CLIENTS];

    if (!(rounds > 0))
        return SLOWEST_MS;
    return (rounds < 2 ? lasted_ms : times->window) / rounds;
}

/* Why it is not to be compared; "" if it is. */
static void tell_unfit(const struct contestant *one, double round_ms,
                       char *text, size_t size)
{
    const double *v = one->blank.value;

    text[0] = '\0';
    if (v[ROW_SERVED] < v[ROW_CLIENTS])
        snprintf(text, size, "%.0f of %.0f clients served: not compared",
                 v[ROW_SERVED], v[ROW_CLIENTS]);
    else if (v[ROW_IDLE_LOST] > 0)
        snprintf(text, size, "%.0f of %.0f idle clients lost: not compared",
                 v[ROW_IDLE_LOST], v[ROW_IDLE]);
    else if (round_ms > ROUND_MAX_MS)
        snprintf(text, size,
                 "until each client has its echo it takes %.0f ms: not "
                 "compared",
                 round_ms);
}

/*
 * One that can't be compared has one turn on its own and leaves.
 *
 * round_ms  as far as it is known; 0
 */
static int dismiss(struct race *race, struct contestant *one,
                   double round_ms, const char *unfit)
{
    const struct turn_times times = {
        .window = (unsigned)fmin(fmax(ALONE_MS, 10 * round_ms), SLOWEST_MS),
        .drain = PATIENT_MS,
    };
    int result;

    if (one->blank.value[ROW_SERVED] > 0) {
        result = turn_alone(race, one, &times, unfit);
    } else {
        copy(one->blank.note, ROW_NOTE, unfit);
        result = keep_blank(race, one);
    }
    contestant_end(one);
    return result;
}

/*
 * A short turn shows how long a round takes, and warms the server.
 *
 * Returns  0; 1: interrupted; -1: a row can't be written.
 */
static int try_once(struct race *race, struct contestant *one,
                    double *round_ms)
{
    const struct turn_times times = {
        .window = TRIAL_MS + race->job.clients / TRIAL_CLIENTS,
        .drain = PATIENT_MS,
    };
    uint64_t began_ns = clock_now_ns();
    struct row row;
    json_t *latency;

    if (turn(race, one, &times, &row, &latency) == -1)
        return 1;
    json_decref(latency);
    if (one->out)
        return keep(race, one, &row, NULL);
    double lasted_ms = (double)(clock_now_ns() - began_ns) / 1e6;
    *round_ms = fmin(*round_ms, round_ms_of(&row, &times, lasted_ms));
    return 0;
}

/*
 * Can it be compared? A round that seems too long may be the machine's
 * fault, and is tried again. Returns as above; *round_ms is 0 if not.
 */
static int try(struct race *race, struct contestant *one, double *round_ms)
{
    char unfit[ROW_NOTE];
    double least_ms = INFINITY;
    int result = 0;

    *round_ms = 0;
    tell_unfit(one, 0, unfit, sizeof(unfit));
    if (unfit[0] != '\0')
        return dismiss(race, one, 0, unfit);
    for (int i = 0;
         i < TRIES && !one->out && result == 0 && least_ms > ROUND_MAX_MS;
         i++)
        result = try_once(race, one, &least_ms);
    if (result != 0 || one->out)
        return result;
    tell_unfit(one, least_ms, unfit, sizeof(unfit));
    if (unfit[0] != '\0')
        return dismiss(race, one, least_ms, unfit);
    *round_ms = least_ms;
    return 0;
}

static bool is_over(const struct race *race)
{
    return *race->bench->stop != 0;
}

/* The time that there is for a turn when there are to be BLOCKS_MIN. */
static double left_ms_each(const struct race *race)
{
    double left_ms = ((double)race->visit->end_ns -
                      (double)clock_now_ns()) /
                     1e6;

    return left_ms / (2.0 * (double)race->n * BLOCKS_MIN) - TURN_MORE_MS;
}

/* Tries all. Their turns are as long as the slowest needs them. */
static int try_all(struct race *race)
{
    double slowest_ms = 0;
    double round_ms;

    for (size_t i = 0; i < race->n; i++) {
        if (race->ones[i].out)
            continue;
        int result = is_over(race) ? 1
                                   : try(race, &race->ones[i], &round_ms);
        if (result != 0)
            return result;
        slowest_ms = fmax(slowest_ms, round_ms);
    }
    unsigned least = least_ms(race->visit, race->bench->turn_ms);
    race->times = plan_turn(least, slowest_ms);
    race->times.window = plan_fit(
        &race->times, (unsigned)fmax(least, ROUNDS_MIN * slowest_ms),
        left_ms_each(race));
    return 0;
}

/* Takes the ones that are out from the list. */
static void close_ranks(struct race *race)
{
    size_t n = 0;

    for (size_t i = 0; i < race->n; i++)
        if (!race->ones[i].out)
            race->racing[n++] = i;
    race->nracing = n;
}

/* The turns of a block, by their places. */
struct block {
    struct contestant *ones[PLACES_MAX];
    struct row rows[PLACES_MAX];
    json_t *latency[PLACES_MAX];
    size_t n;
    const struct contestant *spoiler; /* NULL: the block counts */
};

static int keep_block(struct race *race, struct block *block)
{
    int result = 0;

    for (size_t i = 0; i < block->n; i++) {
        struct row *row = &block->rows[i];
        if (block->spoiler != NULL && strcmp(row->outcome, ROW_OK) == 0) {
            copy(row->outcome, sizeof(row->outcome), ROW_SPOILT);
            snprintf(row->note, sizeof(row->note), "by %s",
                     block->spoiler->who->name);
        }
        if (keep(race, block->ones[i], row, block->latency[i]) == -1 ||
            rows_add(&race->rows, row) == -1)
            result = -1;
    }
    return result;
}

/*
 * Echoes are under way that would come in the others' turns. They are
 * waited for; a server that still does not answer is out.
 */
static int settle(struct race *race, struct contestant *one)
{
    const struct turn_times times = {0, 1, PATIENT_MS};
    struct row row;
    json_t *latency;

    if (turn(race, one, &times, &row, &latency) == -1)
        return 1;
    json_decref(latency);
    if (strcmp(row.outcome, ROW_SPOILT) == 0) {
        contestant_put_out(one, row.note);
        row.value[ROW_BLOCK] = race->block;
        copy(row.outcome, sizeof(row.outcome), ROW_FAILED);
    }
    return one->out ? keep(race, one, &row, NULL) : 0;
}

/* Returns 0; 1: interrupted; -1: a row can't be written. */
static int run_block(struct race *race, const size_t *places)
{
    struct block block = {.n = 0};
    struct contestant *spoiler = NULL;
    int result = 0;

    race->block++;
    for (size_t i = 0; i < 2 * race->nracing && spoiler == NULL; i++) {
        struct contestant *one = &race->ones[race->racing[places[i]]];
        struct row *row = &block.rows[block.n];
        if (one->out)
            continue;
        if (is_over(race) || turn(race, one, &race->times, row,
                                  &block.latency[block.n]) == -1) {
            result = 1;
            break;
        }
        row->value[ROW_BLOCK] = race->block;
        row->value[ROW_PLACE] = (double)i + 1;
        block.ones[block.n++] = one;
        if (strcmp(row->outcome, ROW_SPOILT) == 0)
            spoiler = one;
    }
    block.spoiler = spoiler;
    if (keep_block(race, &block) == -1)
        return -1;
    return spoiler != NULL ? settle(race, spoiler) : result;
}

/* Looked at now and then, and at the width alone: a run that stops when
 * servers seem to differ would find differences everywhere. */
static bool is_precise(const struct race *race)
{
    const struct visit *visit = race->visit;

    return race->block >= LOOK_FIRST &&
           (race->block - LOOK_FIRST) % LOOK_EVERY == 0 &&
           judge_width(&race->rows, visit->experiment, visit->point) <=
               visit->target;
}

static bool has_enough(const struct race *race)
{
    uint64_t now_ns = clock_now_ns();

    return race->block >= race->visit->blocks ||
           now_ns >= race->visit->last_ns ||
           (race->block >= BLOCKS_MIN && now_ns >= race->visit->end_ns) ||
           is_precise(race);
}

static void show(const struct race *race)
{
    const struct point *point = race->visit->point;
    char about[160];
    char block[32] = "";

    if (visit_is_race(race->visit))
        snprintf(block, sizeof(block), ": block %u", race->block + 1);
    snprintf(about, sizeof(about), "%s, x = %g%s%s%s",
             race->visit->experiment->name, point->x,
             point->variant ? " " : "",
             point->variant ? point->variant : "", block);
    progress_show(race->bench->progress, about);
}

static int run_blocks(struct race *race)
{
    size_t places[PLACES_MAX];
    struct rng rng = {race->bench->seed + race->bench->turns};
    struct ordering ordering = {.n = 0};
    int result = 0;

    close_ranks(race);
    /* One that is left of several has nobody to be compared with. */
    while (result == 0 && !has_enough(race) &&
           race->nracing > (race->n > 1)) {
        if (ordering.n != race->nracing)
            ordering_begin(&ordering, race->nracing, &rng);
        ordering_next(&ordering, places);
        show(race);
        result = run_block(race, places);
        if (result == 0)
            result = check_all(race);
        close_ranks(race);
    }
    return result;
}

static int run_race(struct race *race)
{
    int result = start_all(race);

    if (result == 0) {
        judge_silence(race);
        result = try_all(race);
    }
    if (result == 0)
        result = run_blocks(race);
    end_all(race);
    return result;
}

/* Another kind of load: connections are held. */
static int run_held(struct race *race)
{
    const struct visit *visit = race->visit;
    struct contestant *one = &race->ones[0];
    char error[LAUNCH_ERROR];

    one->who = &visit->who->all[visit->group.members[0]];
    describe(visit, race->bench, one->who, &one->blank);
    if (hold_measure(race->bench, &race->job, one->who, &one->blank, error,
                     sizeof(error)) == 0)
        return keep_blank(race, one);
    if (errno == EINTR)
        return 1;
    copy(one->blank.outcome, ROW_NAME, ROW_FAILED);
    copy(one->blank.note, ROW_NOTE, error);
    return keep_blank(race, one);
}

/* One turn of one server, and its calls once strace has told them. */
static int run_alone(struct race *race)
{
    struct contestant *one = &race->ones[0];
    const struct turn_times times = {0, (unsigned)alone_ms(&race->job),
                                     PATIENT_MS};
    struct row row;
    json_t *latency = NULL;
    int result = start_all(race);

    if (result != 0 || one->out) {
        contestant_end(one);
        return result;
    }
    if (is_over(race) || turn(race, one, &times, &row, &latency) == -1) {
        contestant_end(one);
        return 1;
    }
    if (strcmp(row.outcome, ROW_SPOILT) == 0)
        copy(row.outcome, sizeof(row.outcome), ROW_OK);
    bool traced = race->job.trace && !one->out;
    contestant_end(one);
    if (traced) {
        row.value[ROW_ALL_ECHOES] += row.value[ROW_SERVED];
        if (trace_keep(race->bench->trace, race->bench->calls, &row) ==
            -1) {
            copy(row.outcome, sizeof(row.outcome), ROW_FAILED);
            copy(row.note, sizeof(row.note), "strace has counted nothing");
        }
    }
    return keep(race, one, &row, latency);
}

static void open_race(struct race *race, const struct visit *visit,
                      struct bench *bench, struct store *store,
                      struct visited *visited)
{
    *visited = (struct visited){0};
    *race = (struct race){
        .visit = visit,
        .bench = bench,
        .store = store,
        .visited = visited,
        .job = prepare(visit),
        .ones = calloc(visit->group.n, sizeof(struct contestant)),
    };
}

int visit_measure(const struct visit *visit, struct bench *bench,
                  struct store *store, struct visited *visited)
{
    struct race race;

    open_race(&race, visit, bench, store, visited);
    if (race.ones == NULL)
        return -1;
    show(&race);
    int result = visit_is_race(visit) ? run_race(&race)
                 : race.job.held > 0  ? run_held(&race)
                                      : run_alone(&race);
    int reason = errno;
    rows_free(&race.rows);
    free(race.ones);
    errno = reason;
    return result;
}

int visit_skip(const struct visit *visit, struct bench *bench,
               struct store *store, const char *why)
{
    struct visited visited;
    struct race race;
    int result = 0;

    open_race(&race, visit, bench, store, &visited);
    for (size_t i = 0; race.ones != NULL && i < visit->group.n; i++) {
        struct contestant *one = &race.ones[i];
        describe(visit, bench, &visit->who->all[visit->group.members[i]],
                 &one->blank);
        copy(one->blank.outcome, ROW_NAME, ROW_FAILED);
        copy(one->blank.note, ROW_NOTE, why);
        result |= keep_blank(&race, one);
    }
    free(race.ones);
    return result;
}
