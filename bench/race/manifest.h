/*
 * Writes manifest.json: on what machine, from what sources and by what
 * command a run was made, and how it ended.
 */
#ifndef BENCH_RACE_MANIFEST_H
#define BENCH_RACE_MANIFEST_H

#include "bench/race/settings.h"

#include <stddef.h>

/* How a run ended, and what it did. */
struct ending {
    const char
        *state; /* "running", "complete", "out of time", "cut short" */
    double seconds;
    size_t points;        /* groups at a point, to be visited */
    size_t visited;       /* of these */
    size_t turns, failed; /* of the turns, those without a figure */
    size_t silent;        /* servers of which nothing was measured */
};

/*
 * Writes DIR/manifest.json. To be called at the start, with the state
 * "running", and again at the end.
 *
 * command  as the user gave it
 * Returns  0, or -1 with errno.
 */
int manifest_write(const char *dir, const struct settings *settings,
                   const struct participants *who, const char *command,
                   const struct ending *ending);

#endif
