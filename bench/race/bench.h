/*
 * What all measurements of a run share.
 */
#ifndef BENCH_RACE_BENCH_H
#define BENCH_RACE_BENCH_H

#include "bench/race/progress.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>

struct bench {
    int server_cpu, generator_cpu; /* 1 + core; 0: there are not two */
    uint64_t begun_ns, end_ns;     /* of the run; its end at the latest */
    uint64_t seed;
    const volatile sig_atomic_t *stop; /* set by a signal: end now */
    unsigned turn_ms; /* the least length of a turn; 0: the point's own */
    unsigned turns;   /* so far */
    const char *load; /* path of the generator */
    unsigned held;    /* so many, in place of an experiment's own; 0 */
    struct progress *progress; /* for what takes long to tell of */
    FILE *calls;               /* raw/calls.csv; NULL: nobody counts */
    const char *trace;         /* where strace may write meanwhile */
};

/*
 * The last core for the servers, the first for the generators. Returns 0,
 * or -1 with errno.
 */
int bench_find_cores(struct bench *bench);

#endif
