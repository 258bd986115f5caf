/*
 * Progress on stderr: one line that is drawn anew on a terminal, a plain
 * line now and then where there is none. Never called while a window is
 * being timed.
 */
#ifndef BENCH_RACE_PROGRESS_H
#define BENCH_RACE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
    bool terminal;
    uint64_t begun_ns;
    uint64_t budget_ns; /* the run ends at this age at the latest */
    uint64_t said_ns;   /* last plain line */
    size_t steps;       /* in all */
};

void progress_begin(struct progress *progress, size_t steps,
                    uint64_t budget_ns);

/*
 * Says how far we are and how long it takes yet.
 *
 * done     steps that are over
 * about    what is measured now: "round 2, clients 50, epoll"
 */
void progress_show(struct progress *progress, size_t done,
                   const char *about);

/* A line of its own, with the progress line out of its way. */
void progress_say(struct progress *progress, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes the progress line away. */
void progress_end(struct progress *progress);

#endif
