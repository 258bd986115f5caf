/*
 * Progress on stderr: one line that is drawn anew on a terminal, a plain
 * line now and then where there is none. Never called while a window is
 * being timed.
 *
 * All of these leave errno alone: the reason of a failure is told after
 * the line has been taken away.
 */
#ifndef BENCH_RACE_PROGRESS_H
#define BENCH_RACE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool terminal;
    uint64_t begun_ns;
    double total_s;   /* what the run takes, about */
    uint64_t said_ns; /* last plain line */
};

void progress_begin(struct progress *progress, double total_s);

/*
 * Says how far we are and how long it takes yet.
 *
 * about    what is measured now: "clients, x = 50: block 3"
 */
void progress_show(struct progress *progress, const char *about);

/* A line of its own, with the progress line out of its way. */
void progress_say(struct progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes the progress line away. */
void progress_end(struct progress *progress);

#endif
