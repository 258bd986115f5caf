/*
 * One server of a group, with its generator: started once, driven turn by
 * turn. A contestant that is not driven costs nothing: it is silent, or it
 * is held by SIGSTOP.
 *
 * A fault of its own puts it out of the race; the others go on.
 */
#ifndef BENCH_RACE_CONTESTANT_H
#define BENCH_RACE_CONTESTANT_H

#include "bench/race/bench.h"
#include "bench/race/generator.h"
#include "bench/race/participants.h"
#include "bench/record/row.h"
#include "common/lab/launcher.h"
#include "common/lab/proc.h"

#include <stdbool.h>

struct contestant {
    const struct participant *who;
    const struct job *job;
    struct server server;
    struct generator generator;
    struct proc_tree tree;    /* the server's processes */
    struct proc_tree beside;  /* the generator's */
    struct proc_schedule was; /* when its silence began */
    bool stopped;             /* SIGSTOP outside of its turns */
    bool out;                 /* of the race, ended */
    unsigned spoilt;          /* turns that ended with echoes under way */
    struct row blank;         /* what its rows have in common */
};

/*
 * Starts the server, and its generator beside it.
 *
 * blank    experiment, model, x and the like are filled in
 * cpus     1 + the core of the server, of the generator; 0: any
 * Returns  0; or -1, and it is out: blank.note says why.
 */
int contestant_start(struct contestant *one, struct bench *bench,
                     const int cpus[2]);

/*
 * Waits until its clients are connected and have their first echo, or have
 * waited in vain.
 *
 * Returns  0; -1: it is out, as above, or errno is EINTR.
 */
int contestant_gather(struct contestant *one);

/* A server that nobody vouches for is put out when it takes too much of the
 * machine. Costs milliseconds. */
void contestant_check(struct contestant *one);

/* Notes what it has used, now that it is to be silent. */
void contestant_hush(struct contestant *one);

/*
 * Looks how silent it was since then. One that used more than 1 % of a core
 * is stopped from now on, outside of its turns.
 */
void contestant_judge_silence(struct contestant *one, double silence_s);

/*
 * One turn.
 *
 * number   of the turn in the run
 * row      receives what was measured; outcome is ROW_OK, ROW_FAILED, and
 *          then it is out, or ROW_SPOILT: echoes are still under way
 * latency  receives a histogram to be freed by json_decref(), or NULL
 * Returns  0, or -1: a signal interrupted it, and the row is worthless.
 */
int contestant_turn(struct contestant *one, const struct turn_times *times,
                    unsigned number, struct row *row, json_t **latency);

/* Puts it out of the race: ends it at once, and says why. */
void contestant_put_out(struct contestant *one, const char *why);

/* Ends what runs. What it complained of at its end goes into blank.note. */
void contestant_end(struct contestant *one);

#endif
