#include "bench/page/report.h"

#include <string.h>

/* "kernel: 6.1", a line each. */
static void add_facts(struct report *report, const char *group,
                      const char *caption)
{
    json_t *object = json_object_get(report->manifest, group);
    struct md *md = &report->md;
    const char *key;
    json_t *value;

    md_heading(md, 3, "%s", caption);
    md_table(md, 2);
    md_cell(md, "%s", group);
    md_cell(md, "%s", "");
    json_object_foreach(object, key, value)
    {
        if (json_is_string(value) && json_string_length(value) == 0)
            continue; /* a file that this kernel does not have */
        md_cell(md, "%s", key);
        if (json_is_string(value))
            md_cell(md, "%s", json_string_value(value));
        else if (json_is_number(value))
            md_cell(md, "%.10g", json_number_value(value));
        else
            md_cell(md, json_is_true(value) ? "yes" : "no");
    }
    md_end_table(md);
}

/* Of a line of /proc/loadavg: how long its three averages are. */
static int averages(const char *line)
{
    size_t n = 0;

    for (int i = 0; i < 3 && line[n] != '\0'; i++)
        n += strcspn(line + n, " ") + (i < 2 && strchr(line + n, ' '));
    return (int)n;
}

void report_about(struct report *report)
{
    struct md *md = &report->md;
    json_t *run = json_object_get(report->manifest, "run");

    const char *command = report_text(report, "run", "command");
    const char *before = report_text(report, NULL, "load_before");
    const char *after = report_text(report, NULL, "load_after");

    md_heading(md, 2, "How it was made");
    if (strstr(command, "--seed") != NULL)
        md_code(md, "%s", command);
    else
        md_code(md, "%s --seed %lld", command,
                json_integer_value(json_object_get(run, "seed")));
    md_say(md,
           "The command that measures this again (the "
           "seed gives the same order). The raw rows are in raw/, one for "
           "each turn; docs/method.md says what every column means. Load "
           "before: %.*s; after: %.*s.",
           averages(before), before, averages(after), after);
    add_facts(report, "machine", "The machine");
    add_facts(report, "limits", "Its limits");
    add_facts(report, "sources", "The sources");
    add_facts(report, "ending", "How it ended");
}
