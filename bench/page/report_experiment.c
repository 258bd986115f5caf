#include "bench/page/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 12 }; /* figures in a table, at most */

/* What the experiment's plots show and its servers are compared by, each
 * once; with the generator's share of it. */
static size_t metrics_of(const struct experiment *experiment,
                         enum metric metrics[SHOWN])
{
    const enum metric *more = experiment->more;
    size_t n = 0;

    for (size_t i = 0; i < PLOTS && experiment->plots[i].title; i++) {
        size_t k = 0;
        while (k < n && metrics[k] != experiment->plots[i].metric)
            k++;
        if (k == n)
            metrics[n++] = experiment->plots[i].metric;
    }
    if (experiment->compared != NULL)
        metrics[n++] = METRIC_GENERATOR_PER_ECHO_US;
    while (more != NULL && *more != METRICS && n < SHOWN)
        metrics[n++] = *more++;
    return n;
}

static void add_figure(struct md *md, enum metric metric,
                       const struct summary *figure, const char *before)
{
    char median[32], low[32], high[32];

    metric_text(metric, figure->median, median, sizeof(median));
    metric_text(metric, figure->low, low, sizeof(low));
    metric_text(metric, figure->high, high, sizeof(high));
    if (figure->n > 1)
        md_cell(md, "%s%s (%s - %s)", before, median, low, high);
    else
        md_cell(md, "%s%s", before, median);
}

/* A line's first cells: which model, where. */
static void add_keys(struct md *md, const struct experiment *experiment,
                     const struct spot *spot)
{
    char x[CELL] = "";

    if (!experiment->x_is_model)
        report_x(experiment, spot->x, x);
    md_cell(md, "%s", spot->model);
    md_cell(md, "%s%s%s", x, x[0] && spot->variant[0] ? " " : "",
            spot->variant);
    md_cell(md, "%s", spot->placement);
}

static void add_line(struct report *report,
                     const struct experiment *experiment,
                     const struct spot *spot, const enum metric *metrics,
                     size_t n)
{
    struct health health = reading_health(&report->rows, spot);
    struct limit limit = reading_limit(&report->rows, spot);
    struct md *md = &report->md;

    if (health.turns + health.failed == 0)
        return;
    add_keys(md, experiment, spot);
    md_cell(md, "%.0f of %.0f", health.clients - health.unserved,
            health.clients);
    for (size_t i = 0; i < n; i++) {
        struct summary figure = reading_figure(&report->rows, spot,
                                               metrics[i]);
        add_figure(md, metrics[i], &figure,
                   metrics[i] == METRIC_LONGEST_WAIT_MS &&
                           health.unserved > 0
                       ? "at least "
                       : "");
    }
    md_cell(md, "%.0f", health.errors);
    md_cell(md, "%zu", health.turns);
    md_cell(md, "%s%s%s%s", limit.reason,
            limit.reason[0] && health.note[0] ? "; " : "", health.note,
            health.stopped ? "; stopped outside of its turns" : "");
}

static void add_point(struct report *report,
                      const struct experiment *experiment,
                      const struct point *point, const enum metric *metrics,
                      size_t n)
{
    struct spot spot = {
        .experiment = experiment->name,
        .variant = point->variant ? point->variant : "",
        .placement = point->free ? "free" : "pinned",
        .x = point->x,
    };

    for (size_t m = 0; m < report->nmodels; m++) {
        spot.model = report->models[m].name;
        add_line(report, experiment, &spot, metrics, n);
    }
}

/* Has an earlier point of the table the same place? */
static bool is_first(const struct experiment *experiment, size_t i)
{
    const struct point *points = experiment->points;

    for (size_t k = 0; k < i; k++)
        if (points[k].x == points[i].x &&
            points[k].free == points[i].free &&
            points[k].variant == points[i].variant)
            return false;
    return true;
}

static void add_figures(struct report *report,
                        const struct experiment *experiment)
{
    enum metric metrics[SHOWN];
    size_t n = metrics_of(experiment, metrics);
    struct md *md = &report->md;

    md_heading(md, 3,
               "All figures: median, and the middle half of the "
               "turns (of fewer than eight: least and greatest)");
    md_table(md, 7 + n);
    md_cell(md, "model");
    md_cell(md, "x");
    md_cell(md, "placement");
    md_cell(md, "served");
    for (size_t i = 0; i < n; i++)
        md_cell(md, "%s", metric_about(metrics[i])->label);
    md_cell(md, "errors");
    md_cell(md, "turns");
    md_cell(md, "remark");
    for (size_t i = 0; i < POINTS; i++)
        if (is_first(experiment, i))
            add_point(report, experiment, &experiment->points[i], metrics,
                      n);
    md_end_table(md);
}

void report_experiment(struct report *report,
                       const struct experiment *experiment)
{
    md_heading(&report->md, 2, "%s: %s", experiment->name,
               experiment->question);
    for (size_t i = 0; i < PLOTS && experiment->plots[i].title; i++)
        report_plot(report, experiment, &experiment->plots[i]);
    md_say(&report->md, "%s", experiment->see);
    report_compared(report, experiment);
    add_figures(report, experiment);
}
