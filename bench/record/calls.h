/*
 * The system calls of a run by name: raw/calls.csv.
 */
#ifndef BENCH_RECORD_CALLS_H
#define BENCH_RECORD_CALLS_H

#include "bench/record/row.h"

#include <stddef.h>
#include <stdio.h>

/* A line of it: a call of a model in one turn. */
struct call {
    char model[ROW_NAME];
    char name[32];
    double turn, calls, echoes;
};

struct calls {
    struct call *all; /* owned; free it */
    size_t n;
};

void calls_write_header(FILE *file);
void calls_write(FILE *file, const struct call *call);

/* Reads it. Returns as rows_read(). */
int calls_read(struct calls *calls, const char *path, char *error,
               size_t size);

#endif
