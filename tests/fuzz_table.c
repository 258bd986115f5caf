/*
 * libFuzzer: a run's tables read back, raw/EXPERIMENT.csv and
 * raw/calls.csv. Whatever they hold, it is taken or told of; and what is
 * taken is written and read to the same rows again.
 */
#include "bench/race/trace.h"
#include "bench/record/calls.h"
#include "bench/record/csv.h"
#include "bench/record/row.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { ERROR_BYTES = 512, PATH_BYTES = 32 };

static void check(bool holds)
{
    if (!holds)
        abort();
}

/* A file in memory; path is how the readers find it. Close it by fd. */
static int file_of(const void *data, size_t n, char path[PATH_BYTES])
{
    int fd = memfd_create("table", MFD_CLOEXEC);

    check(fd != -1 && write(fd, data, n) == (ssize_t)n);
    snprintf(path, PATH_BYTES, "/proc/self/fd/%d", fd);
    return fd;
}

static char *written(const struct rows *rows, size_t *n)
{
    char *text;
    FILE *out = open_memstream(&text, n);

    row_write_header(out);
    for (size_t i = 0; i < rows->n; i++)
        row_write(out, &rows->all[i]);
    check(fclose(out) == 0);
    return text;
}

static bool is_told(const char *error, const char *path)
{
    return memchr(error, '\0', ERROR_BYTES) != NULL &&
           strncmp(error, path, strlen(path)) == 0;
}

static void read_rows(const uint8_t *data, size_t n)
{
    struct rows rows = {0};
    struct rows again = {0};
    char error[ERROR_BYTES];
    char path[PATH_BYTES];
    size_t length, again_length;
    int fd = file_of(data, n, path);

    if (rows_read(&rows, path, error, sizeof(error)) == -1) {
        check(is_told(error, path));
    } else {
        char *text = written(&rows, &length);
        char again_path[PATH_BYTES];
        int again_fd = file_of(text, length, again_path);
        check(rows_read(&again, again_path, error, sizeof(error)) == 0);
        char *again_text = written(&again, &again_length);
        check(again.n == rows.n && again.cut == 0);
        /* A line break in a field has become a blank, and needs no quotes
         * the second time. */
        check(memchr(data, '\r', n) != NULL ||
              (again_length == length &&
               memcmp(text, again_text, length) == 0));
        close(again_fd);
        free(text);
        free(again_text);
    }
    close(fd);
    rows_free(&rows);
    rows_free(&again);
}

static void read_calls(const uint8_t *data, size_t n)
{
    struct calls calls;
    char error[ERROR_BYTES];
    char path[PATH_BYTES];
    int fd = file_of(data, n, path);

    if (calls_read(&calls, path, error, sizeof(error)) == -1)
        check(is_told(error, path));
    for (size_t i = 0; i < calls.n; i++) {
        const struct call *call = &calls.all[i];
        check(memchr(call->model, '\0', sizeof(call->model)) != NULL);
        check(memchr(call->name, '\0', sizeof(call->name)) != NULL);
    }
    free(calls.all);
    close(fd);
}

/* The lines that strace prints, of which calls.csv is made. */
static void read_trace(const uint8_t *data, size_t n)
{
    char *line = strndup((const char *)data, n);
    char name[32];
    double calls;

    check(line != NULL);
    if (trace_parse(line, name, &calls) == 0)
        check(memchr(name, '\0', sizeof(name)) != NULL);
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    read_rows(data, n);
    read_calls(data, n);
    read_trace(data, n);
    return 0;
}
