/* The experiments that change the load: how many, how big, how often. */
#include "bench/record/experiment.h"

/* The blocks of a point are those of --quick, of a plain run, of --full. */

static const enum metric per_echo[] = {METRIC_CPU_PER_ECHO_US,
                                       METRIC_ECHOES_PER_S, METRICS};

static void prepare_clients(const struct point *point, struct job *job)
{
    job->clients = (unsigned)point->x;
}

const struct experiment experiment_clients = {
    .name = "clients",
    .question = "How do throughput and latency change as clients grow?",
    .x_label = "clients, each waiting for its echo",
    .before = "with ",
    .after = " clients",
    .see = "A closed loop: each client sends again when its echo is back. "
           "Once the server is busy, throughput is level, and latency is "
           "only clients / throughput (Little's law): it says how long the "
           "queue is, not how fast the server is. For service latency see "
           "rate. A line ends where clients go without a single echo, as "
           "all but one do with iterative; bars from below show how many "
           "are served there.",
    .log_x = true,
    .points =
        {
            {1, NULL, PINNED, 30, {12, 20, 40}},
            {1, NULL, FREE, 30, {0, 0, 20}},
            {10, NULL, PINNED, 30, {0, 10, 20}},
            {50, NULL, PINNED, BLOCKS, {14, 60, 120}},
            {50, NULL, FREE, BLOCKS, {0, 0, 20}},
            {200, NULL, PINNED, BLOCKS, {0, 10, 20}},
            {1000, NULL, PINNED, BLOCKS, {13, 40, 80}},
            {4000, NULL, PINNED, 100, {0, 0, 10}},
        },
    .plots =
        {
            {METRIC_CPU_PER_ECHO_US, PLOT_LINES, false,
             "Server CPU per echo as clients grow", NULL},
            {METRIC_ECHOES_PER_S, PLOT_LINES, false,
             "Echoes a second as clients grow", NULL},
            {METRIC_P99_US, PLOT_LINES, true,
             "Latency in a closed loop, 99th percentile", NULL},
        },
    .compared = per_echo,
    .prepare = prepare_clients,
};

static const enum metric per_connection[] = {
    METRIC_CPU_PER_CONNECTION_US, METRIC_CONNECTIONS_PER_S, METRICS};

static void prepare_churn(const struct point *point, struct job *job)
{
    job->clients = (unsigned)point->x;
    job->churn = true;
}

const struct experiment experiment_churn = {
    .name = "churn",
    .question = "What does a new client cost?",
    .x_label = "connections at once",
    .before = "with newcomers, ",
    .after = " at once",
    .see =
        "Connect, echo once, close. Here a process, a thread and an "
        "entry in a list part: the loops pay a few system calls for a "
        "newcomer, fork() copies a process. The client's side of a "
        "connection costs more than a loop's, so that the generator is "
        "the limit of the fastest; the CPU per connection is not touched "
        "by that.",
    .log_x = true,
    .points =
        {
            {1, NULL, PINNED, BLOCKS, {0, 10, 20}},
            {16, NULL, PINNED, 40, {12, 24, 40}},
            {64, NULL, PINNED, BLOCKS, {0, 10, 20}},
        },
    .plots =
        {
            {METRIC_CPU_PER_CONNECTION_US, PLOT_LINES, false,
             "Server CPU per connection", NULL},
            {METRIC_CONNECTIONS_PER_S, PLOT_LINES, false,
             "Connect, echo once, close: connections a second", NULL},
        },
    .compared = per_connection,
    .prepare = prepare_churn,
};

static void prepare_idle(const struct point *point, struct job *job)
{
    job->clients = 10;
    job->idle = (unsigned)point->x;
}

const struct experiment experiment_idle = {
    .name = "idle",
    .question = "What do silent clients cost the active ones?",
    .x_label = "idle connections beside 10 active ones",
    .before = "beside ",
    .after = " idle clients",
    .see =
        "The idle ones connect first and say nothing. select looks at "
        "every descriptor each time it is called and ends at FD_SETSIZE; "
        "epoll is told of the active ones alone. iterative waits for the "
        "first idle client for ever, timeout_poll asks each in turn. "
        "(After libevent's benchmark, and Gammo and others, 2004.)",
    .log_x = true,
    .points =
        {
            {0, NULL, PINNED, 30, {0, 10, 20}},
            {100, NULL, PINNED, 30, {0, 0, 20}},
            {1000, NULL, PINNED, 30, {12, 20, 40}},
            {10000, NULL, PINNED, BLOCKS, {0, 0, 10}},
        },
    .plots =
        {
            {METRIC_CPU_PER_ECHO_US, PLOT_LINES, true,
             "Server CPU per echo beside idle connections", NULL},
            {METRIC_ECHOES_PER_S, PLOT_LINES, true,
             "Echoes a second beside idle connections", NULL},
        },
    .compared = per_echo,
    .prepare = prepare_idle,
};

static const enum metric per_byte[] = {METRIC_CPU_PER_ECHO_US,
                                       METRIC_MEGABYTES_PER_S, METRICS};

static void prepare_size(const struct point *point, struct job *job)
{
    job->clients = 4;
    job->bytes = (unsigned)point->x;
}

const struct experiment experiment_size = {
    .name = "size",
    .question = "How many bytes a second, as messages grow?",
    .x_label = "message size (bytes), 4 clients",
    .before = "with messages of ",
    .after = "",
    .see = "Small messages cost calls, large ones cost copying: the curves "
           "rise until the memory's speed is the limit, and there the "
           "models meet. Every server takes 4 KiB at a time.",
    .log_x = true,
    .bytes_x = true,
    .points =
        {
            {1, NULL, PINNED, 30, {0, 0, 20}},
            {64, NULL, PINNED, 30, {0, 10, 20}},
            {1024, NULL, PINNED, 30, {0, 0, 20}},
            {4096, NULL, PINNED, 30, {0, 10, 20}},
            {65536, NULL, PINNED, 30, {0, 20, 40}},
            {1048576, NULL, PINNED, BLOCKS, {0, 10, 20}},
        },
    .plots =
        {
            {METRIC_MEGABYTES_PER_S, PLOT_LINES, true,
             "Bytes echoed a second as messages grow", NULL},
        },
    .compared = per_byte,
    .prepare = prepare_size,
};

static const enum metric per_message[] = {METRIC_CPU_PER_ECHO_US,
                                          METRIC_P99_US, METRICS};

static void prepare_rate(const struct point *point, struct job *job)
{
    job->clients = 50;
    job->rate_per_s = point->x;
    job->timeout_ms = 500;
}

const struct experiment experiment_rate = {
    .name = "rate",
    .question = "How long does an echo take at a planned rate?",
    .x_label = "messages offered a second, over 50 clients",
    .before = "at ",
    .after = " messages a second",
    .see = "An open loop: messages are sent when they are planned, and "
           "latency counts from the plan, so that a server that stalls "
           "can't hide it. Left of the bend a latency is service; at the "
           "bend the server, or what feeds it, is full.",
    .log_x = true,
    .points =
        {
            {5000, NULL, PINNED, BLOCKS, {0, 0, 20}},
            {20000, NULL, PINNED, BLOCKS, {0, 20, 40}},
            {50000, NULL, PINNED, BLOCKS, {0, 20, 40}},
            {100000, NULL, PINNED, BLOCKS, {0, 10, 20}},
            {150000, NULL, PINNED, BLOCKS, {0, 0, 20}},
            {200000, NULL, PINNED, BLOCKS, {0, 0, 20}},
        },
    .plots =
        {
            {METRIC_P50_US, PLOT_LINES, true,
             "Median latency at a planned rate", NULL},
            {METRIC_P99_US, PLOT_LINES, true,
             "Latency at a planned rate, 99th percentile", NULL},
            {METRIC_P999_US, PLOT_LINES, true,
             "Latency at a planned rate, 99.9th percentile", NULL},
        },
    .compared = per_message,
    .prepare = prepare_rate,
};
