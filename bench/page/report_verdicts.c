#include "bench/page/report.h"
#include "bench/record/csv.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fixed, so that a report made again says the same. */
static const uint64_t bootstrap_seed = 20;

/* One question put to all models. */
struct asking {
    struct report *report;
    const struct judged *judged;
    struct spot spot;
    struct blocks blocks;
    FILE *file;   /* verdicts.csv, the same for programs; or NULL */
    bool begun;   /* the first table is open, the others are folded */
    bool against; /* each model is compared with its own other version */
};

static bool is_against(const struct report *report)
{
    for (size_t i = 1; i < report->nmodels; i++)
        if (strcmp(report->models[i].reference,
                   report->models[0].reference) != 0)
            return true;
    return report->nmodels == 2 &&
           strchr(report->models[0].reference, '@') != NULL;
}

static const char *word_of(const struct asking *asking,
                           const struct verdict *verdict)
{
    const struct metric_about *about = metric_about(asking->judged->metric);

    switch (verdict->word) {
    case VERDICT_BETTER:
        return about->win;
    case VERDICT_WORSE:
        return about->lose;
    case VERDICT_SAME:
        return asking->against ? "no change" : "not distinguished";
    case VERDICT_UNRANKED:
        break;
    }
    return "unranked: too few pairs";
}

static void add_line(const struct asking *asking, const char *reference,
                     const struct verdict *verdict, const char *word)
{
    struct doc *doc = &asking->report->doc;
    const char *model = asking->spot.model;

    doc_cell(doc, "%s", model);
    doc_cell(doc, "%s", word);
    if (verdict->quads == 0)
        doc_cell(doc, "-");
    else
        doc_cell(doc, "%.3f", verdict->ratio);
    if (verdict->quads < VERDICT_QUADS_MIN)
        doc_cell(doc, "-");
    else
        doc_cell(doc, "%.3f to %.3f", verdict->low, verdict->high);
    doc_cell(doc, "%zu", verdict->quads);
    if (asking->file == NULL)
        return;
    csv_write(asking->file, asking->spot.experiment, 1);
    csv_write(asking->file, metric_about(asking->judged->metric)->label, 0);
    csv_write(asking->file, asking->judged->phrase, 0);
    csv_write(asking->file, model, 0);
    csv_write(asking->file, reference, 0);
    fprintf(asking->file, ",%.6g,%.6g,%.6g,%zu,%.6g", verdict->ratio,
            verdict->low, verdict->high, verdict->quads, verdict->error);
    csv_write(asking->file, word, 0);
    fputc('\n', asking->file);
}

/* The reference against itself: the run's own A/A error. */
static struct verdict judge_itself(struct asking *asking,
                                   const char *reference)
{
    struct blocks *blocks = &asking->blocks;
    struct spot spot = asking->spot;

    spot.model = reference;
    reading_blocks(&asking->report->rows, &spot, reference,
                   asking->judged->metric, blocks);
    double error = verdict_error(blocks->quads, blocks->n, bootstrap_seed);
    return verdict_of(blocks->quads, blocks->n, 1, error, bootstrap_seed);
}

static void add_reference(struct asking *asking, const char *reference)
{
    struct verdict verdict = judge_itself(asking, reference);
    char word[96];

    if (verdict.quads < VERDICT_QUADS_MIN)
        snprintf(word, sizeof(word),
                 "reference; against itself: error unknown");
    else
        snprintf(word, sizeof(word),
                 "reference; against itself within "
                 "%.1f %%",
                 verdict.error * 100);
    add_line(asking, reference, &verdict, word);
}

/* A model's line, also when nothing of it was measured. */
static void add_model(struct asking *asking, const char *reference)
{
    const enum metric metric = asking->judged->metric;
    struct blocks *blocks = &asking->blocks;
    const struct rows *rows = &asking->report->rows;
    double error = judge_itself(asking, reference).error;
    char word[160];

    reading_blocks(rows, &asking->spot, reference, metric, blocks);
    /* Where a gate was closed in most of them, none counts. */
    bool gated = blocks->gated > blocks->n;
    struct verdict verdict = verdict_of(
        blocks->quads, gated ? 0 : blocks->n, metric_about(metric)->better,
        error, bootstrap_seed);
    bool told = verdict.word == VERDICT_BETTER ||
                verdict.word == VERDICT_WORSE;
    if (gated) {
        snprintf(word, sizeof(word), "unranked: %s", blocks->reason);
    } else if (blocks->n == 0) {
        struct health health = reading_health(rows, &asking->spot, metric);
        if (health.failed > 0)
            snprintf(word, sizeof(word), "failed: %.140s", health.note);
        else
            snprintf(word, sizeof(word), "unranked: %s",
                     health.slices > 0 ? "too few pairs" : "not measured");
    } else {
        snprintf(word, sizeof(word), "%s%s", word_of(asking, &verdict),
                 told && blocks->at_least > 0
                     ? ", at least so much (generator-bound)"
                     : "");
    }
    add_line(asking, reference, &verdict, word);
}

static void add_question(struct asking *asking)
{
    const struct report *report = asking->report;
    const struct metric_about *about = metric_about(asking->judged->metric);
    struct doc *doc = &asking->report->doc;
    char caption[200];

    snprintf(caption, sizeof(caption), "%c%s, %s: compared with %s",
             about->label[0] - ('a' - 'A'), about->label + 1,
             asking->judged->phrase,
             asking->against ? "the other version"
                             : report->models[0].reference);
    doc_table(doc, 5, 1, asking->begun, caption);
    asking->begun = true;
    doc_cell(doc, "model");
    doc_cell(doc, "verdict"); /* a narrow screen shows two columns */
    doc_cell(doc, "ratio");
    doc_cell(doc, "95 %% interval");
    doc_cell(doc, "pairs");
    for (size_t m = 0; m < report->nmodels; m++) {
        const char *reference = report->models[m].reference;
        asking->spot.model = report->models[m].name;
        if (strcmp(asking->spot.model, reference) == 0)
            add_reference(asking, reference);
        else
            add_model(asking, reference);
    }
}

static bool was_paired(const struct asking *asking)
{
    const struct rows *rows = &asking->report->rows;
    struct spot spot = asking->spot;

    spot.model = NULL;
    for (size_t i = 0; i < rows->n; i++)
        if (rows->all[i].value[ROW_PAIR] > 0 &&
            spot_holds(&spot, &rows->all[i]))
            return true;
    return false;
}

static void ask_all(struct asking *asking)
{
    for (size_t i = 0; i < nexperiments; i++)
        for (size_t k = 0; k < JUDGED && experiments[i]->judged[k].phrase;
             k++) {
            asking->judged = &experiments[i]->judged[k];
            asking->spot = (struct spot){
                .experiment = experiments[i]->name,
                .variant = asking->judged->variant,
                .x = asking->judged->x,
            };
            if (!was_paired(asking))
                continue;
            if (!asking->begun)
                doc_add(&asking->report->doc, BLOCK_HEADING, "Verdicts");
            add_question(asking);
        }
    if (asking->begun)
        doc_add(&asking->report->doc, BLOCK_TEXT,
                "A ratio is the median "
                "over blocks of four slices, reference, model, model, "
                "reference, taken within seconds; the interval is a "
                "bootstrap over the blocks. Where it holds 1, or where the "
                "difference is under the reference's error against itself, "
                "the two are not told apart, and that is no rank. Ratios "
                "compare; absolute figures drift with the machine.");
}

void report_verdicts(struct report *report)
{
    struct asking asking = {
        .report = report,
        .blocks = {.quads = calloc(report->rows.n + 1,
                                   sizeof(struct quad))},
        .against = is_against(report),
    };
    char path[1024];

    snprintf(path, sizeof(path), "%s/verdicts.csv", report->dir);
    asking.file = fopen(path, "we");
    if (asking.file == NULL)
        fprintf(stderr, "bench/report: %s: %s\n", path, strerror(errno));
    else
        fputs("experiment,figure,at,model,reference,ratio,low,high,pairs,"
              "error,verdict\n",
              asking.file);
    if (asking.blocks.quads != NULL)
        ask_all(&asking);
    if (asking.file != NULL && fclose(asking.file) != 0)
        fprintf(stderr, "bench/report: %s: %s\n", path, strerror(errno));
    free(asking.blocks.quads);
}
