#include "bench/record/row.h"

#include "bench/record/csv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXTS = 6, FIELDS = TEXTS + ROW_VALUES };

static const struct {
    const char *name, *meaning;
    size_t offset, size;
} texts[TEXTS] = {
#define TEXT(field, meaning)                          \
    {                                                 \
#field, meaning, offsetof(struct row, field), \
            sizeof(((struct row *)0)->field)          \
    }
    TEXT(experiment, "which question"),
    TEXT(model, "the server, by its path in the tree"),
    TEXT(variant, "a second setting, where an experiment has one"),
    TEXT(placement, "pinned: server and generator have a core each; free: "
                    "the kernel places them"),
    TEXT(outcome, "ok; failed: nothing was measured; spoilt: measured, but "
                  "its block does not count"),
    TEXT(note, "why, in words"),
#undef TEXT
};

static const struct {
    const char *name, *unit, *meaning;
} columns[ROW_VALUES] = {
    [ROW_X] = {"x", "", "place on the experiment's x axis"},
    [ROW_BLOCK] = {"block", "",
                   "1, 2 ... at this x: turns that are compared; 0: a "
                   "turn on its own"},
    [ROW_PLACE] = {"place", "", "1 to 2K in the block: A B C C B A"},
    [ROW_TURN] = {"turn", "", "1, 2 ...: order in the whole run"},
    [ROW_GROUP] = {"group", "",
                   "1, 2 ...: servers in one block are a group; groups "
                   "have a reference in common"},
    [ROW_START_S] = {"start_s", "s", "since the run began"},
    [ROW_WINDOW_S] = {"window_s", "s", "length of the timed window"},
    [ROW_SETUP_MS] = {"setup_ms", "ms", "until all clients were connected"},
    [ROW_CLIENTS] = {"clients", "", "active connections"},
    [ROW_SERVED] = {"served", "",
                    "of them, how many got one echo before the first turn "
                    "(held: of all connections)"},
    [ROW_IDLE] = {"idle", "", "connections that say nothing"},
    [ROW_BYTES] = {"bytes", "B", "size of a message"},
    [ROW_OFFERED] = {"offered_per_s", "1/s",
                     "planned rate; open loop only"},
    [ROW_ECHOES] = {"echoes", "", "whole, verified echoes in the window"},
    [ROW_ALL_ECHOES] = {"all_echoes", "",
                        "echoes of the whole turn, which the CPU time is "
                        "spent on; traced: of the server's life"},
    [ROW_CONNECTIONS] =
        {"connections", "",
         "connections that were made and "
         "echoed once; only where each message has its own"},
    [ROW_UNANSWERED] = {"unanswered", "",
                        "messages planned in the window "
                        "that never came back; open loop only"},
    [ROW_IDLE_LOST] = {"idle_lost", "",
                       "idle connections that were not "
                       "made or were closed by the server"},
    [ROW_REFUSED] = {"refused", "", "connections refused"},
    [ROW_RESET] = {"reset", "", "connections reset"},
    [ROW_TIMED_OUT] = {"timed_out", "", "clients that gave up waiting"},
    [ROW_SHORT] = {"short", "", "echoes that ended early"},
    [ROW_WRONG] = {"wrong", "", "echoes with a wrong byte"},
    [ROW_OTHER_ERRORS] = {"other_errors", "", "any other error"},
    [ROW_MEAN_US] = {"mean_us", "us", "mean latency of an echo"},
    [ROW_P50_US] = {"p50_us", "us", "median latency"},
    [ROW_P90_US] = {"p90_us", "us", "90 % were at most this"},
    [ROW_P99_US] = {"p99_us", "us", "99 % were at most this"},
    [ROW_P999_US] = {"p999_us", "us", "99.9 % were at most this"},
    [ROW_MAX_US] = {"max_us", "us", "the slowest echo"},
    [ROW_LONGEST_WAIT_US] = {"longest_wait_us", "us",
                             "longest time any "
                             "client waited, answered or not"},
    [ROW_HOSE_MIN] = {"hose_min", "B", "bytes of the hose that got least"},
    [ROW_HOSE_MAX] = {"hose_max", "B", "bytes of the hose that got most"},
    [ROW_SERVER_CPU_US] = {"server_cpu_us", "us",
                           "CPU time of the server's process tree, for "
                           "all_echoes"},
    [ROW_GENERATOR_CPU_US] = {"generator_cpu_us", "us",
                              "CPU time of the load generator, likewise"},
    [ROW_VOLUNTARY] = {"switches_voluntary", "",
                       "the server's context "
                       "switches: it waited"},
    [ROW_INVOLUNTARY] = {"switches_involuntary", "", "it was interrupted"},
    [ROW_CALLS] = {"calls", "",
                   "system calls in the server's life, where "
                   "it was traced; by name in raw/calls.csv"},
    [ROW_TASKS] = {"tasks", "", "processes and threads of the server"},
    [ROW_PSS_KIB] = {"pss_kib", "KiB",
                     "memory of the server's tree, shared "
                     "pages counted once"},
    [ROW_HELD] = {"held", "",
                  "connections that were held at once: each echoed at the "
                  "start and at the end"},
    [ROW_KERNEL_KIB] = {"kernel_kib", "KiB",
                        "what the kernel took while they came: slabs, page "
                        "tables, stacks, for both ends and for the server"},
    [ROW_RUN_DELAY_US] = {"run_delay_us", "us",
                          "how long server and generator were ready to "
                          "run while others ran"},
    [ROW_STOPPED] = {"stopped", "",
                     "1: the server is held by SIGSTOP outside of its "
                     "turns, as it is not silent by itself"},
};

static char *text_of(struct row *row, int i)
{
    return (char *)row + texts[i].offset;
}

void row_clear(struct row *row)
{
    memset(row, 0, sizeof(*row));
    for (int i = 0; i < ROW_VALUES; i++)
        row->value[i] = NAN;
}

void row_write_header(FILE *file)
{
    for (int i = 0; i < TEXTS; i++)
        csv_write(file, texts[i].name, i == 0);
    for (int i = 0; i < ROW_VALUES; i++)
        csv_write(file, columns[i].name, 0);
    fputc('\n', file);
}

void row_write(FILE *file, const struct row *row)
{
    char number[32];

    for (int i = 0; i < TEXTS; i++)
        csv_write(file, (const char *)row + texts[i].offset, i == 0);
    for (int i = 0; i < ROW_VALUES; i++) {
        snprintf(number, sizeof(number), "%.10g", row->value[i]);
        csv_write(file, isnan(row->value[i]) ? "" : number, 0);
    }
    fputc('\n', file);
}

void row_document(FILE *file)
{
    fputs("| column | unit | what it is |\n|---|---|---|\n", file);
    for (int i = 0; i < TEXTS; i++)
        fprintf(file, "| %s | text | %s |\n", texts[i].name,
                texts[i].meaning);
    for (int i = 0; i < ROW_VALUES; i++)
        fprintf(file, "| %s | %s | %s |\n", columns[i].name,
                columns[i].unit, columns[i].meaning);
}

/* Returns NULL, or what is wrong with the field. */
static const char *read_field(struct row *row, int i, const char *field)
{
    char *end;

    if (i < TEXTS) {
        if (strlen(field) >= texts[i].size)
            return "is too long";
        memcpy(text_of(row, i), field, strlen(field) + 1);
        return NULL;
    }
    if (*field == '\0')
        return NULL;
    row->value[i - TEXTS] = strtod(field, &end);
    return *end == '\0' ? NULL : "is no number";
}

static const char *name_of(int i)
{
    return i < TEXTS ? texts[i].name : columns[i - TEXTS].name;
}

/* Which column each field of a file is: an older file has fewer. */
struct layout {
    int columns[FIELDS];
    int n;
};

/* Returns 0, or -1 with a sentence that wants file and line before it. */
static int read_header(struct layout *layout, char *line, char *error,
                       size_t size)
{
    char *fields[FIELDS];

    layout->n = csv_split(line, fields, FIELDS);
    if (layout->n == -1) {
        snprintf(error, size, "more than %d columns, or a quote is open",
                 (int)FIELDS);
        return -1;
    }
    for (int i = 0; i < layout->n; i++) {
        int k = 0;
        while (k < FIELDS && strcmp(fields[i], name_of(k)) != 0)
            k++;
        if (k == FIELDS) {
            snprintf(error, size, "`%.40s` is no column known here",
                     fields[i]);
            return -1;
        }
        layout->columns[i] = k;
    }
    return 0;
}

/* Likewise. */
static int read_row(const struct layout *layout, struct row *row,
                    char *line, char *error, size_t size)
{
    char *fields[FIELDS];
    int n = csv_split(line, fields, FIELDS);

    row_clear(row);
    if (n != layout->n) {
        snprintf(error, size, "not %d fields, as in the first line",
                 layout->n);
        return -1;
    }
    for (int i = 0; i < n; i++) {
        int column = layout->columns[i];
        const char *wrong = read_field(row, column, fields[i]);
        if (wrong != NULL) {
            snprintf(error, size, "%s: `%.40s` %s", name_of(column),
                     fields[i], wrong);
            return -1;
        }
    }
    return 0;
}

int rows_add(struct rows *rows, const struct row *row)
{
    if ((rows->n & (rows->n - 1)) == 0) { /* full at each power of two */
        size_t room = rows->n == 0 ? 1 : rows->n * 2;
        struct row *more = realloc(rows->all, room * sizeof(*row));
        if (more == NULL)
            return -1;
        rows->all = more;
    }
    rows->all[rows->n++] = *row;
    return 0;
}

static int read_lines(struct rows *rows, FILE *file, const char *path,
                      char *error, size_t size)
{
    struct row row = {0};
    struct layout layout;
    char what[160];
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    int result = 0;

    for (long number = 1; (n = getline(&line, &room, file)) > 0; number++) {
        if (line[n - 1] != '\n') {
            rows->cut++;
            break;
        }
        line[n - 1] = '\0';
        result = number == 1
                     ? read_header(&layout, line, what, sizeof(what))
                     : read_row(&layout, &row, line, what, sizeof(what));
        if (result == -1) {
            snprintf(error, size, "%s, line %ld: %s", path, number, what);
            break;
        }
        if (number > 1 && rows_add(rows, &row) == -1) {
            snprintf(error, size, "%s: no memory", path);
            result = -1;
            break;
        }
    }
    free(line);
    return result;
}

int rows_read(struct rows *rows, const char *path, char *error, size_t size)
{
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        return -1;
    }
    int result = read_lines(rows, file, path, error, size);
    fclose(file);
    return result;
}

void rows_free(struct rows *rows)
{
    free(rows->all);
    *rows = (struct rows){0};
}
