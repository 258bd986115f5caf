/*
 * The raw files of a run: raw/EXPERIMENT.csv, a row a turn, and
 * raw/EXPERIMENT.latency.csv, the histograms of turns that have one. A row
 * is on disk when store_keep() returns.
 */
#ifndef BENCH_RACE_STORE_H
#define BENCH_RACE_STORE_H

#include "bench/record/row.h"

#include <jansson.h>
#include <stdio.h>

struct store {
    const char *dir; /* of the run; it has a folder raw */
    char experiment[ROW_NAME];
    FILE *rows;
    FILE *latency; /* NULL until there is a histogram */
};

/* Opens the files of an experiment. Returns 0, or -1 with errno. */
int store_open(struct store *store, const char *dir,
               const char *experiment);

/* latency  buckets, [upper_ns, count] each; or NULL. Returns as above. */
int store_keep(struct store *store, const struct row *row,
               const json_t *latency);

/* Returns as above; does nothing when none is open. */
int store_close(struct store *store);

#endif
