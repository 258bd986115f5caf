/*
 * A report, written once: as Markdown, and as plain text for a terminal.
 * html.h makes the page of the Markdown.
 *
 * All that is formatted here stands for itself: what a server is called or
 * says can be no markup, no link, no line of its own and no command to a
 * terminal (show.h).
 */
#ifndef BENCH_PAGE_MD_H
#define BENCH_PAGE_MD_H

#include <stddef.h>
#include <stdio.h>

struct md {
    FILE *markdown, *terminal; /* the caller's; errors show in ferror() */
    FILE *warnings;            /* receives them, too; or NULL */
    FILE *nowhere;             /* where the text of what is folded goes */
    FILE *text;                /* one of the two */
    char **cells; /* of the table that is being filled; owned */
    size_t ncells, room, columns;
};

/* The files stay the caller's. Returns 0, or -1 with errno. */
int md_begin(struct md *md, FILE *markdown, FILE *terminal);
void md_end(struct md *md);

/* level: 1, the title; 2, a section; 3, what a page shows when it is asked
 * to, and what the text goes without. */
void md_heading(struct md *md, int level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A paragraph; and one that must not be missed. */
void md_say(struct md *md, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void md_warn(struct md *md, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "- NAME: text"; md_end_list() ends the list. */
void md_item(struct md *md, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void md_end_list(struct md *md);

/* One line, to be copied. */
void md_code(struct md *md, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* plots/NAME.svg, of the run's directory. */
void md_plot(struct md *md, const char *name, const char *title);

/*
 * A table: its cells follow, row after row, the header's first. It is
 * written when it ends; columns without a word below the header are left
 * out.
 */
void md_table(struct md *md, size_t columns);
void md_cell(struct md *md, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void md_end_table(struct md *md);

#endif
