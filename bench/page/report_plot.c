#include "bench/page/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The placement that plots show: pinned, where there is any. */
static const char *placement_of(const struct report *report,
                                const struct experiment *experiment)
{
    for (size_t i = 0; i < report->rows.n; i++) {
        const struct row *row = &report->rows.all[i];
        if (strcmp(row->experiment, experiment->name) == 0 &&
            strcmp(row->placement, "pinned") == 0)
            return "pinned";
    }
    return "free";
}

static struct mark *add_mark(struct series *series, double x)
{
    struct mark *mark = &series->marks[series->n];

    series->n += series->n < MARKS - 1; /* the last one is written over */
    *mark = (struct mark){x, NAN, NAN, NAN, NAN, NAN, "", "", ""};
    return mark;
}

/* A figure as it is drawn, in words, and in more words on hovering. */
static void set_figure(struct mark *mark, const struct spot *spot,
                       enum metric metric, const struct summary *figure)
{
    const double scale = metric_about(metric)->scale;
    char median[32], low[32], high[32];

    mark->y = figure->median * scale;
    mark->low = figure->low * scale;
    mark->high = figure->high * scale;
    metric_text(metric, figure->median, median, sizeof(median));
    metric_text(metric, figure->low, low, sizeof(low));
    metric_text(metric, figure->high, high, sizeof(high));
    snprintf(mark->text, sizeof(mark->text), "%s", median);
    if (isnan(figure->low))
        snprintf(mark->tip, sizeof(mark->tip), "%.40s: %s", spot->model,
                 median);
    else
        snprintf(mark->tip, sizeof(mark->tip),
                 "%.40s at %g: %s (%s to %s, %zu turn%s)", spot->model,
                 spot->x, median, low, high, figure->n, plural(figure->n));
}

/* A point of a line; a share from below where it means something else. */
static void set_point(const struct report *report, struct mark *mark,
                      const struct spot *spot, enum metric metric)
{
    struct summary figure = reading_figure(&report->rows, spot, metric);
    struct health health = reading_health(&report->rows, spot);
    double achieved =
        reading_figure(&report->rows, spot, METRIC_ACHIEVED).median;

    if (figure.n > 0)
        set_figure(mark, spot, metric, &figure);
    mark->text[0] = '\0';
    if (health.unserved > 0 && health.clients > 0) {
        mark->served = 1 - health.unserved / health.clients;
        snprintf(mark->text, sizeof(mark->text), "%.0f of %.0f",
                 health.clients - health.unserved, health.clients);
    } else if (achieved < READING_ACHIEVED) {
        mark->served = achieved;
        snprintf(mark->text, sizeof(mark->text), "%.0f %%", achieved * 100);
    }
    if (!isnan(mark->served))
        mark->y = mark->low = mark->high = NAN;
}

static void fill_line(const struct report *report, const struct spot *which,
                      enum metric metric, const double *xs, size_t n,
                      struct series *series)
{
    struct spot spot = *which;

    for (size_t i = 0; i < n; i++) {
        spot.x = xs[i];
        set_point(report, add_mark(series, xs[i]), &spot, metric);
    }
}

static bool is_empty(const struct series *series)
{
    for (size_t i = 0; i < series->n; i++)
        if (!isnan(series->marks[i].y) || !isnan(series->marks[i].served))
            return false;
    return true;
}

/* One model, with its variants as lines. */
static void fill_variants(const struct report *report,
                          const struct experiment *experiment,
                          enum metric metric, struct spot spot,
                          struct plot *plot)
{
    for (size_t i = 0; i < POINTS && experiment->points[i].variant; i++) {
        const struct point *point = &experiment->points[i];
        struct series *series = &plot->series[plot->n];
        if (i > 0 && strcmp(point->variant, point[-1].variant) != 0)
            plot->n += !is_empty(series);
        series = &plot->series[plot->n];
        spot.variant = point->variant;
        spot.x = point->x;
        snprintf(series->name, PLOT_NAME, "%.20s turns", spot.variant);
        struct mark *mark = add_mark(series, point->x);
        set_point(report, mark, &spot, metric);
        if (experiment->predict != NULL)
            mark->expected = experiment->predict(point) *
                             metric_about(metric)->scale;
    }
    plot->n += !is_empty(&plot->series[plot->n]);
}

static void fill_models(const struct report *report, enum metric metric,
                        struct spot spot, struct plot *plot)
{
    double xs[MARKS];
    size_t n = reading_xs(&report->rows, &spot, xs, MARKS);

    for (size_t m = 0; m < report->nmodels && plot->n < SERIES; m++) {
        struct series *series = &plot->series[plot->n];
        spot.model = report->models[m].name;
        snprintf(series->name, PLOT_NAME, "%.40s", spot.model);
        fill_line(report, &spot, metric, xs, n, series);
        if (is_empty(series))
            *series = (struct series){0};
        else
            plot->n++;
    }
}

/* What one client more takes, as a figure. */
static struct summary slope_of(const struct report *report,
                               const struct spot *spot, enum metric metric)
{
    struct slope slope = reading_slope(&report->rows, spot, metric);

    return (struct summary){.n = 2,
                            .min = NAN,
                            .max = NAN,
                            .median = slope.per_client,
                            .low = NAN,
                            .high = NAN};
}

static void fill_rows(const struct report *report,
                      const struct plot_about *about, struct spot spot,
                      struct plot *plot)
{
    struct series *series = &plot->series[0];

    for (size_t m = 0; m < report->nmodels; m++) {
        spot.model = report->models[m].name;
        struct summary figure = about->kind == PLOT_SLOPES
                                    ? slope_of(report, &spot, about->metric)
                                    : reading_figure(&report->rows, &spot,
                                                     about->metric);
        struct health health = reading_health(&report->rows, &spot);
        if (health.turns + health.failed == 0)
            continue;
        struct mark *mark = add_mark(series, (double)series->n + 1);
        snprintf(mark->name, PLOT_NAME, "%.40s", spot.model);
        if (!isnan(figure.median))
            set_figure(mark, &spot, about->metric, &figure);
        if (about->metric == METRIC_LONGEST_WAIT_MS && health.unserved > 0)
            snprintf(mark->text + strlen(mark->text), 16, " at least");
    }
    snprintf(series->name, PLOT_NAME, "%.47s",
             metric_about(about->metric)->label);
    plot->n = series->n > 0;
}

/* Where x stands on its axis, 0 to 1. */
static double place(const struct plot *plot, double x, double low,
                    double high)
{
    return plot->log_x ? log(x / low) / log(high / low)
                       : (x - low) / (high - low);
}

/* Names the ticks, as many as have room; 0 finds a place on a logarithmic
 * axis. All lines have the same x, but those of variants. */
static void name_ticks(const struct experiment *experiment,
                       struct plot *plot)
{
    double pixels = plot->n == 1 ? 400 : plot->n <= 12 ? 200 : 155;

    for (size_t i = 0; i < plot->n; i++) {
        struct mark *marks = plot->series[i].marks;
        size_t n = plot->series[i].n;
        double free_from = -INFINITY;
        if (plot->log_x && n > 1 && marks[0].x == 0) {
            snprintf(marks[0].name, PLOT_NAME, "0");
            marks[0].x = marks[1].x / 5;
        }
        for (size_t k = 0; k < n; k++) {
            double at = n == 1 ? 0
                               : pixels * place(plot, marks[k].x,
                                                marks[0].x, marks[n - 1].x);
            char text[CELL];
            report_x(experiment, marks[k].x, text);
            double half = 5 * (double)strlen(text) + 3;
            if (at - half < free_from)
                continue;
            free_from = at + half;
            if (marks[k].name[0] == '\0')
                snprintf(marks[k].name, PLOT_NAME, "%.40s", text);
        }
    }
}

static bool has_figure(const struct plot *plot)
{
    for (size_t i = 0; i < plot->n; i++)
        for (size_t k = 0; k < plot->series[i].n; k++)
            if (!isnan(plot->series[i].marks[k].y))
                return true;
    return false;
}

static void fill(const struct report *report,
                 const struct experiment *experiment,
                 const struct plot_about *about, struct plot *plot)
{
    const struct spot spot = {
        .experiment = experiment->name,
        .variant = about->variant,
        .placement = placement_of(report, experiment),
        .x = NAN,
    };

    if (about->kind == PLOT_STACKED)
        report_calls(report, plot);
    else if (about->kind != PLOT_LINES)
        fill_rows(report, about, spot, plot);
    else if (experiment->only != NULL &&
             experiment->points[0].variant != NULL)
        fill_variants(report, experiment, about->metric,
                      (struct spot){.experiment = experiment->name,
                                    .model = experiment->only,
                                    .x = NAN},
                      plot);
    else
        fill_models(report, about->metric, spot, plot);
    if (about->kind == PLOT_LINES)
        name_ticks(experiment, plot);
    if (!has_figure(plot))
        plot->n = 0;
}

static void draw(struct report *report, const struct plot *plot)
{
    int result = plot->n > 0 ? plot_draw(plot, report->dir) : 0;

    report->no_gnuplot |= result == 1;
    report->failed |= result == -1;
    if (plot->n > 0)
        md_plot(&report->md, plot->name, plot->title);
}

void report_plot(struct report *report, const struct experiment *experiment,
                 const struct plot_about *about)
{
    const struct metric_about *metric = metric_about(about->metric);
    bool freely = strcmp(placement_of(report, experiment), "free") == 0;
    char name[96], x_label[128];
    struct plot plot = {
        .name = name,
        .title = about->title,
        .question = experiment->question,
        .x_label = x_label,
        .y_label = metric->label,
        .unit = metric->unit,
        .kind = about->kind,
        .log_x = experiment->log_x,
        .log = about->log,
        .series = calloc(SERIES, sizeof(struct series)),
    };

    if (plot.series == NULL)
        return;
    if (about->kind == PLOT_LINES)
        snprintf(x_label, sizeof(x_label), "%.90s (%s)",
                 experiment->x_label, freely ? "free" : "pinned");
    else
        snprintf(x_label, sizeof(x_label), "%s",
                 freely ? "free: the kernel places server and generator"
                        : "pinned: server and generator have a core each");
    snprintf(
        name, sizeof(name), "%s-%s%s%s%s", experiment->name, metric->name,
        about->kind == PLOT_LINES && about->metric == METRIC_PSS_KIB
            ? "-total"
            : "",
        about->variant ? "-" : "", about->variant ? about->variant : "");
    fill(report, experiment, about, &plot);
    draw(report, &plot);
    free(plot.series);
}

/* A row of the forest: a model's ratio with its interval, or why not. */
static void add_ratio(const struct report *report,
                      const struct table *table,
                      const struct manifest_model *model,
                      struct series *series)
{
    size_t a = judge_find(table, model->name);
    size_t b = judge_find(table, model->reference);
    struct pair pair;

    struct mark *mark = add_mark(series, (double)series->n + 1);
    snprintf(mark->name, PLOT_NAME, "%.40s", model->name);
    report_ratio(report, table, model->name, model->reference, mark->text);
    if (a == b && a < table->nmodels) {
        mark->y = 1;
    } else if (judge_between(table, a, b, &pair) &&
               pair.word != WORD_UNRANKED) {
        mark->y = pair.all.ratio;
        mark->low = pair.all.low;
        mark->high = pair.all.high;
    }
    snprintf(mark->tip, sizeof(mark->tip), "%.40s: %s", model->name,
             mark->text);
}

void report_forest(struct report *report)
{
    char title[160], phrase[PHRASE] = "", x_label[96];
    struct plot plot = {
        .name = "ratios",
        .title = title,
        .question = "Ratios, with intervals that hold together; left of 1 "
                    "is less",
        .x_label = x_label,
        .y_label = "ratio",
        .unit = "",
        .kind = PLOT_ROWS,
        .ratio = true,
        .series = calloc(2, sizeof(struct series)),
    };

    for (size_t k = 0; k < 2 && plot.series != NULL; k++) {
        const struct table *table = report_headline(report, k);
        if (table == NULL)
            continue;
        struct series *series = &plot.series[plot.n++];
        report_phrase(table, phrase);
        snprintf(series->name, PLOT_NAME, "%.47s",
                 metric_about(table->metric)->label);
        for (size_t m = 0; m < report->nmodels; m++)
            add_ratio(report, table, &report->models[m], series);
    }
    snprintf(title, sizeof(title), "Compared with %.40s, %s",
             report->models[0].reference, phrase);
    snprintf(x_label, sizeof(x_label), "x %.40s",
             report->models[0].reference);
    if (plot.n > 0)
        draw(report, &plot);
    free(plot.series);
}
