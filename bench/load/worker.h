/*
 * A thread of the load generator: its clients and what it has measured.
 *
 * The phases, the same for all threads at the same moments: connect, warm
 * up, measure (the window), wait for late echoes (open loop), say goodbye.
 * A worker belongs to its thread until the thread has ended; what others
 * may touch before is marked.
 */
#ifndef BENCH_LOAD_WORKER_H
#define BENCH_LOAD_WORKER_H

#include "bench/load/client.h"
#include "bench/load/options.h"
#include "bench/record/histogram.h"
#include "common/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What all threads share. */
struct run {
    const struct load_options *options;
    const struct pattern *pattern;
    pthread_barrier_t barrier; /* all threads and who planned the run: met
                                  when connected, and when planned */
    /* Set between the two meetings, then read by all. */
    uint64_t start_ns;  /* the load begins */
    uint64_t window_ns; /* it is measured from here on, */
    uint64_t end_ns;    /* until here */
    atomic_bool cut;    /* set by a signal: end the window now */
};

/* What is counted in each phase. */
struct tally {
    uint64_t round_trips;
    uint64_t connects;
    uint64_t bytes_sent;
    uint64_t bytes_received;
};

struct worker {
    struct run *run;
    unsigned index;   /* 0 ... threads - 1 */
    pthread_t thread; /* its creator's */

    struct client *clients; /* nclients that talk, then nidle that don't */
    size_t nclients, nidle;
    int epoll_fd;
    size_t connecting;    /* clients in CLIENT_CONNECTING */
    size_t open;          /* connections */
    uint64_t connections; /* begun so far */
    bool sending;         /* may new messages begin? */
    uint64_t now_ns;      /* the last reading of the clock */
    uint64_t sweep_ns;    /* when to look for those who wait too long */
    uint64_t planned;     /* open loop: messages whose time has come */
    unsigned char *buf;   /* RECEIVE_MAX bytes */

    struct tally warmup, window, after;
    struct tally *tally;         /* one of the three */
    uint64_t flight;             /* messages under way */
    uint64_t flight_ns;          /* when that changed last */
    double flight_sum;           /* messages x nanoseconds */
    double in_flight;            /* mean over the window */
    uint64_t began_ns, ended_ns; /* the window as it was */
    struct clock_cpu cpu;        /* used in the window */

    struct histogram latency;   /* ns, from the planned moment */
    struct histogram from_send; /* ns, open loop: from the actual one */
    struct histogram late;      /* ns, open loop: from the one to the other
                                   where only this side was to blame */
    uint64_t unanswered; /* open loop: planned in the window, no echo;
                            in latency with the time until given up,
                            but not at all if the connection failed */
    uint64_t longest_ns; /* that a client waited, answered or not */
    uint64_t errors[OUTCOMES];
    int other_errno; /* the first OUTCOME_OTHER's reason, or 0 */
    size_t connected, idle_connected, idle_lost;
    size_t served, unserved;

    atomic_ullong round_trips; /* so far; anybody may read */
};

/*
 * Makes the worker of a thread, with its share of the clients.
 *
 * Returns  a worker, to be freed by worker_free(); or NULL with errno.
 */
struct worker *worker_new(struct run *run, unsigned index);

/* The thread's work, for pthread_create(): arg is a worker.
 * Returns NULL. */
void *worker_run(void *arg);

void worker_free(struct worker *worker);

#endif
