#include "bench/record/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

char *file_read(const char *path)
{
    char *text = NULL;
    size_t room = 0;
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return NULL;
    if (getdelim(&text, &room, '\0', file) <= 0) {
        free(text);
        text = NULL;
        errno = ENODATA;
    }
    fclose(file);
    return text;
}

static int write_file(const char *path, const char *text, size_t n)
{
    FILE *file = fopen(path, "we");

    if (file == NULL)
        return -1;
    size_t written = fwrite(text, 1, n, file);
    int reason = errno;
    if (fclose(file) != 0)
        return -1;
    errno = reason;
    return written == n ? 0 : -1;
}

int file_replace(const char *path, const char *text, size_t n)
{
    char *beside;

    if (asprintf(&beside, "%s.new", path) == -1)
        return -1;
    int result = write_file(beside, text, n);
    if (result == 0)
        result = rename(beside, path);
    int reason = errno;
    if (result == -1)
        unlink(beside);
    free(beside);
    errno = reason;
    return result;
}
