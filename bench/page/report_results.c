/* The verdicts for programs: verdicts.csv and results.json. */
#include "bench/page/report.h"
#include "bench/record/csv.h"
#include "bench/record/file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char schema[] = "echo-bench-results/1";

/* A figure as JSON has it; null where there is none. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *estimate_of(const struct estimate *estimate)
{
    return json_pack("{s:o, s:o, s:o, s:I, s:b}", "ratio",
                     number(estimate->ratio), "low", number(estimate->low),
                     "high", number(estimate->high), "blocks",
                     (json_int_t)estimate->blocks, "batched",
                     estimate->batched);
}

static json_t *pair_of(const struct table *table, const struct pair *pair)
{
    json_t *object = estimate_of(&pair->all);

    json_object_set_new(object, "model",
                        json_string(table->models[pair->model]));
    json_object_set_new(object, "against",
                        json_string(table->models[pair->against]));
    json_object_set_new(object, "verdict",
                        json_string(judge_word(table, pair)));
    json_object_set_new(object, "reason", json_string(pair->reason));
    json_object_set_new(object, "at_least", json_boolean(pair->at_least));
    json_object_set_new(object, "undisturbed", estimate_of(&pair->quiet));
    return object;
}

static json_t *server_of(const struct report *report,
                         const struct table *table, size_t model)
{
    struct spot spot = table->spot;

    spot.model = table->models[model];
    struct summary figure = reading_figure(&report->rows, &spot,
                                           table->metric);
    struct limit limit = reading_limit(&report->rows, &spot);
    double generator = reading_figure(&report->rows, &spot,
                                      METRIC_GENERATOR_PER_ECHO_US)
                           .median;
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o}", "model",
        spot.model, "clients",
        number(reading_median(&report->rows, &spot, ROW_CLIENTS)), "served",
        number(reading_median(&report->rows, &spot, ROW_SERVED)), "median",
        number(figure.median), "low", number(figure.low), "high",
        number(figure.high), "turns", (json_int_t)figure.n, "server_busy",
        number(limit.server_busy), "generator_busy",
        number(limit.generator_busy), "generator_us_per_echo",
        number(generator));
}

static json_t *table_of(const struct report *report,
                        const struct table *table)
{
    const struct spot *spot = &table->spot;
    const struct metric_about *about = metric_about(table->metric);
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:f, s:s, s:s, s:s, s:i, s:I, s:I, s:[], s:[]}",
        "experiment", spot->experiment, "metric", about->name, "label",
        about->label, "x", spot->x, "variant", spot->variant, "placement",
        spot->placement, "reference", table->models[0], "together_percent",
        judge_percent(table), "blocks", (json_int_t)table->blocks,
        "disturbed_blocks", (json_int_t)table->disturbed, "servers",
        "pairs");

    for (size_t m = 0; m < table->nmodels; m++)
        json_array_append_new(json_object_get(object, "servers"),
                              server_of(report, table, m));
    for (size_t i = 0; i < table->n; i++)
        json_array_append_new(json_object_get(object, "pairs"),
                              pair_of(table, &table->pairs[i]));
    return object;
}

static int write_json(const struct report *report, const char *path)
{
    json_t *root = json_pack("{s:s, s:s, s:[]}", "schema", schema,
                             "manifest", "manifest.json", "tables");
    int result = -1;

    for (size_t i = 0; i < report->ntables; i++)
        json_array_append_new(json_object_get(root, "tables"),
                              table_of(report, &report->tables[i]));
    char *text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
    if (text != NULL)
        result = file_replace(path, text, strlen(text));
    free(text);
    json_decref(root);
    return result;
}

/* An empty field: there is no figure. */
static void put_number(FILE *file, double value)
{
    if (isfinite(value))
        fprintf(file, ",%.6g", value);
    else
        fputc(',', file);
}

/* The first fields of a line: where, and which pair. */
static void put_keys(FILE *file, const struct table *table,
                     const char *model, const char *against)
{
    csv_write(file, table->spot.experiment, 1);
    csv_write(file, metric_about(table->metric)->name, 0);
    put_number(file, table->spot.x);
    csv_write(file, table->spot.variant, 0);
    csv_write(file, table->spot.placement, 0);
    csv_write(file, model, 0);
    csv_write(file, against, 0);
}

/* A server that was not compared with the others there, and why. */
static void put_absent(FILE *file, const struct report *report,
                       const struct table *table,
                       const struct manifest_model *model)
{
    char why[CELL], verdict[CELL + 16];

    if (judge_find(table, model->name) < table->nmodels)
        return;
    report_ratio(report, table, model->name, model->reference, why);
    if (why[0] == '\0')
        return;
    put_keys(file, table, model->name, model->reference);
    snprintf(verdict, sizeof(verdict), "not ranked: %s", why);
    fputs(",,,,0", file);
    csv_write(file, verdict, 0);
    fputs(",,,,0\n", file);
}

static void put_pair(FILE *file, const struct table *table,
                     const struct pair *pair)
{
    char verdict[160];

    snprintf(verdict, sizeof(verdict), "%s%s%s%s", judge_word(table, pair),
             pair->reason[0] != '\0' ? ": " : "", pair->reason,
             pair->at_least ? ", at least so much" : "");
    put_keys(file, table, table->models[pair->model],
             table->models[pair->against]);
    put_number(file, pair->all.ratio);
    put_number(file, pair->all.low);
    put_number(file, pair->all.high);
    fprintf(file, ",%zu", pair->all.blocks);
    csv_write(file, verdict, 0);
    put_number(file, pair->quiet.ratio);
    put_number(file, pair->quiet.low);
    put_number(file, pair->quiet.high);
    fprintf(file, ",%zu\n", pair->quiet.blocks);
}

static int write_csv(const struct report *report, const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    int result = -1;

    if (file == NULL)
        return -1;
    fputs("experiment,metric,x,variant,placement,model,against,ratio,low,"
          "high,blocks,verdict,undisturbed_ratio,undisturbed_low,"
          "undisturbed_high,undisturbed_blocks\n",
          file);
    for (size_t i = 0; i < report->ntables; i++) {
        for (size_t k = 0; k < report->tables[i].n; k++)
            put_pair(file, &report->tables[i], &report->tables[i].pairs[k]);
        for (size_t m = 0; m < report->nmodels; m++)
            put_absent(file, report, &report->tables[i],
                       &report->models[m]);
    }
    if (fclose(file) == 0)
        result = file_replace(path, text, size);
    free(text);
    return result;
}

int report_results(const struct report *report)
{
    static const struct {
        const char *name;
        int (*write)(const struct report *report, const char *path);
    } files[] = {{"verdicts.csv", write_csv}, {"results.json", write_json}};
    char path[1024];
    int result = 0;

    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s", report->dir, files[i].name);
        if (files[i].write(report, path) == -1) {
            fprintf(stderr, "bench/report: %s: %s\n", path,
                    strerror(errno));
            result = -1;
        }
    }
    return result;
}
