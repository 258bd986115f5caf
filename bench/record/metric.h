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
    METRIC_P99_US,
    METRIC_P999_US,
    METRIC_LONGEST_WAIT_MS,
    METRIC_PSS_PER_CLIENT_KIB,
    METRIC_TASKS,
    METRIC_SWITCHES_PER_ECHO,
    METRIC_CALLS_PER_ECHO,
    METRIC_GENERATOR_PER_ECHO_US,
    METRIC_SERVER_BUSY,
    METRIC_GENERATOR_BUSY,
    METRIC_FLOORS,
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

/* --- gates: what must hold for a figure to be believed ------------- */

/*
 * Little's law of a closed loop: clients = rate x mean latency.
 *
 * Returns  clients / (rate x latency); 1 when it holds; NaN when it is not
 * a closed loop over kept connections.
 */
double metric_little(const struct row *row);

/* Had the generator no time left in the window, and the server had? */
bool metric_generator_bound(const struct row *row);

/*
 * What was echoed against what the kernel counted on the loopback device.
 *
 * Returns  payload, there and back, over bytes on the wire: below 1, for
 *          headers and acknowledgements are counted there, too; above 1 the
 *          rate would be a lie. NaN when nothing was counted.
 */
double metric_wire(const struct row *row);

/* Clients without one echo; where connections are held, of all of them. */
double metric_unserved(const struct row *row);

/* All errors of a row together. */
double metric_errors(const struct row *row);

enum gate {
    GATE_OPEN,
    GATE_CLOSED,    /* errors, clients unserved, Little's law broken, more
                       echoes than bytes: the figure means something else */
    GATE_GENERATOR, /* the generator had no time left, the server had: the
                       server can do at least as much */
};

/*
 * May the figure be ranked?
 *
 * reason   receives a phrase if not, as "49 of 50 clients unserved"
 */
enum gate metric_gate(enum metric metric, const struct row *row,
                      char *reason, size_t size);

#endif
