/* The experiments about what a model costs, and which clients wait. */
#include "bench/record/experiment.h"

#include <stdio.h>
#include <string.h>

/* The blocks of a point are those of --quick, of a plain run, of --full. */

static void prepare_stall(const struct point *point, struct job *job)
{
    (void)point;
    job->clients = 10;
    job->idle = 1;
    job->window_ms = 500;
}

const struct experiment experiment_stall = {
    .name = "stall",
    .question = "One client stalls: who else waits?",
    .x_is_model = true,
    .see = "One client connects and says nothing; then ten more come and "
           "echo. The bar is the longest that any of the ten waited, "
           "answered or not, in a window of half a second: a crossed bar "
           "ends with the window, not with an answer.",
    .points = {{1, NULL, PINNED, ALONE, {0, 2, 6}}},
    .plots =
        {
            {METRIC_LONGEST_WAIT_MS, PLOT_ROWS, true,
             "One client is silent: the longest wait of ten others", NULL},
        },
    .prepare = prepare_stall,
};

static void prepare_fairness(const struct point *point, struct job *job)
{
    job->hoses = (unsigned)point->x;
    job->clients = job->hoses + 1;
    job->window_ms = 2500;
}

const struct experiment experiment_fairness = {
    .name = "fairness",
    .question = "Does a quiet client wait beside loud ones?",
    .x_is_model = true,
    .see = "Eight clients send all they can, and one asks for an echo each "
           "second. The plots show the quiet one's longest wait, and how "
           "evenly the loud ones are served: the bytes of the one that got "
           "least over those of the one that got most, 1 at best.",
    .points = {{8, NULL, PINNED, ALONE, {0, 1, 4}}},
    .plots =
        {
            {METRIC_LONGEST_WAIT_MS, PLOT_ROWS, true,
             "Eight loud clients: the longest wait of a quiet one", NULL},
            {METRIC_EVENNESS, PLOT_ROWS, false,
             "Eight loud clients: least over most", NULL},
        },
    .prepare = prepare_fairness,
};

enum { LAPS = 10 };

/* "5 ms": the turn of each socket. */
static double turn_ms(const struct point *point)
{
    double ms = 1;

    sscanf(point->variant, "%lf ms", &ms);
    return ms;
}

static double predict_lap(const struct point *point)
{
    return point->x * turn_ms(point) * 1000;
}

static void prepare_lap(const struct point *point, struct job *job)
{
    double lap_ms = point->x * turn_ms(point);

    job->clients = 1;
    job->ports = (unsigned)point->x;
    job->window_ms = lap_ms * LAPS > 250 ? lap_ms * LAPS : 250;
    snprintf(job->server_args[0], sizeof(job->server_args[0]),
             "--timeout-ms=%.0f", turn_ms(point));
}

const struct experiment experiment_lap = {
    .name = "lap",
    .question = "How long is a lap of timeout_poll?",
    .x_label = "listening sockets that nobody comes to, one client",
    .see = "Each silent socket is waited for as long as a turn lasts. The "
           "client's echo takes a lap: sockets x turn, the dotted line. "
           "What lies above it is the kernel's rounding of the timeout.",
    .only = "timeout_poll",
    .points =
        {
            {1, "1 ms", PINNED, ALONE, {0, 1, 3}},
            {10, "1 ms", PINNED, ALONE, {0, 1, 3}},
            {20, "1 ms", PINNED, ALONE, {0, 1, 3}},
            {40, "1 ms", PINNED, ALONE, {0, 1, 3}},
            {1, "5 ms", PINNED, ALONE, {0, 1, 3}},
            {10, "5 ms", PINNED, ALONE, {0, 1, 3}},
            {20, "5 ms", PINNED, ALONE, {0, 1, 3}},
            {40, "5 ms", PINNED, ALONE, {0, 1, 3}},
        },
    .plots =
        {
            {METRIC_P50_US, PLOT_LINES, false,
             "Median latency of one client: a lap", NULL},
        },
    .prepare = prepare_lap,
    .predict = predict_lap,
};

static const enum metric rate[] = {METRIC_ECHOES_PER_S, METRICS};

static void prepare_work(const struct point *point, struct job *job)
{
    job->clients = 8;
    snprintf(job->server_args[0], sizeof(job->server_args[0]),
             "--work=%s:%gms", point->variant, point->x);
}

const struct experiment experiment_work = {
    .name = "work",
    .question = "When do processes and threads win?",
    .x_label = "work for each message (ms), 8 clients",
    .before = "with work of ",
    .after = " ms",
    .see =
        "With work to do for each message, a single loop makes everybody "
        "wait while it works, and while it sleeps as for a disk. "
        "Processes and threads compute on every core and sleep all at "
        "once. Here the kernel places servers and generator freely: one "
        "core would be unfair to servers that can use more.",
    .log_x = true,
    .points =
        {
            {0, "cpu", FREE, 30, {0, 10, 20}},
            {0.1, "cpu", FREE, 30, {0, 0, 20}},
            {0.5, "cpu", FREE, 30, {0, 10, 20}},
            {2, "cpu", FREE, 50, {0, 0, 10}},
            {0, "sleep", FREE, 30, {0, 0, 20}},
            {0.1, "sleep", FREE, 30, {0, 0, 20}},
            {0.5, "sleep", FREE, 30, {0, 10, 20}},
            {2, "sleep", FREE, 50, {0, 10, 10}},
        },
    .plots =
        {
            {METRIC_ECHOES_PER_S, PLOT_LINES, true,
             "Echoes a second, computing for each", "cpu"},
            {METRIC_ECHOES_PER_S, PLOT_LINES, true,
             "Echoes a second, sleeping for each", "sleep"},
        },
    .compared = rate,
    .prepare = prepare_work,
};

static void prepare_memory(const struct point *point, struct job *job)
{
    job->clients = (unsigned)point->x;
    job->memory = true;
}

const struct experiment experiment_memory = {
    .name = "memory",
    .question = "What memory and how many tasks does a client take?",
    .x_label = "clients",
    .before = "with ",
    .after = " clients",
    .see = "PSS of the whole process tree: a page that processes share "
           "counts once. One client more takes the difference between most "
           "and fewest clients, over how many more they are; what the "
           "server takes for itself falls out of it. A process brings page "
           "tables and stacks of its own, a thread a stack, a loop a "
           "struct. What the kernel holds for a connection (about 10 KB) "
           "comes on top for all alike. Where clients went unserved no "
           "point is drawn: they may have no process or thread yet.",
    .log_x = true,
    .points =
        {
            {10, NULL, PINNED, ALONE, {0, 1, 3}},
            {100, NULL, PINNED, ALONE, {0, 1, 3}},
            {1000, NULL, PINNED, ALONE, {0, 1, 3}},
        },
    .plots =
        {
            {METRIC_PSS_KIB, PLOT_SLOPES, true,
             "Memory that one client more takes", NULL},
            {METRIC_PSS_KIB, PLOT_LINES, true, "Memory of the server",
             NULL},
            {METRIC_TASKS, PLOT_LINES, true, "Processes and threads", NULL},
        },
    .prepare = prepare_memory,
};

static void prepare_syscalls(const struct point *point, struct job *job)
{
    job->clients = 10;
    job->trace = strcmp(point->variant, "traced") == 0;
    job->switches = !job->trace;
}

const struct experiment experiment_syscalls = {
    .name = "syscalls",
    .question = "What does the kernel have to do for an echo?",
    .x_is_model = true,
    .see =
        "System calls per echo, by name, from strace -c -f in slices of "
        "their own (it slows a server to a fraction); context switches "
        "per echo from slices without it. Ten clients: a loop shares one "
        "wait among all that are ready, a process or thread waits inside "
        "recvfrom() and is switched to.",
    .points =
        {
            {10, "traced", PINNED, ALONE, {0, 1, 3}},
            {10, "plain", PINNED, ALONE, {0, 1, 3}},
        },
    .plots =
        {
            {METRIC_CALLS_PER_ECHO, PLOT_STACKED, false,
             "System calls per echo, 10 clients", "traced"},
            {METRIC_SWITCHES_PER_ECHO, PLOT_ROWS, false,
             "Context switches per echo, 10 clients", "plain"},
        },
    .prepare = prepare_syscalls,
};
