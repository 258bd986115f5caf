/*
 * A document in blocks, written as HTML, Markdown or plain text. What a
 * report says is put together once; how it looks is up to the three
 * writers.
 */
#ifndef BENCH_PAGE_DOC_H
#define BENCH_PAGE_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum block_kind {
    BLOCK_TITLE,   /* of the whole, once */
    BLOCK_HEADING, /* of a section */
    BLOCK_TEXT,    /* a paragraph */
    BLOCK_WARNING, /* a paragraph that must not be missed */
    BLOCK_CODE,    /* as it is */
    BLOCK_PLOT,    /* text says what it shows, name which file */
    BLOCK_TABLE,   /* text is its caption */
};

struct block {
    enum block_kind kind;
    bool folded;    /* HTML: closed until asked for */
    char *text;     /* owned */
    char *name;     /* of a plot: plots/NAME.svg, .png, .txt; owned */
    size_t columns; /* of a table, */
    size_t keys;    /* and how many of the first say what a line is about */
    char **cells;   /* row after row, the first one is the header; owned */
    size_t ncells;
};

struct doc {
    struct block *blocks; /* owned; doc_free() */
    size_t n;
    bool failed; /* memory ran out: something is missing */
};

/* Adds a block with a formatted text. */
void doc_add(struct doc *doc, enum block_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void doc_plot(struct doc *doc, const char *name, const char *text);

/* Begins a table; its cells follow, the header's first. */
void doc_table(struct doc *doc, size_t columns, size_t keys, bool folded,
               const char *caption);
void doc_cell(struct doc *doc, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Takes the columns away in which nothing stands below the header. */
void doc_drop_empty_columns(struct doc *doc);

void doc_free(struct doc *doc);

/*
 * The writers. dir is the run's directory, where plots/ is; a plot that is
 * not there is left out, and said so.
 */
void doc_write_html(const struct doc *doc, const char *dir, FILE *file);
void doc_write_markdown(const struct doc *doc, const char *dir, FILE *file);
void doc_write_text(const struct doc *doc, const char *dir, FILE *file);

/*
 * A file of a plot: DIR/plots/NAME.ENDING.
 *
 * Returns  its whole text, to be freed; NULL when it is not there or empty.
 */
char *doc_read_plot(const char *dir, const char *name, const char *ending);

#endif
