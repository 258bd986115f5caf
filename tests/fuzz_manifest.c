/* libFuzzer: whatever a manifest.json holds, manifest_read() takes it, with
 * all that a report needs, or says what is wrong. */
#include "bench/record/manifest.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct manifest_model models[MANIFEST_MODELS];
    char error[512];
    char path[32];
    size_t nmodels;
    int fd = memfd_create("manifest", MFD_CLOEXEC);

    check(fd != -1 && write(fd, data, n) == (ssize_t)n);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    json_t *manifest = manifest_read(path, models, &nmodels, error,
                                     sizeof(error));
    close(fd);
    if (manifest == NULL) {
        check(memchr(error, '\0', sizeof(error)) != NULL);
        check(strncmp(error, path, strlen(path)) == 0);
        return 0;
    }
    check(nmodels >= 1 && nmodels <= MANIFEST_MODELS);
    for (size_t i = 0; i < nmodels; i++)
        check(strlen(models[i].name) + strlen(models[i].reference) < n);
    json_decref(manifest);
    return 0;
}
