/*
 * bench/record/manifest and calls: what a run has written beside its rows,
 * read back for the report.
 */
#include "bench/record/calls.h"
#include "bench/record/manifest.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char path[64];
static char error[512];

static void write_file(const void *data, size_t n)
{
    int fd = memfd_create("file", 0);

    cr_assert(fd != -1 && write(fd, data, n) == (ssize_t)n);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
}

static void refuses(const char *text, const char *why)
{
    struct manifest_model models[MANIFEST_MODELS];
    size_t n;

    write_file(text, strlen(text));
    cr_assert_null(manifest_read(path, models, &n, error, sizeof(error)),
                   "took %s", text);
    cr_assert(strncmp(error, path, strlen(path)) == 0);
    cr_assert(strstr(error, why) != NULL, "%s", error);
}

Test(manifest, names_models_and_their_references)
{
    struct manifest_model models[MANIFEST_MODELS];
    static const char text[] =
        "{\"run\": {\"models\": [{\"name\": \"a\", \"reference\": \"b\"},"
        "{\"name\": \"b\", \"reference\": \"b\", \"command\": \"x\"}]}}";
    size_t n;

    write_file(text, strlen(text));
    json_t *manifest = manifest_read(path, models, &n, error,
                                     sizeof(error));
    cr_assert(manifest != NULL, "%s", error);
    cr_assert_eq(n, 2);
    cr_assert_str_eq(models[0].name, "a");
    cr_assert_str_eq(models[0].reference, "b");
    cr_assert_str_eq(models[1].name, "b");
    json_decref(manifest);
}

Test(manifest, what_no_report_can_be_made_of_is_refused)
{
    refuses("", ", line 1: ");
    refuses("{\n\"run\": {,}}", ", line 2: ");
    refuses("[]", "a run of 0 models");
    refuses("{\"run\": {\"models\": []}}", "a run of 0 models");
    refuses("{\"run\": {\"models\": [{\"name\": \"a\"}]}}",
            "model 1 has no name or no reference");
    refuses("{\"run\": {\"models\": [{\"name\": 1, \"reference\": \"\"}]}}",
            "model 1 has no name or no reference");

    char many[8192] = "{\"run\": {\"models\": [0";
    for (int i = 0; i < MANIFEST_MODELS; i++)
        strcat(many, ",0");
    refuses(strcat(many, "]}}"), "1 to 1000 are accepted");
}

static int read_calls(struct calls *calls, const void *data, size_t n)
{
    write_file(data, n);
    return calls_read(calls, path, error, sizeof(error));
}

Test(calls, are_read_to_where_a_killed_run_ended)
{
    static const char text[] = "model,turn,call,calls,echoes\n"
                               "epoll,1,recvfrom,2050,2040\n"
                               "epoll,1,epoll_wa";
    struct calls calls;

    cr_assert_eq(read_calls(&calls, text, strlen(text)), 0, "%s", error);
    cr_assert_eq(calls.n, 1);
    cr_assert_str_eq(calls.all[0].model, "epoll");
    cr_assert_str_eq(calls.all[0].name, "recvfrom");
    cr_assert_float_eq(calls.all[0].calls, 2050, 0);
    free(calls.all);
}

/* A NUL is no text, but a file may hold one. Such a line was once taken for
 * one of length 0, and its end looked for before its beginning. */
Test(calls, a_line_that_begins_with_a_nul_is_refused)
{
    static const char text[] = "header\n\0,1,recvfrom,2050,2040\n";
    struct calls calls;

    cr_assert_eq(read_calls(&calls, text, sizeof(text) - 1), -1);
    cr_assert(strstr(error, ", line 2: ") != NULL, "%s", error);
    free(calls.all);
}

/* Longer than any of ours: not taken for the end of the file. */
Test(calls, a_long_line_is_a_line)
{
    char text[1000] = "header\n";
    struct calls calls;

    memset(text + strlen(text), 'x', 500);
    strcat(text, ",1,recvfrom,2050,2040\nepoll,1,close,1,1\n");
    cr_assert_eq(read_calls(&calls, text, strlen(text)), 0, "%s", error);
    cr_assert_eq(calls.n, 2);
    cr_assert_eq(strlen(calls.all[0].model),
                 sizeof(calls.all[0].model) - 1);
    cr_assert_str_eq(calls.all[1].name, "close");
    free(calls.all);
}
