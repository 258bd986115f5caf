/*
 * What is read off a row: the figures that plots, tables and verdicts show.
 * No input, no output.
 */
#ifndef BENCH_RECORD_METRIC_H
#define BENCH_RECORD_METRIC_H

#include "bench/record/row.h"

#include <stdbool.h>

enum metric {
    METRIC_ECHOES_PER_S,
    METRIC_CONNECTIONS_PER_S,
    METRIC_MEGABYTES_PER_S,
    METRIC_CPU_PER_ECHO_US,
    METRIC_CPU_PER_CONNECTION_US,
    METRIC_P50_US,
    METRIC_P90_US,
    METRIC_P99_US,
    METRIC_P999_US,
    METRIC_LONGEST_WAIT_MS,
    METRIC_EVENNESS,
    METRIC_PSS_KIB, /* NaN while a client is not served: it may have no
                       process or thread yet */
    METRIC_TASKS,
    METRIC_SWITCHES_PER_ECHO,
    METRIC_CALLS_PER_ECHO,
    METRIC_ACHIEVED, /* of the offered rate; open loop only */
    METRIC_GENERATOR_PER_ECHO_US,
    METRIC_SERVER_BUSY,
    METRIC_GENERATOR_BUSY,
    METRIC_HELD,
    METRIC_PSS_PER_HELD_KIB,
    METRIC_KERNEL_PER_HELD_KIB,
    METRIC_HELD_AFTER_MS,
    METRICS
};

struct metric_about {
    const char *name;  /* for file names: "echoes" */
    const char *label; /* for an axis: "round trips a second" */
    const char *unit; /* of the axis, without prefix: "s"; "" for a count */
    double scale;     /* to that unit: 1e-6 for microseconds */
    const char *win, *lose; /* in a verdict: "faster", "slower" */
    int better;             /* 1: more is better; -1: less is */
    int by_generator;       /* can a generator at its limit falsify it? */
};

const struct metric_about *metric_about(enum metric metric);

/* Returns  the figure; NaN when the row does not hold what it needs. */
double metric_of(enum metric metric, const struct row *row);

/* "251k", "3.9 us", "1.20 ms": three digits and a unit; "-" for NaN. */
void metric_text(enum metric metric, double value, char *text, size_t size);

/* Clients without one echo; where connections are held, of all of them. */
double metric_unserved(const struct row *row);

/* All errors of a row together. */
double metric_errors(const struct row *row);

/*
 * Does a figure of this row mean something else than it seems: errors,
 * clients unserved, idle connections lost, nothing echoed?
 *
 * reason   receives a phrase then, as "1 of 50 clients served"
 */
bool metric_fault(const struct row *row, char *reason, size_t size);

#endif
