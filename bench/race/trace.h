/*
 * System calls counted by strace -c -f, which stands between the launcher
 * and the server. It slows a server to a fraction of its speed: count in
 * slices of their own.
 */
#ifndef BENCH_RACE_TRACE_H
#define BENCH_RACE_TRACE_H

#include "bench/record/row.h"
#include "common/lab/launcher.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Is strace installed? */
bool trace_possible(void);

/*
 * Puts strace before a command line.
 *
 * argv     LAUNCH_ARGS places, as from launcher_split()
 * out      the file for what strace counts
 * Returns  0, or -1: too many words, or no memory.
 */
int trace_wrap(char **argv, const char *out);

/*
 * Asks the server behind strace to stop, and waits until strace has
 * written and ended; then launcher_stop() has nothing left to wait for.
 */
void trace_stop(struct server *server);

/*
 * Adds what strace wrote into `out` to raw/calls.csv, removes `out`, and
 * fills in row's total.
 *
 * Returns  0, or -1 when there is nothing readable.
 */
int trace_keep(const char *out, FILE *calls, struct row *row);

/* A line of strace's table. Returns 0, or -1: no line of a call. */
int trace_parse(const char *line, char name[32], double *calls);

#endif
