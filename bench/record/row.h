/*
 * The schema of a run: one struct row is one turn, a line of
 * raw/EXPERIMENT.csv. The columns, their units and what they mean stand in
 * one table in row.c, which writing, reading and the documentation share.
 */
#ifndef BENCH_RECORD_ROW_H
#define BENCH_RECORD_ROW_H

#include <stddef.h>
#include <stdio.h>

/* What became of a turn. */
#define ROW_OK "ok"         /* measured */
#define ROW_FAILED "failed" /* nothing was measured; note says why */
#define ROW_SPOILT "spoilt" /* measured, but its block does not count */

enum row_value {
    ROW_X,
    ROW_BLOCK,
    ROW_PLACE,
    ROW_TURN,
    ROW_GROUP,
    ROW_START_S,
    ROW_WINDOW_S,
    ROW_SETUP_MS,
    ROW_CLIENTS,
    ROW_SERVED,
    ROW_IDLE,
    ROW_BYTES,
    ROW_OFFERED,
    ROW_ECHOES,
    ROW_ALL_ECHOES,
    ROW_CONNECTIONS,
    ROW_UNANSWERED,
    ROW_IDLE_LOST,
    ROW_REFUSED,
    ROW_RESET,
    ROW_TIMED_OUT,
    ROW_SHORT,
    ROW_WRONG,
    ROW_OTHER_ERRORS,
    ROW_MEAN_US,
    ROW_P50_US,
    ROW_P90_US,
    ROW_P99_US,
    ROW_P999_US,
    ROW_MAX_US,
    ROW_LONGEST_WAIT_US,
    ROW_HOSE_MIN,
    ROW_HOSE_MAX,
    ROW_SERVER_CPU_US,
    ROW_GENERATOR_CPU_US,
    ROW_VOLUNTARY,
    ROW_INVOLUNTARY,
    ROW_CALLS,
    ROW_TASKS,
    ROW_PSS_KIB,
    ROW_HELD,
    ROW_KERNEL_KIB,
    ROW_RUN_DELAY_US,
    ROW_STOPPED,
    ROW_VALUES
};

enum { ROW_NAME = 64, ROW_NOTE = 240 };

struct row {
    char experiment[ROW_NAME];
    char model[ROW_NAME];
    char variant[ROW_NAME];   /* a second setting: "cpu", "sleep"; or "" */
    char placement[ROW_NAME]; /* "pinned" or "free" */
    char outcome[ROW_NAME];   /* ROW_OK ... */
    char note[ROW_NOTE];
    double value[ROW_VALUES]; /* NaN: not measured; an empty field */
};

struct rows {
    struct row *all; /* owned; free by rows_free() */
    size_t n;
    size_t cut; /* lines that a killed run left half written, not read */
};

/* Sets all values to NaN and all texts to "". */
void row_clear(struct row *row);

/* The header line and one row; errors show in ferror(). */
void row_write_header(FILE *file);
void row_write(FILE *file, const struct row *row);

/* A Markdown table of the columns: name, unit, meaning. */
void row_document(FILE *file);

/*
 * Adds the rows of one file, whatever order its columns have; what an older
 * file does not have is not measured. A last line without its end is what a
 * killed run was writing: it is counted in rows->cut and left out.
 *
 * error    receives a sentence with file and line; size bytes
 * Returns  0, or -1: unreadable, or not such a file.
 */
int rows_read(struct rows *rows, const char *path, char *error,
              size_t size);
/* Adds a copy of a row. Returns 0, or -1 when there is no memory. */
int rows_add(struct rows *rows, const struct row *row);

void rows_free(struct rows *rows);

#endif
