#include "bench/page/report.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN = 12 }; /* figures in a table, at most */

/*
 * The metrics that the experiment's plots show, each once; and how much
 * more than the kernel's least an echo takes.
 */
static size_t metrics_of(const struct experiment *experiment,
                         enum metric metrics[SHOWN])
{
    const enum metric *more = experiment->more;

    size_t n = 0;

    metrics[0] = METRICS;
    for (size_t i = 0; i < PLOTS && experiment->plots[i].title; i++) {
        size_t k = 0;
        while (k < n && metrics[k] != experiment->plots[i].metric)
            k++;
        if (k == n)
            metrics[n++] = experiment->plots[i].metric;
    }
    if (metrics[0] == METRIC_ECHOES_PER_S ||
        metrics[0] == METRIC_CONNECTIONS_PER_S)
        metrics[n++] = METRIC_FLOORS;
    while (more != NULL && *more != METRICS && n < SHOWN)
        metrics[n++] = *more++;
    return n;
}

/* at_least: an end of the window, not of what was waited for */
static void add_figure(struct doc *doc, enum metric metric,
                       const struct summary *figure, bool at_least)
{
    const char *more = at_least ? "at least " : "";
    char median[32], low[32], high[32];

    metric_text(metric, figure->median, median, sizeof(median));
    metric_text(metric, figure->min, low, sizeof(low));
    metric_text(metric, figure->max, high, sizeof(high));
    if (figure->n > 1)
        doc_cell(doc, "%s%s (%s - %s)", more, median, low, high);
    else
        doc_cell(doc, "%s%s", more, median);
}

static void add_remark(struct doc *doc, const struct health *health)
{
    if (health->gated == 0 || health->unserved > 0 || health->errors > 0)
        doc_cell(doc, "%s", health->note);
    else
        doc_cell(doc, "%s%s%s", health->gate, health->note[0] ? "; " : "",
                 health->note);
}

static void add_line(struct report *report,
                     const struct experiment *experiment,
                     const struct spot *spot, const enum metric *metrics,
                     size_t n)
{
    struct health health = reading_health(&report->rows, spot, metrics[0]);
    struct doc *doc = &report->doc;

    if (health.slices + health.failed == 0)
        return;
    doc_cell(doc, "%s", spot->model);
    if (experiment->x_is_model)
        doc_cell(doc, "%s", spot->variant);
    else
        doc_cell(doc, "%g%s%s", spot->x, spot->variant[0] ? " " : "",
                 spot->variant);
    doc_cell(doc, "%s", spot->placement);
    for (size_t i = 0; i < n; i++) {
        struct summary figure = reading_figure(&report->rows, spot,
                                               metrics[i]);
        add_figure(doc, metrics[i], &figure,
                   metrics[i] == METRIC_LONGEST_WAIT_MS &&
                       health.unserved > 0);
        if (i > 0)
            continue;
        doc_cell(doc, "%.0f", health.unserved);
        doc_cell(doc, "%.0f", health.errors);
    }
    doc_cell(doc, "%zu", health.slices);
    add_remark(doc, &health);
}

static void add_lines(struct report *report,
                      const struct experiment *experiment,
                      const struct point *point, const enum metric *metrics,
                      size_t n)
{
    struct spot spot = {
        .experiment = experiment->name,
        .variant = point->variant ? point->variant : "",
        .x = point->x,
    };

    for (size_t m = 0; m < report->nmodels; m++)
        for (int free_one = 0; free_one < 2; free_one++) {
            spot.model = report->models[m].name;
            spot.placement = free_one ? "free" : "pinned";
            add_line(report, experiment, &spot, metrics, n);
        }
}

/* Has an earlier point of the table the same x and variant? */
static bool is_first(const struct experiment *experiment, size_t i)
{
    const struct point *points = experiment->points;

    for (size_t k = 0; k < i; k++)
        if (points[k].x == points[i].x &&
            points[k].variant == points[i].variant)
            return false;
    return true;
}

static void add_table(struct report *report,
                      const struct experiment *experiment)
{
    enum metric metrics[SHOWN];
    size_t n = metrics_of(experiment, metrics);
    struct doc *doc = &report->doc;

    doc_table(doc, 7 + n, 3, true,
              "All figures: median (least - greatest)");
    doc_cell(doc, "model");
    doc_cell(doc, "%s", experiment->x_is_model ? "" : "x");
    doc_cell(doc, "placement");
    for (size_t i = 0; i < n; i++) {
        doc_cell(doc, "%s", metric_about(metrics[i])->label);
        if (i > 0)
            continue;
        doc_cell(doc, "unserved");
        doc_cell(doc, "errors");
    }
    doc_cell(doc, "slices");
    doc_cell(doc, "remark");
    for (size_t i = 0; i < POINTS; i++)
        if (experiment->points[i].blocks[BUDGET_FULL] +
                    experiment->points[i].blocks[BUDGET_QUICK] >
                0 &&
            is_first(experiment, i))
            add_lines(report, experiment, &experiment->points[i], metrics,
                      n);
}

/* Both placements of one point, side by side; nothing where it has one. */
static void add_placements(struct report *report,
                           const struct experiment *experiment,
                           const struct point *point, enum metric metric)
{
    struct doc *doc = &report->doc;
    struct spot spot = {.experiment = experiment->name,
                        .x = point->x,
                        .placement = "pinned"};
    char text[160];

    if (reading_figure(&report->rows, &spot, metric).n == 0)
        return;
    snprintf(text, sizeof(text), "%c%s at %g, by placement",
             metric_about(metric)->label[0] - ('a' - 'A'),
             metric_about(metric)->label + 1, point->x);
    doc_table(doc, 3, 1, false, text);
    doc_cell(doc, "model");
    doc_cell(doc, "pinned: a core each");
    doc_cell(doc, "free: the kernel's choice");
    for (size_t m = 0; m < report->nmodels; m++) {
        spot.model = report->models[m].name;
        doc_cell(doc, "%s", spot.model);
        for (int k = 0; k < 2; k++) {
            spot.placement = k ? "free" : "pinned";
            struct summary figure = reading_figure(&report->rows, &spot,
                                                   metric);
            add_figure(doc, metric, &figure, false);
        }
    }
}

static void add_all_placements(struct report *report,
                               const struct experiment *experiment)
{
    for (size_t i = 0; i < POINTS; i++) {
        const struct point *point = &experiment->points[i];
        struct spot spot = {.experiment = experiment->name,
                            .x = point->x,
                            .placement = "free"};
        enum metric metric = point->x > 1 ? METRIC_ECHOES_PER_S
                                          : METRIC_P50_US;
        if (point->free && point->variant == NULL &&
            reading_figure(&report->rows, &spot, metric).n > 0)
            add_placements(report, experiment, point, metric);
    }
}

void report_experiment(struct report *report,
                       const struct experiment *experiment)
{
    struct doc *doc = &report->doc;

    doc_add(doc, BLOCK_HEADING, "%s: %s", experiment->name,
            experiment->question);
    bool opens = experiment == report->first;
    for (size_t i = opens; i < PLOTS && experiment->plots[i].title; i++)
        report_plot(report, experiment, &experiment->plots[i]);
    if (opens)
        doc_add(doc, BLOCK_TEXT,
                "Its first plot, and what to see in it, stand at the top "
                "of this page.");
    else
        doc_add(doc, BLOCK_TEXT, "%s", experiment->see);
    add_all_placements(report, experiment);
    add_table(report, experiment);
}
