/*
 * The report of a run, put together from its raw files: what its parts
 * share.
 */
#ifndef BENCH_PAGE_REPORT_H
#define BENCH_PAGE_REPORT_H

#include "bench/page/doc.h"
#include "bench/page/plot.h"
#include "bench/record/calls.h"
#include "bench/record/experiment.h"
#include "bench/record/manifest.h"
#include "bench/record/reading.h"
#include "bench/record/row.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct report {
    const char *dir;
    json_t *manifest;
    struct rows rows;
    struct manifest_model models[MANIFEST_MODELS];
    size_t nmodels;
    struct calls calls; /* raw/calls.csv, if there is one */
    struct doc doc;
    const struct experiment *first; /* whose plot opens the page; NULL */
    bool no_gnuplot; /* a plot was wanted and gnuplot is not there */
    bool plot_failed;
};

/* The end of a word that stands behind a number: "1 slice", "2 slices". */
static inline const char *plural(size_t n)
{
    return n == 1 ? "" : "s";
}

/* Was the run cut short, out of time or killed? The manifest's word. */
const char *report_state(const struct report *report);

/* Did the experiment leave a row? */
bool report_has(const struct report *report,
                const struct experiment *experiment);

/* A text of the manifest, by its path: "machine", "cpu"; "?" if absent. */
const char *report_text(const struct report *report, const char *group,
                        const char *name);

/* One of an experiment's plots; nothing where nothing was measured. */
void report_plot(struct report *report, const struct experiment *experiment,
                 const struct plot_about *about);

/* Draws a plot and puts it into the document. */
void report_draw(struct report *report, const struct plot *plot);

/*
 * The calls of each model by name, as curves for PLOT_STACKED: the most
 * frequent ones first; who is rare in every model is left out.
 *
 * curves   CURVES of them, all zero
 * Returns  how many
 */
size_t report_calls(const struct report *report, struct curve *curves);

/* --- the parts, in the order of the page --------------------------- */

void report_opening(struct report *report);
void report_verdicts(struct report *report);
void report_experiment(struct report *report,
                       const struct experiment *experiment);
void report_gates(struct report *report);
void report_manifest(struct report *report);

#endif
