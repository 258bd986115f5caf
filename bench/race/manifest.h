/*
 * manifest.json: on what machine, from what sources and by what command a
 * run was made, and how it ended.
 */
#ifndef BENCH_RACE_MANIFEST_H
#define BENCH_RACE_MANIFEST_H

#include "bench/race/settings.h"

#include <jansson.h>
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

/* One who took part; the texts belong to the manifest. */
struct manifest_model {
    const char *name, *reference;
};

/*
 * Reads a manifest.json back.
 *
 * models   receives the n who took part, 1 to PARTICIPANTS
 * error    receives a sentence with the file and, where it is no JSON, the
 *          line; size bytes
 * Returns  the manifest, to be freed by json_decref(); or NULL: unreadable,
 *          or not such a file.
 */
json_t *manifest_read(const char *path, struct manifest_model *models,
                      size_t *n, char *error, size_t size);

#endif
