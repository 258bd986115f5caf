/*
 * report DIR: makes the report of a run from its raw files alone:
 * report.html, report.md, report.txt and plots/. Started by bench/run at
 * the end of a run and by bench/report at any time.
 */
#include "bench/page/report.h"

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

void report_draw(struct report *report, const struct plot *plot)
{
    int result = plot_draw(plot, report->dir);

    report->no_gnuplot |= result == 1;
    report->plot_failed |= result == -1;
    doc_plot(&report->doc, plot->name, plot->title);
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

static int write_one(const struct report *report, const char *file_name,
                     void (*write)(const struct doc *, const char *,
                                   FILE *))
{
    char path[1024];
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    int result = -1;

    snprintf(path, sizeof(path), "%s/%s", report->dir, file_name);
    if (file != NULL) {
        write(&report->doc, report->dir, file);
        if (fclose(file) == 0)
            result = file_replace(path, text, size);
    }
    if (result == -1)
        fprintf(stderr, "%s: %s: %s\n", name, path, strerror(errno));
    free(text);
    return result;
}

static int write_all(const struct report *report)
{
    int result = write_one(report, "report.html", doc_write_html);

    if (write_one(report, "report.md", doc_write_markdown) == -1)
        result = -1;
    if (write_one(report, "report.txt", doc_write_text) == -1)
        result = -1;
    return result;
}

static void put_together(struct report *report)
{
    report_opening(report);
    report_verdicts(report);
    for (size_t i = 0; i < nexperiments; i++)
        if (report_has(report, experiments[i]))
            report_experiment(report, experiments[i]);
    report_gates(report);
    report_manifest(report);
}

/* What the page warns of, for who does not open it. */
static void tell_warnings(const struct doc *doc)
{
    for (size_t i = 0; i < doc->n; i++)
        if (doc->blocks[i].kind == BLOCK_WARNING)
            fprintf(stderr, "%s: %s\n", name, doc->blocks[i].text);
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
    put_together(&report);
    doc_drop_empty_columns(&report.doc);
    int result = write_all(&report);
    if (report.no_gnuplot)
        fprintf(stderr,
                "%s: no plots, gnuplot is not installed (Debian's "
                "package gnuplot-nox; make deps); `bench/report %s` draws "
                "them then\n",
                name, report.dir);
    bool whole = result == 0 && !report.no_gnuplot && !report.plot_failed &&
                 !report.doc.failed;
    tell_warnings(&report.doc);
    if (result == 0)
        printf("%s/report.html\n", report.dir);
    doc_free(&report.doc);
    rows_free(&report.rows);
    free(report.calls.all);
    json_decref(report.manifest);
    return whole ? EXIT_SUCCESS : EXIT_FAILURE;
}
