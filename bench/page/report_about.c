#include "bench/page/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The extremes of what the gates look at, over an experiment's slices. */
struct extremes {
    size_t slices, repeated, failed, bound;
    double little_low, little_high, wire, others, steal, errors;
};

static void note(struct extremes *extremes, const struct row *row)
{
    double little = metric_little(row);

    if (strcmp(row->outcome, ROW_OK) != 0) {
        extremes->repeated += strcmp(row->outcome, ROW_REPEATED) == 0;
        extremes->failed += strcmp(row->outcome, ROW_FAILED) == 0;
        return;
    }
    extremes->slices++;
    extremes->little_low = fmin(extremes->little_low, little);
    extremes->little_high = fmax(extremes->little_high, little);
    extremes->wire = fmax(extremes->wire, metric_wire(row));
    extremes->others = fmax(extremes->others, row->value[ROW_OTHERS_SHARE]);
    extremes->steal = fmax(extremes->steal, row->value[ROW_STEAL_SHARE]);
    extremes->errors += metric_errors(row);
    extremes->bound += metric_generator_bound(row);
}

/* NaN: no slice has it. */
static void add_share(struct doc *doc, double share)
{
    if (isnan(share))
        doc_cell(doc, "-");
    else
        doc_cell(doc, "%.0f %%", share * 100);
}

static void add_gates(struct report *report,
                      const struct experiment *experiment)
{
    struct extremes of = {.little_low = NAN,
                          .little_high = NAN,
                          .wire = NAN,
                          .others = NAN,
                          .steal = NAN};
    struct doc *doc = &report->doc;

    for (size_t i = 0; i < report->rows.n; i++)
        if (strcmp(report->rows.all[i].experiment, experiment->name) == 0)
            note(&of, &report->rows.all[i]);
    doc_cell(doc, "%s", experiment->name);
    doc_cell(doc, "%zu", of.slices);
    doc_cell(doc, "%zu", of.repeated);
    doc_cell(doc, "%zu", of.failed);
    doc_cell(doc, "%.0f", of.errors);
    doc_cell(doc, "%zu", of.bound);
    if (isnan(of.little_low))
        doc_cell(doc, "-");
    else
        doc_cell(doc, "%.2f - %.2f", of.little_low, of.little_high);
    doc_cell(doc, isnan(of.wire) ? "-" : "%.2f", of.wire);
    add_share(doc, of.others);
    add_share(doc, of.steal);
}

void report_gates(struct report *report)
{
    static const char *const head[] = {
        "experiment",      "slices", "repeated", "failed", "errors",
        "generator-bound", "Little", "wire",     "others", "steal"};
    struct doc *doc = &report->doc;
    const size_t columns = sizeof(head) / sizeof(head[0]);

    if (report->rows.n == 0)
        return;
    doc_add(doc, BLOCK_HEADING, "Can this be believed?");
    doc_table(doc, columns, 1, false, "");
    for (size_t i = 0; i < columns; i++)
        doc_cell(doc, "%s", head[i]);
    for (size_t i = 0; i < nexperiments; i++)
        if (report_has(report, experiments[i]))
            add_gates(report, experiments[i]);
    doc_add(doc, BLOCK_TEXT,
            "Little: clients / (rate x mean latency) of "
            "the closed loops in which everybody was served; from 0.95 to "
            "1.05 the gate is open. Wire: bytes echoed, both ways, over "
            "bytes that the kernel counted on the loopback device; above 1 "
            "a rate would be false. Generator-bound: slices in which the "
            "generator had no time left and the server had; their rates "
            "are not ranked. Others, steal: the most that other programs "
            "and the host took in a slice that counted. A dash: not "
            "measured there.");
}

/* "kernel: 6.1", a line each. */
static void add_facts(struct report *report, const char *group,
                      const char *caption)
{
    json_t *object = json_object_get(report->manifest, group);
    struct doc *doc = &report->doc;
    const char *key;
    json_t *value;

    doc_table(doc, 2, 1, true, caption);
    doc_cell(doc, "%s", group);
    doc_cell(doc, "%s", "");
    json_object_foreach(object, key, value)
    {
        if (json_is_string(value) && json_string_length(value) == 0)
            continue; /* a file that this kernel does not have */
        doc_cell(doc, "%s", key);
        if (json_is_string(value))
            doc_cell(doc, "%s", json_string_value(value));
        else if (json_is_number(value))
            doc_cell(doc, "%.10g", json_number_value(value));
        else
            doc_cell(doc, json_is_true(value) ? "yes" : "no");
    }
}

/* Of a line of /proc/loadavg: how long its three averages are. */
static int averages(const char *line)
{
    size_t n = 0;

    for (int i = 0; i < 3 && line[n] != '\0'; i++)
        n += strcspn(line + n, " ") + (i < 2 && strchr(line + n, ' '));
    return (int)n;
}

void report_manifest(struct report *report)
{
    struct doc *doc = &report->doc;
    json_t *run = json_object_get(report->manifest, "run");

    const char *command = report_text(report, "run", "command");
    const char *before = report_text(report, NULL, "load_before");
    const char *after = report_text(report, NULL, "load_after");

    doc_add(doc, BLOCK_HEADING, "How it was made");
    if (strstr(command, "--seed") != NULL)
        doc_add(doc, BLOCK_CODE, "%s", command);
    else
        doc_add(doc, BLOCK_CODE, "%s --seed %lld", command,
                json_integer_value(json_object_get(run, "seed")));
    doc_add(doc, BLOCK_TEXT,
            "The command that measures this again (the "
            "seed gives the same order). The raw rows are in raw/, one for "
            "each slice; docs/method.md says what every column means. Load "
            "before: %.*s; after: %.*s.",
            averages(before), before, averages(after), after);
    add_facts(report, "machine", "The machine");
    add_facts(report, "limits", "Its limits");
    add_facts(report, "sources", "The sources");
    add_facts(report, "ending", "How it ended");
}
