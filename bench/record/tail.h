/*
 * Which server's slow answers are slower? From the histograms of an open
 * loop, raw/EXPERIMENT.latency.csv.
 *
 * A percentile is taken of a server's histograms together, interpolated
 * within the bucket; its interval comes from a bootstrap that draws blocks,
 * all servers' turns of a block at once. It is the 99th where 1000 messages
 * and 20 blocks lie beyond it for each of the servers, else the 90th.
 */
#ifndef BENCH_RECORD_TAIL_H
#define BENCH_RECORD_TAIL_H

#include "bench/record/judge.h"

enum { TAIL_MESSAGES = 1000, TAIL_BLOCKS = 20 };

/* A line of the file: so many messages took upper_ns at most. */
struct bucket {
    char model[ROW_NAME];
    double block, x, upper_ns, count;
};

struct tails {
    struct bucket *all; /* owned; free it */
    size_t n;
};

/* Returns as rows_read(). */
int tails_read(struct tails *tails, const char *path, char *error,
               size_t size);

/*
 * All pairs at a spot, as judge() has them. Groups are drawn by the number
 * of the block, too; the reference has the messages of all of them.
 *
 * tails    of the spot's experiment
 * Returns  0, or -1 when there is no memory. Without enough messages the
 *          table has no pairs.
 */
int tails_judge(const struct tails *tails, const struct rows *rows,
                const struct spot *spot, const char *reference,
                struct table *table);

#endif
