#include "bench/page/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_state(struct report *report)
{
    const char *state = report_state(report);
    json_t *ending = json_object_get(report->manifest, "ending");
    const char *why = strcmp(state, "cut short") == 0
                          ? "this run was interrupted"
                      : strcmp(state, "killed") == 0
                          ? "this run was killed, or it still goes on"
                          : "this run failed";

    if (strcmp(state, "out of time") == 0)
        md_warn(&report->md,
                "Out of time: %lld of %lld points were measured. --time "
                "gives a run longer.",
                json_integer_value(json_object_get(ending, "measured")),
                json_integer_value(json_object_get(ending, "planned")));
    else if (strcmp(state, "complete") != 0)
        md_warn(&report->md, "Cut short: %s. It holds %zu turn%s.", why,
                report->rows.n, plural(report->rows.n));
}

static void add_gaps(struct report *report)
{
    struct md *md = &report->md;

    if (report->rows.cut > 0)
        md_warn(md, "%zu row%s half written when the run ended: left out.",
                report->rows.cut, plural(report->rows.cut));
    if (report->rows.n == 0)
        md_warn(md, "Nothing was measured.");
}

enum { LOST = 6 };

/* Rows of one model at one place that hold nothing. */
struct lost {
    const struct row *row;
    size_t turns;
};

static bool is_same_place(const struct row *a, const struct row *b)
{
    return strcmp(a->model, b->model) == 0 &&
           strcmp(a->experiment, b->experiment) == 0 &&
           strcmp(a->variant, b->variant) == 0 &&
           a->value[ROW_X] == b->value[ROW_X];
}

/* Returns how many turns were lost; the first places of them in lost. */
static size_t find_lost(const struct rows *rows, struct lost lost[LOST])
{
    size_t turns = 0;

    for (size_t i = 0; i < rows->n; i++) {
        const struct row *row = &rows->all[i];
        size_t k = 0;
        if (strcmp(row->outcome, ROW_FAILED) != 0)
            continue;
        turns++;
        while (k < LOST && lost[k].row != NULL &&
               !is_same_place(lost[k].row, row))
            k++;
        if (k == LOST)
            continue;
        if (lost[k].row == NULL)
            lost[k].row = row;
        lost[k].turns++;
    }
    return turns;
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
    if (lost->turns > 1)
        fprintf(file, " (%zu turns)", lost->turns);
    fprintf(file, ": %s", row->note);
}

static void add_lost(struct report *report)
{
    struct lost lost[LOST] = {{0}};
    size_t turns = find_lost(&report->rows, lost);
    size_t told = 0;
    char *text = NULL;
    size_t size = 0;
    FILE *file = turns > 0 ? open_memstream(&text, &size) : NULL;

    if (file == NULL)
        return;
    for (size_t k = 0; k < LOST && lost[k].row != NULL; k++) {
        fputs(k > 0 ? "; " : "", file);
        tell_lost(file, &lost[k]);
        told += lost[k].turns;
    }
    if (told < turns)
        fprintf(file, "; and %zu turn%s elsewhere", turns - told,
                plural(turns - told));
    fclose(file);
    md_warn(&report->md, "%zu turn%s could not be measured: %s.", turns,
            plural(turns), text);
    free(text);
}

/* How long strangers kept the least disturbed server and the generator from
 * running, as a share of its turns; tasks of one server wait for each
 * other, too. */
static double waited(const struct report *report, const struct table *table)
{
    double least = INFINITY;

    for (size_t m = 0; m < table->nmodels; m++) {
        struct spot spot = table->spot;
        spot.model = table->models[m];
        least = fmin(
            least, reading_median(&report->rows, &spot, ROW_RUN_DELAY_US) /
                       reading_median(&report->rows, &spot, ROW_WINDOW_S) /
                       1e6);
    }
    return least;
}

static const double much = 0.2; /* of a turn */

static void add_noise(struct report *report)
{
    const struct table *table = report_headline(report, 0);
    double share = table != NULL ? waited(report, table) : 0;

    if (share > much && isfinite(share))
        md_warn(&report->md,
                "The machine was not quiet: in the median turn, server and "
                "generator waited together %.0f %% of the time for other "
                "programs. The intervals are wider for it, not wrong.",
                100 * share);
}

static void add_stopped(struct report *report)
{
    for (size_t m = 0; m < report->nmodels; m++) {
        struct spot spot = {.model = report->models[m].name, .x = NAN};
        if (reading_health(&report->rows, &spot).stopped)
            md_say(&report->md,
                   "%s is not silent when it is not driven; it was stopped "
                   "by SIGSTOP outside of its turns.",
                   spot.model);
    }
}

/* Where a model left clients without one echo: at the headline's number of
 * clients, or else at the fewest. */
static void tell_unserved(const struct report *report, const char *model,
                          FILE *file)
{
    const struct spot any = {.experiment = "clients", .x = NAN};
    double xs[64];
    size_t n = 1 + reading_xs(&report->rows, &any, &xs[1], 63);

    xs[0] = report_headline(report, 0)->spot.x;
    for (size_t i = 0; i < n; i++) {
        struct spot spot = {
            .experiment = "clients", .model = model, .x = xs[i]};
        struct health health = reading_health(&report->rows, &spot);
        if (health.unserved <= 0)
            continue;
        fprintf(file, "%sserves %.0f of %.0f clients",
                ftell(file) > 0 ? "; " : "",
                health.clients - health.unserved, health.clients);
        return;
    }
}

/* "1.39 x epoll in server CPU per echo (1.32 to 1.47)" */
static void tell_ratio(const struct table *table,
                       const struct manifest_model *model, FILE *file)
{
    const char *label = metric_about(table->metric)->label;
    struct pair pair;

    if (!judge_between(table, judge_find(table, model->name),
                       judge_find(table, model->reference), &pair) ||
        pair.word == WORD_UNRANKED)
        return;
    bool first = ftell(file) == 0;
    fputs(first ? "" : ", ", file);
    if (pair.word == WORD_BETTER || pair.word == WORD_WORSE)
        fprintf(file, "%.2f x", pair.all.ratio);
    else
        fputs(pair.word == WORD_EQUAL ? "equivalent to"
                                      : "not distinguished from",
              file);
    fprintf(file, " %s in %s (%.2f to %.2f)",
            first ? model->reference : "it", label, pair.all.low,
            pair.all.high);
}

/* One sentence a model, that can be repeated. */
static void add_sentence(struct report *report,
                         const struct manifest_model *model)
{
    const struct table *table = report_headline(report, 0);
    const struct table *second = report_headline(report, 1);
    char phrase[PHRASE];
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    if (file == NULL)
        return;
    report_phrase(table, phrase);
    if (strcmp(model->name, model->reference) == 0) {
        struct spot spot = table->spot;
        char figure[32];
        spot.model = model->name;
        metric_text(
            table->metric,
            reading_figure(&report->rows, &spot, table->metric).median,
            figure, sizeof(figure));
        fprintf(file, "the reference, %s of %s %s", figure,
                metric_about(table->metric)->label, phrase);
    } else {
        tell_ratio(table, model, file);
        if (second != NULL)
            tell_ratio(second, model, file);
        if (ftell(file) > 0)
            fprintf(file, ", %s", phrase);
    }
    tell_unserved(report, model->name, file);
    fclose(file);
    md_item(&report->md, model->name, "%s.",
            size > 0 ? text : "nothing that can be ranked");
    free(text);
}

static void add_sentences(struct report *report)
{
    if (report->ntables == 0)
        return;
    for (size_t m = 0; m < report->nmodels; m++)
        add_sentence(report, &report->models[m]);
    md_end_list(&report->md);
    report_forest(report);
    md_say(&report->md,
           "A ratio is that of turns in the same blocks, and the interval "
           "beside it holds together with all others of its table, with "
           "%d %%. A sign before it: = equivalent within %.0f %%; ~ not "
           "distinguished, which is no rank. Where the load generator is "
           "the limit, a rate is not ranked; CPU time is. Ratios compare; "
           "absolute figures drift with the machine.",
           judge_percent(&report->tables[0]), 100 * JUDGE_EQUAL);
}

void report_opening(struct report *report)
{
    struct md *md = &report->md;

    md_heading(md, 1, "Concurrency models, measured");
    add_state(report);
    add_gaps(report);
    add_lost(report);
    add_noise(report);
    add_sentences(report);
    add_stopped(report);
    md_say(md,
           "%s on %s, %lld cores, Linux %s: %zu turn%s. Every server "
           "echoes bytes over loopback, and every byte is checked.",
           report_text(report, NULL, "date"),
           report_text(report, "machine", "cpu"),
           json_integer_value(json_object_get(
               json_object_get(report->manifest, "machine"), "cores")),
           report_text(report, "machine", "kernel"), report->rows.n,
           plural(report->rows.n));
}
