#include "bench/check/recording.h"

#include "bench/race/contestant.h"
#include "common/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SILENCE_MS = 100 };

struct recording {
    struct bench *bench;
    struct contestant ones[GROUP_MAX];
    struct participant who[GROUP_MAX];
    size_t n;
    const struct turn_times *times;
    struct rows *rows;
    unsigned block;
};

static int complain(const char *name, const char *why)
{
    fprintf(stderr, "bench/selfcheck: %s: %s\n", name, why);
    return -1;
}

static int start(struct recording *recording, const struct subject *subject,
                 const struct job *job)
{
    size_t i = recording->n++;
    struct contestant *one = &recording->ones[i];
    struct bench bench = *recording->bench;
    const int cpus[2] = {bench.server_cpu, bench.generator_cpu};

    recording->who[i] = (struct participant){
        .command = (char *)subject->command};
    snprintf(recording->who[i].name, sizeof(recording->who[i].name), "%s",
             subject->name);
    one->who = &recording->who[i];
    one->job = job;
    row_clear(&one->blank);
    snprintf(one->blank.model, ROW_NAME, "%s", subject->name);
    snprintf(one->blank.outcome, ROW_NAME, ROW_OK);
    one->blank.value[ROW_X] = job->clients;
    one->blank.value[ROW_GROUP] = 1;
    if (subject->generator != NULL)
        bench.load = subject->generator;
    return contestant_start(one, &bench, cpus) == 0
               ? 0
               : complain(subject->name, one->blank.note);
}

/* All are there; those that are not silent are stopped between turns. */
static int gather(struct recording *recording)
{
    for (size_t i = 0; i < recording->n; i++)
        if (contestant_gather(&recording->ones[i]) == -1)
            return complain(recording->who[i].name,
                            recording->ones[i].blank.note);
    for (size_t i = 0; i < recording->n; i++)
        contestant_hush(&recording->ones[i]);
    clock_rest_ms(SILENCE_MS);
    for (size_t i = 0; i < recording->n; i++)
        contestant_judge_silence(&recording->ones[i], SILENCE_MS / 1e3);
    return 0;
}

/* Keeps it when all of its turns gave a figure. */
static int go_block(struct recording *recording, const size_t *places)
{
    struct row rows[PLACES_MAX];
    size_t n = 2 * recording->n;
    bool spoilt = false;

    recording->block++;
    for (size_t i = 0; i < n; i++) {
        struct contestant *one = &recording->ones[places[i]];
        json_t *latency = NULL;
        if (contestant_turn(one, recording->times,
                            ++recording->bench->turns, &rows[i],
                            &latency) == -1)
            return -1;
        json_decref(latency);
        if (one->out)
            return complain(one->who->name, rows[i].note);
        rows[i].value[ROW_BLOCK] = recording->block;
        rows[i].value[ROW_PLACE] = (double)i;
        spoilt |= strcmp(rows[i].outcome, ROW_OK) != 0 ||
                  !(rows[i].value[ROW_ECHOES] > 0);
    }
    for (size_t i = 0; i < n && !spoilt; i++)
        if (rows_add(recording->rows, &rows[i]) == -1)
            return complain("rows", "no memory");
    return 0;
}

int recording_make(struct bench *bench, const struct subject *subjects,
                   size_t n, const struct job *job,
                   const struct turn_times *times, double seconds,
                   struct rows *rows)
{
    struct recording *recording = calloc(1, sizeof(*recording));
    struct rng rng = {bench->seed};
    struct ordering ordering;
    size_t places[PLACES_MAX];
    int result = recording == NULL ? -1 : 0;

    *rows = (struct rows){0};
    if (recording == NULL)
        return complain("recording", "no memory");
    recording->bench = bench;
    recording->times = times;
    recording->rows = rows;
    ordering_begin(&ordering, n, &rng);
    for (size_t i = 0; i < n && result == 0; i++)
        result = start(recording, &subjects[i], job);
    if (result == 0)
        result = gather(recording);
    uint64_t end_ns = clock_now_ns() + (uint64_t)(seconds * 1e9);
    while (result == 0 && clock_now_ns() < end_ns) {
        ordering_next(&ordering, places);
        result = go_block(recording, places);
    }
    for (size_t i = 0; i < recording->n; i++)
        contestant_end(&recording->ones[i]);
    free(recording);
    return result;
}

size_t recording_blocks(const struct rows *rows, size_t turns)
{
    return rows->n / turns;
}

int recording_cut(const struct rows *rows, size_t first, size_t n,
                  size_t blocks, double slower, struct rng *rng,
                  struct rows *part)
{
    struct ordering ordering;
    size_t places[PLACES_MAX];

    *part = (struct rows){0};
    ordering_begin(&ordering, n, rng);
    for (size_t b = 0; b < blocks; b++) {
        ordering_next(&ordering, places);
        for (size_t i = 0; i < 2 * n; i++) {
            struct row row = rows->all[first++];
            snprintf(row.model, ROW_NAME, "server %zu", places[i] + 1);
            row.value[ROW_BLOCK] = (double)b + 1;
            row.value[ROW_PLACE] = (double)i;
            if (places[i] == n - 1)
                row.value[ROW_SERVER_CPU_US] *= slower;
            if (rows_add(part, &row) == -1)
                return -1;
        }
    }
    return 0;
}

struct estimate recording_compare(const struct rows *rows,
                                  const char *model, const char *against,
                                  figure *of)
{
    const struct family pair = {.groups = {2}, .all = true};
    struct estimate estimate = {NAN, NAN, NAN, 0, false};
    double *sums = calloc(rows->n + 1, sizeof(*sums));
    double block = 0;
    size_t n = 0;

    for (size_t i = 0; sums != NULL && i < rows->n; i++) {
        const struct row *row = &rows->all[i];
        if (row->value[ROW_BLOCK] != block)
            n++;
        block = row->value[ROW_BLOCK];
        if (strcmp(row->model, model) == 0)
            sums[n - 1] += log(of(row)) / 2;
        else if (against != NULL && strcmp(row->model, against) == 0)
            sums[n - 1] -= log(of(row)) / 2;
    }
    estimate.blocks = n;
    if (sums != NULL && n >= JUDGE_BLOCKS) {
        struct trimmed trimmed = stats_trimmed(sums, n);
        double reach = trimmed.error * stats_max_t(&pair, n, 95);
        estimate.ratio = exp(trimmed.mean);
        estimate.low = exp(trimmed.mean - reach);
        estimate.high = exp(trimmed.mean + reach);
    }
    free(sums);
    return estimate;
}
