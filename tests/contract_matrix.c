#include "tests/contract_matrix.h"

#include "bench/page/html.h"
#include "bench/page/md.h"
#include "bench/record/file.h"
#include "tests/villains.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

/* What a cell says; told apart by sign and word, not by colour. */
enum outcome { PASSED, DESIGN, NOT_RUN, FAILED, OUTCOMES };
static const char *const words[OUTCOMES] = {"✓ passed", "○ by design",
                                            "– not run", "✗ FAILED"};

static const char *const groups[FAULT_GROUPS] = {
    [VILLAINS] = "Villain clients",
    [ACCEPT] = "accept() fails",
    [RECV] = "recv() fails or is short",
    [SEND] = "send() fails or is short",
    [TASKS] = "Waiting and multiplying fail",
    [LIMITS] = "Limits",
    [SIGNALS] = "Signals",
};

/* A fault that is a villain takes its name and sentence from villains.h. */
static const char *name_of(const struct check *check)
{
    return check->fault.name != NULL ? check->fault.name : check->villain;
}

static const char *done_of(const struct check *check)
{
    return check->fault.done != NULL ? check->fault.done
                                     : villains_find(check->villain)->about;
}

/* Reasons, each told once: a cell names its number. */
struct notes {
    const char *reasons[256];
    size_t n;
};

static size_t note_number(struct notes *notes, const char *reason)
{
    for (size_t i = 0; i < notes->n; i++)
        if (strcmp(notes->reasons[i], reason) == 0)
            return i + 1;
    if (notes->n < sizeof(notes->reasons) / sizeof(notes->reasons[0]))
        notes->reasons[notes->n++] = reason;
    return notes->n;
}

static const struct criterion_test_stats *
find_result(const struct matrix *matrix, const char *server,
            const struct check *fault)
{
    for (const struct criterion_suite_stats *s = matrix->stats->suites;
         s != NULL; s = s->next) {
        if (strcmp(s->suite->name, server) != 0)
            continue;
        for (const struct criterion_test_stats *t = s->tests; t != NULL;
             t = t->next)
            if (strcmp(t->test->name, fault->name) == 0)
                return t;
    }
    return NULL;
}

/* A check that was filtered out is skipped without a word. */
static bool was_run(const struct criterion_test_stats *result)
{
    return result != NULL && (result->test_status != CR_STATUS_SKIPPED ||
                              result->message != NULL);
}

void matrix_add_server(struct matrix *matrix, const char *server)
{
    const struct criterion_suite_stats *s = matrix->stats->suites;

    while (s != NULL && strcmp(s->suite->name, server) != 0)
        s = s->next;
    if (s == NULL || matrix->nservers == MATRIX_SERVERS)
        return;
    for (const struct criterion_test_stats *t = s->tests; t != NULL;
         t = t->next)
        if (was_run(t)) {
            matrix->servers[matrix->nservers++] = server;
            return;
        }
}

void matrix_add_fault(struct matrix *matrix, const struct check *check)
{
    if (check->fault.group == NO_FAULT || matrix->nfaults == MATRIX_FAULTS)
        return;
    for (size_t i = 0; i < matrix->nservers; i++)
        if (was_run(find_result(matrix, matrix->servers[i], check))) {
            matrix->faults[matrix->nfaults++] = check;
            return;
        }
}

/* Why a check that passes passes by design; NULL: it does so anyhow. */
static const char *find_design(const struct matrix *matrix,
                               const char *server,
                               const struct check *fault)
{
    const char *like = strcmp(server, "server") != 0 ? server
                       : matrix->like != NULL        ? matrix->like
                                                     : "";

    for (size_t i = 0; i < 3 && fault->design[i] != NO_PROPERTY; i++)
        if (expected_value(like, fault->design[i], fault->needs) <
            fault->needs)
            return expected_reason(like, fault->design[i]);
    return NULL;
}

static const char *find_failure(const struct criterion_test_stats *result)
{
    for (const struct criterion_assert_stats *a = result->asserts;
         a != NULL; a = a->next)
        if (!a->passed)
            return a->message;
    return "the check was ended: it crashed, or took too long";
}

static enum outcome judge(const struct matrix *matrix, const char *server,
                          const struct check *check, const char **reason)
{
    const struct criterion_test_stats *result = find_result(matrix, server,
                                                            check);

    *reason = NULL;
    if (!was_run(result)) {
        *reason = "not asked for";
        return NOT_RUN;
    }
    if (result->test_status == CR_STATUS_SKIPPED) {
        *reason = result->message;
        return NOT_RUN;
    }
    if (result->test_status == CR_STATUS_FAILED) {
        *reason = find_failure(result);
        return FAILED;
    }
    *reason = find_design(matrix, server, check);
    return *reason != NULL ? DESIGN : PASSED;
}

static void add_row(struct md *md, const struct matrix *matrix,
                    enum fault_group group, const char *server,
                    struct notes *notes)
{
    md_cell(md, "%s", server);
    for (size_t i = 0; i < matrix->nfaults; i++) {
        const char *reason;
        if (matrix->faults[i]->fault.group != group)
            continue;
        enum outcome outcome = judge(matrix, server, matrix->faults[i],
                                     &reason);
        if (reason == NULL)
            md_cell(md, "%s", words[outcome]);
        else
            md_cell(md, "%s [%zu]", words[outcome],
                    note_number(notes, reason));
    }
}

/* The faults of a group, and a line for each server. */
static void add_group(struct md *md, const struct matrix *matrix,
                      enum fault_group group, struct notes *notes)
{
    size_t n = 0;

    for (size_t i = 0; i < matrix->nfaults; i++)
        n += matrix->faults[i]->fault.group == group;
    if (n == 0)
        return;
    md_heading(md, 2, "%s", groups[group]);
    md_table(md, n + 1);
    md_cell(md, "server");
    for (size_t i = 0; i < matrix->nfaults; i++)
        if (matrix->faults[i]->fault.group == group)
            md_cell(md, "%s", name_of(matrix->faults[i]));
    for (size_t i = 0; i < matrix->nservers; i++)
        add_row(md, matrix, group, matrix->servers[i], notes);
    md_end_table(md);
}

static void add_notes(struct md *md, const struct notes *notes)
{
    if (notes->n == 0)
        return;
    md_heading(md, 2, "Notes");
    md_table(md, 2);
    md_cell(md, "note");
    md_cell(md, "why");
    for (size_t i = 0; i < notes->n; i++) {
        md_cell(md, "[%zu]", i + 1);
        md_cell(md, "%s", notes->reasons[i]);
    }
    md_end_table(md);
}

static void add_explanations(struct md *md, const struct matrix *matrix)
{
    md_heading(md, 3, "The faults");
    md_table(md, 5);
    md_cell(md, "table");
    md_cell(md, "fault");
    md_cell(md, "what is done");
    md_cell(md, "promise");
    md_cell(md, "check");
    for (enum fault_group g = NO_FAULT + 1; g < FAULT_GROUPS; g++)
        for (size_t i = 0; i < matrix->nfaults; i++) {
            const struct check *check = matrix->faults[i];
            if (check->fault.group != g)
                continue;
            md_cell(md, "%s", groups[g]);
            md_cell(md, "%s", name_of(check));
            md_cell(md, "%s", done_of(check));
            md_cell(md, "P%d", (int)check->promise);
            md_cell(md, "%s", check->name);
        }
    md_end_table(md);
}

static void add_summary(struct md *md, const struct matrix *matrix)
{
    size_t counts[OUTCOMES] = {0};
    struct utsname system;
    const char *reason;

    for (size_t i = 0; i < matrix->nservers; i++)
        for (size_t k = 0; k < matrix->nfaults; k++)
            counts[judge(matrix, matrix->servers[i], matrix->faults[k],
                         &reason)]++;
    uname(&system);
    (counts[FAILED] > 0 ? md_warn : md_say)(
        md,
        "%zu server%s, %zu fault%s, on %s %s: %zu %s, %zu %s, %zu %s, "
        "%zu %s.",
        matrix->nservers, matrix->nservers == 1 ? "" : "s", matrix->nfaults,
        matrix->nfaults == 1 ? "" : "s", system.sysname, system.release,
        counts[PASSED], words[PASSED], counts[DESIGN], words[DESIGN],
        counts[NOT_RUN], words[NOT_RUN], counts[FAILED], words[FAILED]);
}

/* The page is made of the Markdown. */
static int write_files(const char *folder, const char *markdown, size_t n)
{
    char path[512];

    if (mkdir(folder, 0777) == -1 && errno != EEXIST)
        return -1;
    snprintf(path, sizeof(path), "%s/matrix.md", folder);
    if (file_replace(path, markdown, n) == -1)
        return -1;
    snprintf(path, sizeof(path), "%s/matrix.html", folder);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return -1;
    int result = html_write(markdown, n, "The fault matrix", folder, file);
    return fclose(file) == 0 ? result : -1;
}

int matrix_write(const struct matrix *matrix, const char *folder)
{
    struct md md;
    struct notes notes = {0};
    char *markdown = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&markdown, &n);

    if (file == NULL || md_begin(&md, file, stdout) == -1)
        return -1;
    md_heading(&md, 1, "The fault matrix");
    add_summary(&md, matrix);
    for (enum fault_group g = NO_FAULT + 1; g < FAULT_GROUPS; g++)
        add_group(&md, matrix, g, &notes);
    add_notes(&md, &notes);
    add_explanations(&md, matrix);
    md_end(&md);
    int result = fclose(file) == 0 ? write_files(folder, markdown, n) : -1;
    free(markdown);
    return result;
}
