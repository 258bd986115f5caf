#include "bench/record/manifest.h"

#include <stdio.h>

/* Returns 0, or -1 with a sentence that wants the file before it. */
static int read_models(const json_t *run, struct manifest_model *models,
                       size_t *n, char *error, size_t size)
{
    const json_t *array = json_object_get(run, "models");
    const json_t *model;
    size_t i;

    *n = json_array_size(array);
    if (*n < 1 || *n > MANIFEST_MODELS) {
        snprintf(error, size, "a run of %zu models; 1 to %d are accepted",
                 *n, MANIFEST_MODELS);
        return -1;
    }
    json_array_foreach(array, i, model)
    {
        models[i].name = json_string_value(json_object_get(model, "name"));
        models[i].reference = json_string_value(
            json_object_get(model, "reference"));
        if (models[i].name == NULL || models[i].reference == NULL) {
            snprintf(error, size, "model %zu has no name or no reference",
                     i + 1);
            return -1;
        }
    }
    return 0;
}

json_t *manifest_read(const char *path, struct manifest_model *models,
                      size_t *n, char *error, size_t size)
{
    char what[160];
    json_error_t reason;
    json_t *manifest = json_load_file(path, 0, &reason);

    if (manifest == NULL) {
        snprintf(error, size, "%s, line %d: %s", path, reason.line,
                 reason.text);
        return NULL;
    }
    if (read_models(json_object_get(manifest, "run"), models, n, what,
                    sizeof(what)) == -1) {
        snprintf(error, size, "%s: %s", path, what);
        json_decref(manifest);
        return NULL;
    }
    return manifest;
}
