/*
 * A visit to one point of an experiment: a group of servers is started and
 * raced in blocks, or one server is measured on its own.
 */
#ifndef BENCH_RACE_VISIT_H
#define BENCH_RACE_VISIT_H

#include "bench/race/bench.h"
#include "bench/race/participants.h"
#include "bench/race/plan.h"
#include "bench/race/store.h"
#include "bench/record/experiment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct visit {
    const struct experiment *experiment;
    const struct point *point;
    const struct participants *who;
    struct group group; /* of one member where nothing is compared */
    unsigned number;    /* of the group at this point, 1 ... */
    unsigned blocks;    /* at most */
    double target;      /* ends it: half the width of the intervals */
    double wanted_s;    /* for all of them, about */
    uint64_t end_ns;    /* of its time; until it has BLOCKS_MIN, it may */
    uint64_t last_ns;   /* go on till here; both CLOCK_MONOTONIC */
};

/* What came of a visit, by the members' places in the group. */
struct visited {
    size_t turns;
    size_t measured[GROUP_MAX]; /* turns that gave a figure */
    size_t failed;              /* turns, or starts, that did not */
};

/* Is it raced in blocks? */
bool visit_is_race(const struct visit *visit);

/* Does it count system calls, by strace? */
bool visit_traces(const struct visit *visit);

/* Fills in wanted_s. turn_ms: as in struct bench. */
void visit_estimate(struct visit *visit, unsigned turn_ms);

/*
 * Measures.
 *
 * Returns  0; 1: a signal interrupted it, and what was measured is kept;
 *          -1 with errno: a row could not be written. Nothing runs
 *          afterwards.
 */
int visit_measure(const struct visit *visit, struct bench *bench,
                  struct store *store, struct visited *visited);

/* Rows in place of a visit that is not tried. Returns 0, or -1. */
int visit_skip(const struct visit *visit, struct bench *bench,
               struct store *store, const char *why);

#endif
