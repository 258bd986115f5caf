/*
 * The report of a run, put together from its raw files: what its parts
 * share.
 */
#ifndef BENCH_PAGE_REPORT_H
#define BENCH_PAGE_REPORT_H

#include "bench/page/md.h"
#include "bench/page/plot.h"
#include "bench/record/calls.h"
#include "bench/record/experiment.h"
#include "bench/record/judge.h"
#include "bench/record/manifest.h"
#include "bench/record/reading.h"
#include "bench/record/row.h"
#include "bench/record/tail.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct report {
    const char *dir;
    json_t *manifest;
    struct rows rows;
    struct manifest_model models[MANIFEST_MODELS];
    size_t nmodels;
    struct calls calls;   /* raw/calls.csv, if there is one */
    struct table *tables; /* every figure compared at every point; owned */
    size_t ntables;
    struct md md;
    bool no_gnuplot; /* a plot was wanted and gnuplot is not there */
    bool failed;     /* something is missing, as stderr says */
};

enum { PHRASE = 96, CELL = 64 };

/* The end of a word that stands behind a number: "1 turn", "2 turns". */
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

/* Makes report->tables. */
void report_judge(struct report *report);

/* x as an axis shows it: "50", "10k", "64 KiB". */
void report_x(const struct experiment *experiment, double x,
              char text[CELL]);

/* "with 50 clients": where a table's figures are from. */
void report_phrase(const struct table *table, char text[PHRASE]);

/* "1.39 (1.32 to 1.47)": a model against another, in a cell. A sign before
 * it, or the reason alone, where that is no rank; "" where nothing is
 * known. */
void report_ratio(const struct report *report, const struct table *table,
                  const char *model, const char *against, char text[CELL]);

/* The table that opens the page, of the first figure or the second of its
 * experiment; NULL: nothing was compared, or no second figure is. */
const struct table *report_headline(const struct report *report,
                                    size_t figure);

/* One of an experiment's plots; nothing where nothing was measured. */
void report_plot(struct report *report, const struct experiment *experiment,
                 const struct plot_about *about);

/* All models against the reference: the page's first plot. */
void report_forest(struct report *report);

/* The calls of each model by name, as layers for PLOT_STACKED: the most
 * frequent ones first; one that is rare in every model is left out. */
void report_calls(const struct report *report, struct plot *plot);

/* verdicts.csv, a row a pair, and results.json. Returns 0, or -1. */
int report_results(const struct report *report);

/* --- the parts, in the order of the page --------------------------- */

void report_opening(struct report *report);
void report_experiment(struct report *report,
                       const struct experiment *experiment);
void report_compared(struct report *report,
                     const struct experiment *experiment);
void report_about(struct report *report);

#endif
