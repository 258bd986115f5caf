/*
 * The order in which a run measures. No input, no output.
 *
 * A run goes in rounds; a round visits every point that still has visits
 * left, in blocks of random order. A block is one slice of one model, or,
 * where the answer needs it, A B B A: the reference, the model twice, the
 * reference. A machine that slows down steadily slows both sides alike.
 */
#ifndef BENCH_RACE_PLAN_H
#define BENCH_RACE_PLAN_H

#include "bench/record/experiment.h"
#include "bench/record/rng.h"

#include <stddef.h>

struct slice {
    const struct experiment *experiment;
    const struct point *point;
    size_t model;   /* index of the participant */
    unsigned round; /* 1 ... */
    unsigned pair;  /* 1 ...: the A B B A block; 0: none */
    unsigned place; /* 1 ... 4 in its block; 0: none */
};

struct plan {
    struct slice *slices; /* in order; owned; free by plan_free() */
    size_t n;
};

/* Who takes part: for each model, whom it is compared with. */
struct field {
    const char *const *names;
    const size_t *references; /* indices; its own: with itself (A/A) */
    size_t n;
};

/*
 * The order for a whole run.
 *
 * wanted   the experiments, n of them
 * Returns  0, or -1 when there is no memory (ENOMEM).
 */
int plan_make(struct plan *plan, const struct experiment *const *wanted,
              size_t n, const struct field *field, enum budget budget,
              struct rng *rng);
void plan_free(struct plan *plan);

/* Does a model take part in an experiment? See experiment.only. */
bool plan_takes_part(const struct experiment *experiment, const char *name);

#endif
