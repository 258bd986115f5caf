/*
 * The plan of a run: which servers are compared with each other, in which
 * order and for how long. No input, no output.
 *
 * The servers of a point form groups; those of a group are compared in
 * blocks. A block is one turn of each in random order, and then the same
 * order backwards (A B C C B A), so that a machine that slows down steadily
 * slows all of them alike.
 */
#ifndef BENCH_RACE_PLAN_H
#define BENCH_RACE_PLAN_H

#include "bench/record/experiment.h"
#include "bench/record/rng.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    GROUP_MAX = 7, /* with more, a block lasts too long to be one moment */
    PLACES_MAX = 2 * GROUP_MAX,
    BLOCKS_MIN = 10, /* with fewer, an interval means nothing */
};

/* Does a model take part in an experiment? See experiment.only. */
bool plan_takes_part(const struct experiment *experiment, const char *name);

struct group {
    size_t members[GROUP_MAX]; /* numbers of participants */
    size_t n;
};

/*
 * Parts the members into groups. Where all have one reference, it stands in
 * each group, and what is known of one group holds for the others through
 * it. Otherwise each member is in a group with its own reference.
 *
 * members     n numbers of participants
 * references  by number: the one that a participant is compared with
 * groups      room for n of them
 * Returns     how many there are, all of about the same size
 */
size_t plan_groups(const size_t *members, size_t n,
                   const size_t *references, struct group *groups);

/* The orders of a group's blocks. */
struct ordering {
    struct rng rng;
    size_t n;
    size_t middles[GROUP_MAX]; /* of the n blocks under way */
    size_t block;
};

/* n  1 to GROUP_MAX */
void ordering_begin(struct ordering *ordering, size_t n, struct rng *rng);

/*
 * The next block: 2n places, each a number below n. The server in the
 * middle follows itself, which may be an advantage; over n blocks, each is
 * there once.
 */
void ordering_next(struct ordering *ordering, size_t places[PLACES_MAX]);

/* The times of a turn, in milliseconds. */
struct turn_times {
    unsigned drop;   /* the opening, which does not count */
    unsigned window; /* what counts */
    unsigned drain;  /* for what is under way at the end, at most */
};

/*
 * The opening shows a burst: 10 ms or two rounds are dropped. What counts
 * lasts ten rounds, so that no order of service can favour a server; but
 * 200 ms at most, for a block is to be one moment of the machine.
 *
 * least_ms  of what counts
 * round_ms  until each client of the slowest server has its echo
 */
struct turn_times plan_turn(unsigned least_ms, double round_ms);

/*
 * The window of a turn that is to last no longer than most_ms in all, but
 * for the least_ms that it has in any case.
 */
unsigned plan_fit(const struct turn_times *times, unsigned least_ms,
                  double most_ms);

/*
 * How long the next point may take.
 *
 * left_s    of the run
 * wanted_s  by the point; ahead_s by it and all that follow
 * Returns   seconds; where there is enough for all, all that the others
 *           leave
 */
double plan_share_s(double left_s, double wanted_s, double ahead_s);

#endif
