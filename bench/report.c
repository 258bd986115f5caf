/*
 * report DIR: makes the report of a run from its raw files alone:
 * report.html, report.md, report.txt, verdicts.csv, results.json and
 * plots/. Started by bench/run at
 * the end of a run and by bench/report at any time.
 */
#include "bench/page/report.h"

#include "bench/page/html.h"
#include "bench/race/arguments.h"
#include "bench/record/file.h"
#include "common/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char name[] = "bench/report";

enum { KEY_COLUMNS = 256 };

/* Everybody is compared with it. */
static void put_reference_first(struct report *report)
{
    struct manifest_model *models = report->models;
    size_t i = 0;

    while (i < report->nmodels &&
           strcmp(models[i].name, models[0].reference) != 0)
        i++;
    if (i == report->nmodels)
        return;
    struct manifest_model reference = models[i];
    memmove(&models[1], &models[0], i * sizeof(*models));
    models[0] = reference;
}

static void read_manifest(struct report *report)
{
    char path[1024];
    char error[1400];

    snprintf(path, sizeof(path), "%s/manifest.json", report->dir);
    if (access(path, R_OK) == -1)
        fatal(name,
              "%s: %s; a run's directory has a manifest.json and a "
              "folder raw",
              report->dir,
              errno == ENOENT ? "not the directory of a run"
                              : strerror(errno));
    report->manifest = manifest_read(path, report->models, &report->nmodels,
                                     error, sizeof(error));
    if (report->manifest == NULL)
        fatal(name, "%s", error);
    put_reference_first(report);
}

static void read_rows(struct report *report)
{
    char path[1024];
    char error[512];

    for (size_t i = 0; i < nexperiments; i++) {
        snprintf(path, sizeof(path), "%s/raw/%s.csv", report->dir,
                 experiments[i]->name);
        if (access(path, F_OK) == 0 &&
            rows_read(&report->rows, path, error, sizeof(error)) == -1)
            fatal(name, "%s", error);
    }
    snprintf(path, sizeof(path), "%s/raw/calls.csv", report->dir);
    if (access(path, F_OK) == 0 &&
        calls_read(&report->calls, path, error, sizeof(error)) == -1)
        fatal(name, "%s", error);
}

const char *report_text(const struct report *report, const char *group,
                        const char *key)
{
    json_t *object = group == NULL
                         ? report->manifest
                         : json_object_get(report->manifest, group);
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "?";
}

const char *report_state(const struct report *report)
{
    const char *state = report_text(report, "ending", "state");

    return strcmp(state, "running") == 0 ? "killed" : state;
}

bool report_has(const struct report *report,
                const struct experiment *experiment)
{
    for (size_t i = 0; i < report->rows.n; i++)
        if (strcmp(report->rows.all[i].experiment, experiment->name) == 0)
            return true;
    return false;
}

static void put_together(struct report *report)
{
    report_opening(report);
    for (size_t i = 0; i < nexperiments; i++)
        if (report_has(report, experiments[i]))
            report_experiment(report, experiments[i]);
    report_about(report);
}

static int keep(const struct report *report, const char *ending,
                const char *text, size_t n)
{
    char path[1024];

    snprintf(path, sizeof(path), "%s/report.%s", report->dir, ending);
    if (text != NULL && file_replace(path, text, n) == 0)
        return 0;
    fprintf(stderr, "%s: %s: %s\n", name, path, strerror(errno));
    return -1;
}

/* Once as Markdown and plain text; the page is made of the first. */
static int write_report(struct report *report)
{
    static const char *const endings[3] = {"md", "txt", "html"};
    char *texts[3] = {NULL};
    size_t sizes[3] = {0};
    FILE *files[3];
    int result = 0;

    for (size_t i = 0; i < 3; i++) {
        files[i] = open_memstream(&texts[i], &sizes[i]);
        if (files[i] == NULL)
            fatal_errno(name, "memory");
    }
    if (md_begin(&report->md, files[0], files[1]) == -1)
        fatal_errno(name, "/dev/null");
    report->md.warnings = stderr;
    put_together(report);
    md_end(&report->md);
    fflush(files[0]);
    if (html_write(texts[0], sizes[0], "Concurrency models, measured",
                   report->dir, files[2]) == -1)
        fatal(name, "cmark-gfm has no tables");
    for (size_t i = 0; i < 3; i++) {
        fclose(files[i]);
        result |= keep(report, endings[i], texts[i], sizes[i]);
        free(texts[i]);
    }
    return result;
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
    const char **dir = state->input;

    switch (key) {
    case KEY_COLUMNS:
        row_document(stdout);
        exit(EXIT_SUCCESS);
    case ARGP_KEY_ARG:
        if (*dir != NULL)
            argp_error(state, "%s: one directory is accepted", arg);
        *dir = arg;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "the directory of a run is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Exits unless there is a directory to go on with. */
static const char *take_arguments(int argc, char **argv)
{
    static const struct argp_option table[] = {
        {"columns", KEY_COLUMNS, 0, 0, "tell what the columns in raw/ are",
         0},
        {0},
    };
    const struct argp argp = {
        .options = table,
        .parser = take_option,
        .args_doc = "DIR",
        .doc = "Makes the report of the run in DIR again, from its raw "
               "files alone.",
    };
    const char *dir = NULL;

    arguments_parse(&argp, name, argc, argv, &dir);
    return dir;
}

int main(int argc, char **argv)
{
    static struct report report;
    char path[1024];

    report.dir = take_arguments(argc, argv);
    read_manifest(&report);
    read_rows(&report);
    snprintf(path, sizeof(path), "%s/plots", report.dir);
    if (mkdir(path, 0777) == -1 && errno != EEXIST)
        fatal_errno(name, "%s", path);
    report_judge(&report);
    int result = write_report(&report) | report_results(&report);
    if (report.no_gnuplot)
        fprintf(stderr,
                "%s: no plots, gnuplot is not installed (Debian's "
                "package gnuplot-nox; make deps); `bench/report %s` draws "
                "them then\n",
                name, report.dir);
    bool whole = result == 0 && !report.no_gnuplot && !report.failed;
    if (result == 0)
        printf("%s/report.html\n", report.dir);
    for (size_t i = 0; i < report.ntables; i++)
        judge_free(&report.tables[i]);
    free(report.tables);
    rows_free(&report.rows);
    free(report.calls.all);
    json_decref(report.manifest);
    return whole ? EXIT_SUCCESS : EXIT_FAILURE;
}
