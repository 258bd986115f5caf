/*
 * The load generator of one server, build/bench/load --turns, as a process
 * of its own: connects its clients once, and then drives the server for as
 * long as it is told, turn by turn.
 */
#ifndef BENCH_RACE_GENERATOR_H
#define BENCH_RACE_GENERATOR_H

#include "bench/race/plan.h"
#include "bench/record/experiment.h"
#include "bench/record/row.h"
#include "common/lab/launcher.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct generator {
    pid_t pid;            /* 0 when it does not run */
    int output;           /* its stdout, and stderr, too; -1 */
    int input;            /* its stdin; -1 */
    char *text;           /* what it said: lines, NUL-ended; owned */
    size_t filled;        /* bytes of it */
    size_t taken;         /* of these, bytes that were read as lines */
    const char *mark;     /* the line that was waited for */
    uint64_t deadline_ns; /* a generator that is late by then hangs */
    char error[256];      /* what went wrong, a sentence */
};

/*
 * Starts it: it begins to connect.
 *
 * program      its path
 * cpu          1 + the core for it; 0: any
 * patience_ms  for each client to get its first echo
 * Returns      0, to be ended by generator_kill(); or -1 with ->error.
 */
int generator_start(struct generator *generator, const char *program,
                    const struct job *job, const struct server *server,
                    int cpu, unsigned patience_ms);

/*
 * Starts another program that speaks in lines. Its ->deadline_ns is the
 * caller's to set.
 *
 * argv     NULL-ended; argv[0] is only its name
 * Returns  as generator_start()
 */
int generator_spawn(struct generator *generator, const char *program,
                    char **argv);

/*
 * Waits for a line that begins with a word, which ->mark then is.
 *
 * Returns  0; or -1 with ->error: it ended before, it said something else,
 *          it is late, or a signal interrupted the wait (errno is EINTR).
 */
int generator_wait(struct generator *generator, const char *word);

/*
 * Waits until it has connected, and fills the row: clients, idle, served,
 * errors, setup.
 *
 * Returns  as generator_wait()
 */
int generator_ready(struct generator *generator, struct row *row);

/*
 * Drives the server for one turn, and fills the row.
 *
 * left     receives how many echoes are still under way afterwards
 * latency  receives its histogram, to be freed by json_decref(); or NULL,
 *          where it told none
 * Returns  as generator_wait()
 */
int generator_turn(struct generator *generator,
                   const struct turn_times *times, struct row *row,
                   double *left, json_t **latency);

/* Ends it at once. Does nothing when it does not run. */
void generator_kill(struct generator *generator);

/* What it says of a turn. Returns 0, or -1: no such thing. */
int generator_read_turn(const char *line, struct row *row, double *left,
                        json_t **latency);

#endif
