/* The experiments about how many connections can be held at once. */
#include "bench/record/experiment.h"

static const enum metric beside[] = {
    METRIC_HELD,   METRIC_HELD_AFTER_MS, METRIC_P50_US,
    METRIC_P99_US, METRIC_TASKS,         METRICS,
};

static void prepare_held(const struct point *point, struct job *job)
{
    (void)point;
    job->held = 10000;
}

const struct experiment experiment_held = {
    .name = "held",
    .question = "Who holds 10,000 connections at once?",
    .x_is_model = true,
    .by_name = true,
    .see =
        "Each connection is echoed on when it is made and again at the "
        "end, when all of them are there; in between ten of them talk for "
        "a second. Memory is told per connection held: the server's is PSS "
        "of its process tree, the kernel's what slabs, page tables and "
        "stacks have grown by, for both ends of a connection, as the "
        "client is on this machine, too. A server that held fewer says "
        "why in the remark: its --max-clients is raised to what is asked "
        "for.",
    .points = {{1, NULL, FREE, ALONE, {1, 1, 1}}},
    .plots =
        {
            {METRIC_PSS_PER_HELD_KIB, PLOT_ROWS, true,
             "Memory of the server per connection held", NULL},
            {METRIC_KERNEL_PER_HELD_KIB, PLOT_ROWS, true,
             "Memory of the kernel per connection held", NULL},
        },
    .more = beside,
    .prepare = prepare_held,
};

static void prepare_million(const struct point *point, struct job *job)
{
    (void)point;
    job->held = 1000000;
    job->spread = true;
}

const struct experiment experiment_million = {
    .name = "million",
    .question = "How many connections can this machine hold?",
    .x_is_model = true,
    .by_name = true,
    .only = "epoll",
    .see =
        "As many as its limits allow, up to a million, over several "
        "servers on one port (SO_REUSEPORT) and several generators, for a "
        "process may open only so many descriptors. What limits them was "
        "named before the first came and stands in the remark. Each is "
        "echoed on when it is made and again at the end; in between ten of "
        "them talk for a second. No setting of the system is changed; all "
        "are closed by a reset, which leaves no TIME_WAIT.",
    .points = {{1, NULL, FREE, ALONE, {1, 1, 1}}},
    .plots =
        {
            {METRIC_PSS_PER_HELD_KIB, PLOT_ROWS, false,
             "Memory of the servers per connection held", NULL},
            {METRIC_KERNEL_PER_HELD_KIB, PLOT_ROWS, false,
             "Memory of the kernel per connection held", NULL},
        },
    .more = beside,
    .prepare = prepare_million,
};
