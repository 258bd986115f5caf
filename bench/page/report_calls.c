#include "bench/page/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES = 64, SHOWN = 7, TRIALS = 64 };

/* Under this, in every model, a call belongs to start and end. */
static const double least_per_echo = 0.05;

/* The median over the turns of calls per echo; 0 when it never called. */
static double per_echo(const struct calls *calls, const char *model,
                       const char *name)
{
    double values[TRIALS];
    size_t n = 0;

    for (size_t i = 0; i < calls->n && n < TRIALS; i++) {
        const struct call *call = &calls->all[i];
        if (strcmp(call->model, model) == 0 &&
            strcmp(call->name, name) == 0 && call->echoes > 0)
            values[n++] = call->calls / call->echoes;
    }
    return n > 0 ? stats_summary(values, n).median : 0;
}

/* A call, how much all models together make of it, and the most of one. */
struct weight {
    const char *name;
    double sum, most;
};

static int by_sum(const void *a, const void *b)
{
    double x = ((const struct weight *)a)->sum;
    double y = ((const struct weight *)b)->sum;

    return (x < y) - (x > y);
}

static size_t weigh(const struct report *report, struct weight *weights)
{
    size_t n = 0;

    for (size_t i = 0; i < report->calls.n; i++) {
        const char *name = report->calls.all[i].name;
        size_t k = 0;
        while (k < n && strcmp(weights[k].name, name) != 0)
            k++;
        if (k == n && n < NAMES)
            weights[n++] = (struct weight){name, 0, 0};
    }
    for (size_t k = 0; k < n; k++)
        for (size_t m = 0; m < report->nmodels; m++) {
            double calls = per_echo(&report->calls, report->models[m].name,
                                    weights[k].name);
            weights[k].sum += calls;
            weights[k].most = fmax(weights[k].most, calls);
        }
    qsort(weights, n, sizeof(*weights), by_sum);
    return n;
}

void report_calls(const struct report *report, struct plot *plot)
{
    struct weight weights[NAMES] = {{0}};
    double ends[MANIFEST_MODELS] = {0}; /* of the bars so far */
    size_t n = weigh(report, weights);

    for (size_t k = 0; k < n && k < SHOWN; k++) {
        struct series *series = &plot->series[plot->n];
        if (weights[k].most <= least_per_echo)
            break;
        plot->n++;
        snprintf(series->name, PLOT_NAME, "%.31s", weights[k].name);
        for (size_t m = 0; m < report->nmodels && m < MARKS; m++) {
            struct mark *mark = &series->marks[series->n++];
            const char *model = report->models[m].name;
            double calls = per_echo(&report->calls, model, weights[k].name);
            *mark = (struct mark){.x = (double)m + 1,
                                  .y = ends[m] + calls,
                                  .low = ends[m],
                                  .high = ends[m] + calls,
                                  .served = NAN,
                                  .expected = NAN};
            ends[m] += calls;
            snprintf(mark->name, PLOT_NAME, "%.40s", model);
            snprintf(mark->tip, sizeof(mark->tip), "%.40s: %.2f %.31s",
                     model, calls, weights[k].name);
        }
    }
}
