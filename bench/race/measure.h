/*
 * Measures one slice: floor, server, load, samples around the timed window.
 */
#ifndef BENCH_RACE_MEASURE_H
#define BENCH_RACE_MEASURE_H

#include "bench/race/floor.h"
#include "bench/race/participants.h"
#include "bench/race/plan.h"
#include "bench/race/progress.h"
#include "bench/record/row.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What all slices of a run share. */
struct bench {
    struct floor floor;
    int server_cpu, generator_cpu; /* 1 + core; 0: there are not two */
    uint64_t slice_ns;             /* length of a window */
    uint64_t begun_ns;             /* of the run */
    const char *load;              /* path of the generator, */
    const char *hold;              /* and of who holds connections */
    unsigned held; /* so many, in place of an experiment's own; 0 */
    struct progress *progress; /* for what takes long to tell of */
    FILE *calls;       /* raw/calls.csv; NULL: nobody counts calls */
    const char *trace; /* where strace may write meanwhile */
};

/* Finds the cores and opens the floor. Returns 0, or -1 with errno. */
int bench_open(struct bench *bench, uint64_t slice_ns);
void bench_close(struct bench *bench);

/*
 * Measures a slice with one server, which is started and ended for it.
 *
 * started  receives whether the server came to listen
 * row      receives all there is to say; outcome is ROW_OK or ROW_FAILED
 * Returns  0, or -1: a signal interrupted it, and the row is worthless.
 *          Nothing runs afterwards.
 */
int bench_measure(const struct bench *bench, const struct slice *slice,
                  const struct participant *who, struct row *row,
                  bool *started);

/* About how long a slice takes that is not disturbed, in seconds. */
double bench_expected_s(const struct slice *slice, uint64_t slice_ns);

/* A row in place of a slice that was not tried at all. */
void bench_skip(const struct bench *bench, const struct slice *slice,
                const struct participant *who, const char *why,
                struct row *row);

#endif
