/*
 * A whole run: visits all points, keeps every row on disk, and stops when
 * it is told to or when its time is over.
 */
#ifndef BENCH_RACE_RACE_H
#define BENCH_RACE_RACE_H

#include "bench/race/manifest.h"
#include "bench/race/settings.h"
#include "bench/race/visit.h"

/* What will be visited, in this order. */
struct course {
    struct visit *visits; /* owned; free by course_free() */
    size_t n;
    double wanted_s; /* for all of them, about */
};

/* Returns 0, or -1 when there is no memory (ENOMEM). */
int course_make(struct course *course, const struct settings *settings,
                const struct participants *who);
void course_free(struct course *course);

/*
 * Measures.
 *
 * dir      the run's directory, which has a folder raw
 * ending   receives how it ended
 * Returns  0, or -1 with errno: a row could not be written.
 */
int race_run(const char *dir, const struct settings *settings,
             const struct participants *who, struct course *course,
             struct ending *ending);

/* From now on SIGINT, SIGTERM and SIGHUP end the run between two turns. */
void race_catch_signals(void);

#endif
