/* What was compared in blocks: against the reference, and all with all. */
#include "bench/page/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The histograms of an open loop tell more than each turn's percentile. */
static int judge_tails(const struct report *report, const struct spot *spot,
                       struct table *table)
{
    struct tails tails = {0};
    char path[1024], error[1400];

    snprintf(path, sizeof(path), "%s/raw/%s.latency.csv", report->dir,
             spot->experiment);
    if (access(path, F_OK) == 0 &&
        tails_read(&tails, path, error, sizeof(error)) == -1)
        fprintf(stderr, "bench/report: %s\n", error);
    int result = tails_judge(&tails, &report->rows, spot,
                             report->models[0].reference, table);
    free(tails.all);
    return result;
}

static int add_table(struct report *report, const struct spot *spot,
                     enum metric metric)
{
    struct table *table;

    struct table *more = realloc(report->tables,
                                 (report->ntables + 1) * sizeof(*more));

    if (more == NULL)
        return -1;
    report->tables = more;
    table = &more[report->ntables];
    int result = metric == METRIC_P99_US
                     ? judge_tails(report, spot, table)
                     : judge(&report->rows, spot,
                             report->models[0].reference, metric, table);
    if (result == 0 && table->nmodels > 1)
        report->ntables++;
    else
        judge_free(table);
    return result;
}

static int judge_point(struct report *report,
                       const struct experiment *experiment,
                       const struct point *point)
{
    struct spot spot = {
        .experiment = experiment->name,
        .variant = point->variant != NULL ? point->variant : "",
        .placement = point->free ? "free" : "pinned",
        .x = point->x,
    };

    for (const enum metric *metric = experiment->compared;
         *metric != METRICS; metric++)
        if (add_table(report, &spot, *metric) == -1)
            return -1;
    return 0;
}

void report_judge(struct report *report)
{
    for (size_t i = 0; i < nexperiments; i++)
        for (size_t k = 0; k < POINTS; k++) {
            const struct point *point = &experiments[i]->points[k];
            if (point->turn_ms > 0 && experiments[i]->compared != NULL &&
                report_has(report, experiments[i]) &&
                judge_point(report, experiments[i], point) == -1) {
                fprintf(stderr, "bench/report: no memory for verdicts\n");
                report->failed = true;
            }
        }
}

void report_x(const struct experiment *experiment, double x,
              char text[CELL])
{
    if (experiment->bytes_x && x >= 1024 * 1024)
        snprintf(text, CELL, "%g MiB", x / 1024 / 1024);
    else if (experiment->bytes_x)
        snprintf(text, CELL, x < 1024 ? "%g B" : "%g KiB",
                 x < 1024 ? x : x / 1024);
    else
        snprintf(text, CELL, x < 10000 ? "%g" : "%gk",
                 x < 10000 ? x : x / 1000);
}

void report_phrase(const struct table *table, char text[PHRASE])
{
    const struct spot *spot = &table->spot;
    const struct experiment *experiment = experiment_find(spot->experiment);
    const char *after = experiment->after;
    size_t n = strlen(after);
    char x[CELL];

    report_x(experiment, spot->x, x);
    if (spot->x == 1 && n > 0 && after[n - 1] == 's')
        n--; /* "1 client" */
    snprintf(text, PHRASE, "%s%s%.*s%s%s%s", experiment->before, x, (int)n,
             after, spot->variant[0] != '\0' ? ", " : "", spot->variant,
             strcmp(spot->placement, "free") == 0 ? ", placed freely" : "");
}

static const char *sign_of(const struct pair *pair)
{
    if (pair->word == WORD_EQUAL)
        return "= ";
    return pair->word == WORD_OPEN || pair->word == WORD_IMPRECISE ? "~ "
                                                                   : "";
}

/* Why a model is not in a table; "" where nothing of it was measured. */
static void tell_absent(const struct report *report,
                        const struct table *table, const char *model,
                        char text[CELL])
{
    struct spot spot = table->spot;

    spot.model = model;
    struct limit limit = reading_limit(&report->rows, &spot);
    struct health health = reading_health(&report->rows, &spot);
    if (limit.reason[0] != '\0')
        snprintf(text, CELL, "%.63s", limit.reason);
    else if (health.failed > 0)
        snprintf(text, CELL, "failed");
}

void report_ratio(const struct report *report, const struct table *table,
                  const char *model, const char *against, char text[CELL])
{
    struct pair pair;

    text[0] = '\0';
    if (judge_find(table, model) == table->nmodels)
        tell_absent(report, table, model, text);
    else if (strcmp(model, against) == 0)
        snprintf(text, CELL, "reference");
    if (!judge_between(table, judge_find(table, model),
                       judge_find(table, against), &pair))
        return;
    if (pair.word == WORD_UNRANKED)
        snprintf(text, CELL, "%.63s", pair.reason);
    else
        snprintf(text, CELL, "%s%.2f (%.2f to %.2f)%s", sign_of(&pair),
                 pair.all.ratio, pair.all.low, pair.all.high,
                 !pair.at_least       ? ""
                 : pair.all.ratio > 1 ? " or more"
                                      : " or less");
}

const struct table *report_headline(const struct report *report,
                                    size_t figure)
{
    const struct table *found = NULL;

    for (size_t i = 0; i < report->ntables; i++) {
        const struct table *table = &report->tables[i];
        const struct spot *spot = &table->spot;
        if (strcmp(spot->experiment, report->tables[0].spot.experiment) !=
                0 ||
            experiment_find(spot->experiment)->compared[0] == METRICS ||
            experiment_find(spot->experiment)->compared[figure] !=
                table->metric)
            continue;
        if (found == NULL || spot->x == 50 || found->spot.x != 50)
            found = table;
        if (spot->x == 50)
            break;
    }
    return found;
}

/* Each model against its reference: a column a figure. */
static void add_line(struct report *report, const struct table *tables,
                     size_t n, const struct manifest_model *model)
{
    char text[CELL];

    report_ratio(report, &tables[0], model->name, model->reference, text);
    if (text[0] == '\0')
        return;
    md_cell(&report->md, "%s", model->name);
    report_x(experiment_find(tables[0].spot.experiment), tables[0].spot.x,
             text);
    md_cell(&report->md, "%s%s%s%s", text,
            tables[0].spot.variant[0] != '\0' ? " " : "",
            tables[0].spot.variant,
            strcmp(tables[0].spot.placement, "free") == 0 ? " free" : "");
    for (size_t k = 0; k < n; k++) {
        bool p90 = tables[k].metric == METRIC_P90_US;
        report_ratio(report, &tables[k], model->name, model->reference,
                     text);
        md_cell(&report->md, "%s%s", p90 ? "90th: " : "", text);
    }
}

/* The tables of one point stand together. Returns how many. */
static size_t same_point(const struct report *report, size_t first)
{
    const struct spot *spot = &report->tables[first].spot;
    size_t n = 1;

    while (first + n < report->ntables) {
        const struct spot *next = &report->tables[first + n].spot;
        if (strcmp(next->experiment, spot->experiment) != 0 ||
            next->x != spot->x || next->variant != spot->variant ||
            next->placement != spot->placement)
            break;
        n++;
    }
    return n;
}

static size_t find_first(const struct report *report,
                         const struct experiment *experiment)
{
    size_t i = 0;

    while (i < report->ntables &&
           strcmp(report->tables[i].spot.experiment, experiment->name) != 0)
        i++;
    return i;
}

static bool is_of(const struct report *report, size_t i,
                  const struct experiment *experiment)
{
    return i < report->ntables &&
           strcmp(report->tables[i].spot.experiment, experiment->name) == 0;
}

/* A number for each model, as long as the names are elsewhere. */
static void add_matrix(struct report *report, const struct table *table)
{
    char phrase[PHRASE];
    struct pair pair;

    report_phrase(table, phrase);
    md_heading(&report->md, 3, "All pairs: %s, %s",
               metric_about(table->metric)->label, phrase);
    md_table(&report->md, table->nmodels + 1);
    md_cell(&report->md, "against");
    for (size_t b = 0; b < table->nmodels; b++)
        md_cell(&report->md, "%zu", b + 1);
    for (size_t a = 0; a < table->nmodels; a++) {
        md_cell(&report->md, "%zu %s", a + 1, table->models[a]);
        for (size_t b = 0; b < table->nmodels; b++)
            if (!judge_between(table, a, b, &pair) ||
                pair.word == WORD_UNRANKED)
                md_cell(&report->md, "%s", a == b ? "" : "-");
            else
                md_cell(&report->md, "%s%.2f", sign_of(&pair),
                        pair.all.ratio);
    }
    md_end_table(&report->md);
    if (table->disturbed > 0)
        md_say(&report->md,
               "Others ran in %zu of %zu blocks. verdicts.csv and "
               "results.json have both results, with these and without.",
               table->disturbed, table->blocks);
}

void report_compared(struct report *report,
                     const struct experiment *experiment)
{
    struct md *md = &report->md;
    size_t first = find_first(report, experiment);
    size_t figures = 0;

    if (first == report->ntables)
        return;
    while (experiment->compared[figures] != METRICS)
        figures++;
    md_table(md, figures + 2);
    md_cell(md, "against %s", report->models[0].reference);
    md_cell(md, "x");
    for (size_t k = 0; k < figures; k++)
        md_cell(md, "%s", metric_about(experiment->compared[k])->label);
    for (size_t i = first; is_of(report, i, experiment);
         i += same_point(report, i))
        for (size_t m = 0; m < report->nmodels; m++)
            if (same_point(report, i) == figures)
                add_line(report, &report->tables[i], figures,
                         &report->models[m]);
    md_end_table(md);
    for (size_t i = first; is_of(report, i, experiment); i++)
        add_matrix(report, &report->tables[i]);
}
