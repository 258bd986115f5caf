#include "bench/page/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { XS = 32 };

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

static void describe_point(struct curve_point *point,
                           const struct spot *spot, enum metric metric,
                           const struct summary *figure,
                           const struct health *health)
{
    char median[32], low[32], high[32];
    char trouble[64] = "";

    metric_text(metric, figure->median, median, sizeof(median));
    metric_text(metric, figure->min, low, sizeof(low));
    metric_text(metric, figure->max, high, sizeof(high));
    if (health->unserved > 0)
        snprintf(trouble, sizeof(trouble), ", %.0f unserved",
                 health->unserved);
    else if (health->errors > 0)
        snprintf(trouble, sizeof(trouble), ", %.0f errors", health->errors);
    snprintf(point->tip, sizeof(point->tip),
             "%.40s at %g: %s%s (%s to %s, %zu slice%s)%s", spot->model,
             spot->x,
             metric == METRIC_LONGEST_WAIT_MS && health->unserved > 0
                 ? "at least "
                 : "",
             median, low, high, figure->n, plural(figure->n), trouble);
}

/* A curve: one model, or one variant of the only model. */
static void fill_curve(const struct report *report,
                       const struct spot *which, enum metric metric,
                       struct curve *curve)
{
    const double scale = metric_about(metric)->scale;
    struct spot spot = *which;
    double xs[XS];
    bool gap = false;

    spot.model = NULL; /* every x that any model was measured at */
    size_t n = reading_xs(&report->rows, &spot, xs, XS);
    spot.model = which->model;

    for (size_t i = 0; i < n && curve->n < CURVE_POINTS; i++) {
        spot.x = xs[i];
        struct summary figure = reading_figure(&report->rows, &spot,
                                               metric);
        struct health health = reading_health(&report->rows, &spot, metric);
        if (figure.n == 0) {
            gap = curve->n > 0;
            continue;
        }
        struct curve_point *point = &curve->points[curve->n++];
        *point = (struct curve_point){
            .x = xs[i],
            .y = figure.median * scale,
            .low = figure.min * scale,
            .high = figure.max * scale,
            .crossed = health.unserved > 0 || health.errors > 0,
            .gap = gap,
        };
        gap = false;
        describe_point(point, &spot, metric, &figure, &health);
    }
}

/* What theory says, as a curve of its own. */
static void fill_prediction(const struct experiment *experiment,
                            const struct plot_about *about,
                            const char *variant, struct curve *curve)
{
    const double scale = metric_about(about->metric)->scale;

    snprintf(curve->name, sizeof(curve->name), "%.20s predicted", variant);
    curve->style = 9;
    for (size_t i = 0; i < POINTS && curve->n < CURVE_POINTS; i++) {
        const struct point *point = &experiment->points[i];
        if (point->variant == NULL || strcmp(point->variant, variant) != 0)
            continue;
        double y = experiment->predict(point) * scale;
        curve->points[curve->n++] = (struct curve_point){
            .x = point->x, .y = y, .low = y, .high = y};
    }
}

/* One model, with its variants as curves. */
static size_t fill_variants(const struct report *report,
                            const struct experiment *experiment,
                            const struct plot_about *about,
                            struct spot spot, struct curve *curves)
{
    const char *last = NULL;
    size_t n = 0;

    for (size_t i = 0; i < POINTS && experiment->points[i].variant; i++) {
        spot.variant = experiment->points[i].variant;
        if (last != NULL && strcmp(last, spot.variant) == 0)
            continue;
        last = spot.variant;
        fill_curve(report, &spot, about->metric, &curves[n]);
        if (curves[n].n == 0)
            continue;
        snprintf(curves[n].name, sizeof(curves[n].name), "%.20s turns",
                 spot.variant);
        curves[n].style = (int)n + 1;
        n++;
        if (experiment->predict != NULL)
            fill_prediction(experiment, about, spot.variant, &curves[n++]);
    }
    return n;
}

static size_t fill_models(const struct report *report,
                          const struct plot_about *about, struct spot spot,
                          struct curve *curves)
{
    size_t n = 0;

    for (size_t m = 0; m < report->nmodels; m++) {
        struct curve *curve = &curves[n];
        spot.model = report->models[m].name;
        fill_curve(report, &spot, about->metric, curve);
        snprintf(curve->name, sizeof(curve->name), "%.40s", spot.model);
        curve->style = (int)(m % 8) + 1;
        n += curve->n > 0;
    }
    return n;
}

/* Returns how many curves there are to draw. */
static size_t fill(const struct report *report,
                   const struct experiment *experiment,
                   const struct plot_about *about, struct curve *curves)
{
    const struct spot spot = {
        .experiment = experiment->name,
        .variant = about->variant,
        .placement = placement_of(report, experiment),
        .x = NAN,
    };

    if (about->kind == PLOT_STACKED)
        return report_calls(report, curves);
    if (experiment->only != NULL && experiment->points[0].variant != NULL)
        return fill_variants(report, experiment, about, spot, curves);
    return fill_models(report, about, spot, curves);
}

void report_plot(struct report *report, const struct experiment *experiment,
                 const struct plot_about *about)
{
    const struct metric_about *metric = metric_about(about->metric);
    char name[96];
    char x_label[128];
    struct plot plot = {
        .name = name,
        .title = about->title,
        .question = experiment->question,
        .x_label = x_label,
        .y_label = metric->label,
        .unit = metric->unit,
        .kind = about->kind,
        .log_x = experiment->log_x,
        .log_y = about->log_y,
        .bytes_x = experiment->bytes_x,
        .curves = calloc(CURVES, sizeof(struct curve)),
    };

    if (plot.curves == NULL)
        return;
    const char *placement = placement_of(report, experiment);
    if (experiment->x_is_model)
        snprintf(x_label, sizeof(x_label), "%s",
                 strcmp(placement, "free") == 0
                     ? "free: the kernel places server and generator"
                     : "pinned: server and generator have a core each");
    else
        snprintf(x_label, sizeof(x_label), "%.90s (%s)",
                 experiment->x_label, placement);
    snprintf(name, sizeof(name), "%s-%s%s%s", experiment->name,
             metric->name, about->variant ? "-" : "",
             about->variant ? about->variant : "");
    plot.n = fill(report, experiment, about, plot.curves);
    if (plot.n > 0)
        report_draw(report, &plot);
    free(plot.curves);
}
