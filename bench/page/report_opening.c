#include "bench/page/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_state(struct report *report)
{
    const char *state = report_state(report);
    json_t *ending = json_object_get(report->manifest, "ending");
    long planned = (long)json_integer_value(
        json_object_get(ending, "planned"));
    struct doc *doc = &report->doc;

    if (strcmp(state, "cut short") == 0)
        doc_add(doc, BLOCK_WARNING,
                "Cut short: this run was interrupted. "
                "It holds %zu slice%s of %ld.",
                report->rows.n, plural(report->rows.n), planned);
    else if (strcmp(state, "killed") == 0)
        doc_add(doc, BLOCK_WARNING,
                "Cut short: this run was killed, or it "
                "still goes on. It holds %zu slice%s so far.",
                report->rows.n, plural(report->rows.n));
    else if (strcmp(state, "out of time") == 0)
        doc_add(
            doc, BLOCK_WARNING,
            "Out of time: of %ld slices that were planned, %ld were "
            "measured. --time gives a run longer.",
            planned,
            (long)json_integer_value(json_object_get(ending, "measured")));
    else if (strcmp(state, "failed") == 0)
        doc_add(doc, BLOCK_WARNING,
                "This run failed after %zu slice%s of %ld.", report->rows.n,
                plural(report->rows.n), planned);
}

static void add_gaps(struct report *report)
{
    struct doc *doc = &report->doc;

    if (report->rows.cut > 0)
        doc_add(doc, BLOCK_WARNING,
                "%zu row%s half written when the run ended: left out.",
                report->rows.cut, plural(report->rows.cut));
    if (report->rows.n == 0)
        doc_add(doc, BLOCK_WARNING, "Nothing was measured.");
}

enum { LOST = 6 };

/* Rows of one model at one place that hold nothing. */
struct lost {
    const struct row *row;
    size_t slices;
};

static bool is_same_place(const struct row *a, const struct row *b)
{
    return strcmp(a->model, b->model) == 0 &&
           strcmp(a->experiment, b->experiment) == 0 &&
           strcmp(a->variant, b->variant) == 0 &&
           a->value[ROW_X] == b->value[ROW_X];
}

/* Returns how many slices were lost; the first places of them in lost. */
static size_t find_lost(const struct rows *rows, struct lost lost[LOST])
{
    size_t slices = 0;

    for (size_t i = 0; i < rows->n; i++) {
        const struct row *row = &rows->all[i];
        size_t k = 0;
        if (strcmp(row->outcome, ROW_FAILED) != 0)
            continue;
        slices++;
        while (k < LOST && lost[k].row != NULL &&
               !is_same_place(lost[k].row, row))
            k++;
        if (k == LOST)
            continue;
        if (lost[k].row == NULL)
            lost[k].row = row;
        lost[k].slices++;
    }
    return slices;
}

static void tell_lost(FILE *file, const struct lost *lost)
{
    const struct row *row = lost->row;

    fprintf(file, "%s in %s", row->model, row->experiment);
    const struct experiment *experiment = experiment_find(row->experiment);
    if (experiment == NULL || !experiment->x_is_model)
        fprintf(file, " at %g", row->value[ROW_X]);
    if (row->variant[0] != '\0')
        fprintf(file, " (%s)", row->variant);
    if (lost->slices > 1)
        fprintf(file, " (%zu slices)", lost->slices);
    fprintf(file, ": %s", row->note);
}

static void add_lost(struct report *report)
{
    struct lost lost[LOST] = {{0}};
    size_t slices = find_lost(&report->rows, lost);
    size_t told = 0;
    char *text = NULL;
    size_t size = 0;
    FILE *file = slices > 0 ? open_memstream(&text, &size) : NULL;

    if (file == NULL)
        return;
    for (size_t k = 0; k < LOST && lost[k].row != NULL; k++) {
        fputs(k > 0 ? "; " : "", file);
        tell_lost(file, &lost[k]);
        told += lost[k].slices;
    }
    if (told < slices)
        fprintf(file, "; and %zu slice%s elsewhere", slices - told,
                plural(slices - told));
    fclose(file);
    doc_add(&report->doc, BLOCK_WARNING,
            "%zu slice%s could not be measured: %s.", slices,
            plural(slices), text);
    free(text);
}

/* Above these a run is more noise than figures. */
static const double others_cores = 0.2;    /* on average */
static const double disturbed_share = 0.2; /* of all slices */

static void add_noise(struct report *report)
{
    const struct rows *rows = &report->rows;
    double cores = (double)json_integer_value(json_object_get(
        json_object_get(report->manifest, "machine"), "cores"));
    double others = 0;
    size_t known = 0;
    size_t disturbed = 0;

    for (size_t i = 0; i < rows->n; i++) {
        double share = rows->all[i].value[ROW_OTHERS_SHARE];
        disturbed += strcmp(rows->all[i].outcome, ROW_REPEATED) == 0;
        if (!isnan(share)) {
            others += share * cores;
            known++;
        }
    }
    others /= known > 0 ? (double)known : 1;
    if (others > others_cores ||
        (double)disturbed > disturbed_share * (double)rows->n)
        doc_add(&report->doc, BLOCK_WARNING,
                "The machine was not quiet: other programs used %.0f %% of "
                "a core on average, and %zu of %zu slices were disturbed. "
                "Figures of this run are noisy; trust no small difference, "
                "and measure again when nothing else runs.",
                others * 100, disturbed, rows->n);
}

static void add_repeats(struct report *report)
{
    size_t repeated = 0;
    double low = INFINITY;
    double high = 0;

    for (size_t i = 0; i < report->rows.n; i++) {
        const struct row *row = &report->rows.all[i];
        repeated += strcmp(row->outcome, ROW_REPEATED) == 0;
        low = fmin(low, row->value[ROW_FLOOR_US]);
        high = fmax(high, row->value[ROW_FLOOR_US]);
    }
    doc_add(&report->doc, BLOCK_TEXT,
            "%zu slice%s, %zu of them disturbed "
            "and done again. The floor, what one thread alone needs for a "
            "round trip over "
            "loopback, was between %.2f and %.2f us.",
            report->rows.n, plural(report->rows.n), repeated, low, high);
}

/* A plot says more than tables: one stands before the verdicts. */
static void add_first_plot(struct report *report)
{
    size_t before = report->doc.n;

    for (size_t i = 0; i < nexperiments && report->first == NULL; i++) {
        report_plot(report, experiments[i], &experiments[i]->plots[0]);
        if (report->doc.n == before)
            continue;
        report->first = experiments[i];
        doc_add(&report->doc, BLOCK_TEXT, "%s", report->first->see);
    }
}

void report_opening(struct report *report)
{
    struct doc *doc = &report->doc;

    doc_add(doc, BLOCK_TITLE, "Concurrency models, measured");
    add_state(report);
    add_gaps(report);
    add_lost(report);
    add_noise(report);
    doc_add(doc, BLOCK_TEXT,
            "%s on %s, %lld cores, Linux %s. Every server "
            "echoes bytes over loopback, and every byte is checked.",
            report_text(report, NULL, "date"),
            report_text(report, "machine", "cpu"),
            json_integer_value(json_object_get(
                json_object_get(report->manifest, "machine"), "cores")),
            report_text(report, "machine", "kernel"));
    if (report->rows.n > 0)
        add_repeats(report);
    add_first_plot(report);
}
