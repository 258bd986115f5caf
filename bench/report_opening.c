#include "bench/report.h"

#include <math.h>
#include <string.h>

static void add_state(struct report *report)
{
    const char *state = report_state(report);
    json_t *ending = json_object_get(report->manifest, "ending");
    long planned = (long)json_integer_value(
        json_object_get(ending, "planned"));
    struct doc *doc = &report->doc;

    if (strcmp(state, "cut short") == 0)
        doc_add(doc, BLOCK_WARNING,
                "Cut short: this run was interrupted. "
                "It holds %zu slices of %ld.",
                report->rows.n, planned);
    else if (strcmp(state, "killed") == 0)
        doc_add(doc, BLOCK_WARNING,
                "Cut short: this run was killed, or it "
                "still goes on. It holds %zu slices so far.",
                report->rows.n);
    else if (strcmp(state, "failed") == 0)
        doc_add(doc, BLOCK_WARNING,
                "This run failed after %zu slices of "
                "%ld.",
                report->rows.n, planned);
    if (report->rows.cut > 0)
        doc_add(doc, BLOCK_WARNING,
                "%zu rows were written half when the "
                "run ended; they are left out.",
                report->rows.cut);
    if (report->rows.n == 0)
        doc_add(doc, BLOCK_WARNING, "Nothing was measured.");
}

static void add_repeats(struct report *report)
{
    size_t repeated = 0;
    size_t failed = 0;
    double low = INFINITY;
    double high = 0;

    for (size_t i = 0; i < report->rows.n; i++) {
        const struct row *row = &report->rows.all[i];
        repeated += strcmp(row->outcome, ROW_REPEATED) == 0;
        failed += strcmp(row->outcome, ROW_FAILED) == 0;
        low = fmin(low, row->value[ROW_FLOOR_US]);
        high = fmax(high, row->value[ROW_FLOOR_US]);
    }
    doc_add(&report->doc, BLOCK_TEXT,
            "%zu slices, %zu of them disturbed "
            "and done again, %zu in which nothing could be measured. The "
            "floor, what one thread alone needs for a round trip over "
            "loopback, was between %.2f and %.2f us.",
            report->rows.n, repeated, failed, low, high);
}

void report_opening(struct report *report)
{
    struct doc *doc = &report->doc;

    doc_add(doc, BLOCK_TITLE, "Concurrency models, measured");
    add_state(report);
    doc_add(doc, BLOCK_TEXT,
            "%s on %s, %lld cores, Linux %s. Every server "
            "echoes bytes over loopback, and every byte is checked.",
            report_text(report, NULL, "date"),
            report_text(report, "machine", "cpu"),
            json_integer_value(json_object_get(
                json_object_get(report->manifest, "machine"), "cores")),
            report_text(report, "machine", "kernel"));
    if (report->rows.n > 0)
        add_repeats(report);
}
