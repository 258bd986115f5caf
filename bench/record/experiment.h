/*
 * The experiments: each a question, the points at which it is asked, how a
 * slice of it is run and how its figures are shown. They stand in
 * experiments_load.c (what a load does to the models),
 * experiments_cost.c (what a model costs, and who waits) and
 * experiments_held.c (how many it can hold); experiments.c lists them.
 */
#ifndef BENCH_RECORD_EXPERIMENT_H
#define BENCH_RECORD_EXPERIMENT_H

#include "bench/record/metric.h"

#include <stdbool.h>
#include <stddef.h>

enum budget { BUDGET_QUICK, BUDGET_DEFAULT, BUDGET_FULL, BUDGETS };

/* What the load generator and the server are asked for. */
struct job {
    unsigned clients, idle, bytes;
    unsigned hoses;    /* clients that send all they can; one is quiet */
    double rate_per_s; /* 0: closed loop */
    bool churn;        /* a connection for each message */
    bool spin;         /* the generator never sleeps */
    double window_ms;  /* 0: the run's own slice length */
    double timeout_ms; /* for an echo; 0: the generator's own */
    unsigned ports;    /* the server listens on so many; 0: 1 */
    char server_args[3][32]; /* further arguments for the server; "" ends */
    bool memory;             /* read the server's PSS, too */
    bool switches;           /* count context switches, too */
    bool trace;              /* count system calls: strace goes between */
    unsigned held;           /* connections to hold, see hold.h; 0: none */
    bool spread;             /* ... over several servers on one port */
};

/* A place on the x axis, and how often to go there. */
struct point {
    double x;
    const char *variant; /* second setting, or NULL */
    bool free; /* PINNED, a core each; or FREE: the kernel's choice */
    /* BLOCKS of turns of so many ms; or ALONE: nothing is compared */
    unsigned short turn_ms;
    unsigned short blocks[BUDGETS]; /* at most so many; 0: left out */
};

enum { PINNED = 0, FREE = 1, ALONE = 0, BLOCKS = 50 };

enum plot_kind {
    PLOT_LINES,   /* over x, a panel for each model */
    PLOT_ROWS,    /* a row for each model */
    PLOT_SLOPES,  /* likewise, of what one client more takes */
    PLOT_STACKED, /* likewise, of calls by their names; see trace.h */
};

struct plot_about {
    enum metric metric;
    enum plot_kind kind;
    bool log;
    const char *title;
    const char *variant; /* only this one; NULL: all there are */
};

enum { POINTS = 24, PLOTS = 3 };

struct experiment {
    const char *name;
    const char *question;
    const char *x_label; /* with its unit: "message size (bytes)" */
    /* What stands around x in a sentence: "with ", " clients". */
    const char *before, *after;
    const char *see;  /* what to look at in the plot */
    const char *only; /* the one model that it is about; or NULL */
    bool log_x;
    bool bytes_x;    /* x counts bytes */
    bool x_is_model; /* no x axis: a row for each model */
    bool by_name;    /* takes long: measured only when it is asked for */
    struct point points[POINTS];    /* ended by blocks of 0, 0, 0 */
    struct plot_about plots[PLOTS]; /* ended by title NULL */
    const enum metric *more; /* beside the plots' in the table, ended by
                                METRICS; or NULL */
    /* What servers in a block are compared by, the first figure first;
     * ended by METRICS; NULL: nothing is compared. */
    const enum metric *compared;
    void (*prepare)(const struct point *point, struct job *job);
    /* What theory says of the first plot's figure, in the metric's unit. */
    double (*predict)(const struct point *point); /* or NULL */
};

extern const struct experiment experiment_clients, experiment_churn,
    experiment_idle, experiment_size, experiment_rate;
extern const struct experiment experiment_stall, experiment_lap,
    experiment_work, experiment_memory, experiment_syscalls;
extern const struct experiment experiment_fairness;
extern const struct experiment experiment_held, experiment_million;

extern const struct experiment *const experiments[];
extern const size_t nexperiments;

/* Returns NULL when there is none of that name. */
const struct experiment *experiment_find(const char *name);

#endif
