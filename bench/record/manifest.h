/*
 * Reads manifest.json, which tells how a run was made: see
 * bench/race/manifest.h.
 */
#ifndef BENCH_RECORD_MANIFEST_H
#define BENCH_RECORD_MANIFEST_H

#include <jansson.h>
#include <stddef.h>

enum { MANIFEST_MODELS = 1000 };

/* A server that took part; the texts belong to the manifest. */
struct manifest_model {
    const char *name, *reference;
};

/*
 * Reads a manifest.json back.
 *
 * models   receives the n who took part, 1 to MANIFEST_MODELS
 * error    receives a sentence with the file and, where it is no JSON, the
 *          line; size bytes
 * Returns  the manifest, to be freed by json_decref(); or NULL: unreadable,
 *          or not such a file.
 */
json_t *manifest_read(const char *path, struct manifest_model *models,
                      size_t *n, char *error, size_t size);

#endif
