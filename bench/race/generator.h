/*
 * One run of the load generator, build/bench/load, as a process of its own.
 *
 * It stops before the timed window and after it, with no message under way,
 * and goes on when it is told to (--marks --wait); what else there is to
 * measure is measured at those moments.
 */
#ifndef BENCH_RACE_GENERATOR_H
#define BENCH_RACE_GENERATOR_H

#include "bench/record/experiment.h"
#include "bench/record/row.h"
#include "common/lab/launcher.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct generator {
    pid_t pid;        /* 0 when it does not run */
    int output;       /* its stdout, and stderr, too; -1 */
    int input;        /* its stdin; -1 */
    size_t filled;    /* of text */
    size_t taken;     /* of text, by marks */
    const char *mark; /* the line that generator_wait() found, ended */
    char text[16384];
    uint64_t deadline_ns; /* a generator that is not done by then hangs */
    char error[256];      /* what went wrong, a sentence */
};

/*
 * Starts it.
 *
 * program    its path
 * cpu        1 + the core for it; 0: any
 * window_ns  the timed window; warmup_ns goes before it
 * Returns    0, to be ended by generator_finish() or generator_kill(); or
 * -1 with ->error.
 */
int generator_start(struct generator *generator, const char *program,
                    const struct job *job, const struct server *server,
                    int cpu, uint64_t window_ns, uint64_t warmup_ns);

/*
 * Starts another program as a generator, which is to keep to the same
 * marks. Its ->deadline_ns is the caller's to set.
 *
 * argv     NULL-ended; argv[0] is only its name
 * Returns  as generator_start()
 */
int generator_spawn(struct generator *generator, const char *program,
                    char **argv);

/*
 * Waits for a mark, "ready" or "quiet"; it now waits for us.
 *
 * Returns  0; or -1 with ->error: it ended
 *          before, it is late, or a signal interrupted the wait (errno is
 *          then EINTR).
 */
int generator_wait(struct generator *generator, const char *mark);

/* Lets it go on after a mark. Should it have ended, the next wait
 * says so. */
void generator_go_on(struct generator *generator);

/*
 * Waits for its end and adds what it measured to the row.
 *
 * Returns  0; or -1 with ->error, and the row as it was.
 */
int generator_finish(struct generator *generator, struct row *row);

/* Ends it at once. Does nothing when it does not run. */
void generator_kill(struct generator *generator);

/* The generator's JSON into a row. Returns 0, or -1: not such a thing. */
int generator_read_json(const char *text, struct row *row);

#endif
