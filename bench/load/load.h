/*
 * The load generator: its clients, and what a turn has measured.
 *
 * It first gathers its clients, then drives them for one turn or several,
 * and says goodbye. Between turns it is silent and costs nothing. It
 * has one thread. For a server with more cores, several generators share
 * the load.
 *
 *   load_options   the command line
 *   load_target    the server's address, and ours
 *   load_client    one connection: its bytes
 *   load_due       the open loop: when messages are to be sent
 *   load_talk      what happens between the generator and a client
 *   load_turn      gathering, a turn, the goodbye
 *   load_report    what is printed
 */
#ifndef BENCH_LOAD_LOAD_H
#define BENCH_LOAD_LOAD_H

#include "bench/load/client.h"
#include "bench/load/options.h"
#include "bench/record/histogram.h"
#include "bench/record/rng.h"
#include "common/clock.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum phase {
    PHASE_GATHER,  /* clients connect and get their first echo */
    PHASE_OPENING, /* of a turn: driven, and not yet counted */
    PHASE_WINDOW,  /* driven and counted */
    PHASE_DRAIN,   /* nothing new: what is under way comes back */
    PHASE_LEAVE,   /* the streams are ended */
};

/* What a turn has measured. */
struct turn {
    uint64_t start_ns;   /* the load begins, */
    uint64_t window_ns;  /* is counted from here on */
    uint64_t end_ns;     /* until here, as planned; */
    uint64_t cut_ns;     /* and as it was */
    uint64_t done_ns;    /* after the drain */
    uint64_t first_ns;   /* the last echo before the window; window_ns when
                            there was none */
    uint64_t last_ns;    /* the last echo in the window */
    uint64_t echoes;     /* in the window */
    uint64_t all_echoes; /* in the whole turn */
    uint64_t connects;
    uint64_t bytes_sent, bytes_received;
    struct clock_cpu cpu; /* this process's, in the whole turn */
    size_t queued; /* echoes that may have come during the opening burst */
    bool drained;

    /* In the window, in ns. Closed loop: of echoes that came in it. Open
     * loop: of messages planned in it. */
    struct histogram latency;   /* from the planned moment */
    struct histogram from_send; /* open loop: from the actual one */
    struct histogram late;      /* open loop: from the one to the other,
                                   where only this side was to blame */
    uint64_t unanswered; /* open loop: planned, and no echo. In latency
                            with the time until given up, but not at all
                            if the connection failed */
    uint64_t longest_ns; /* that a client waited, answered or not */
    size_t nsamples;     /* of load->samples */
};

struct load {
    const struct load_options *options;
    const struct pattern *pattern;
    volatile sig_atomic_t cut; /* set by a signal: end now */

    struct client *clients; /* nclients that talk, then nidle that don't */
    size_t nclients, nidle;
    int epoll_fd, timer_fd;
    uint64_t armed_ns;  /* when the timer goes off */
    uint64_t now_ns;    /* the last reading of the clock */
    uint64_t sweep_ns;  /* when to look for those that wait too long */
    unsigned char *buf; /* RECEIVE_MAX bytes */

    size_t connecting;    /* clients in CLIENT_CONNECTING */
    size_t open;          /* connections */
    uint64_t connections; /* begun so far */
    size_t flight;        /* messages under way, those of the parked not
                             counted */
    size_t connected, idle_connected, idle_lost;
    size_t served, idle_served; /* clients that had an echo */
    uint64_t served_ns;         /* when the last of them had its first */
    bool greets;  /* a client begins as soon as it is connected */
    bool sending; /* closed loop: an echo's end is the next one's start */

    /* Since they were told last. */
    uint64_t errors[OUTCOMES];
    int other_errno; /* the first OUTCOME_OTHER's reason, or 0 */

    struct client **due; /* open loop: a heap, see load_due */
    size_t ndue;
    struct rng rng;
    uint64_t (*samples)[2]; /* planned after start_ns, latency; both ns */

    enum phase phase;
    struct turn turn;
};

#endif
