/*
 * The report as a page: of its Markdown, by cmark-gfm.
 */
#ifndef BENCH_PAGE_HTML_H
#define BENCH_PAGE_HTML_H

#include <stddef.h>
#include <stdio.h>

/*
 * Writes a page that needs no other file: plots are drawn in it, light or
 * dark as the reader's screen is. What stands below a heading of the third
 * level is folded. HTML in the Markdown does not get through.
 *
 * title    ours: it is not escaped
 * dir      the run's directory, where plots/ is; a plot that is not there
 *          is left out, and said so
 * Returns  0, or -1: no memory, or no such library. Errors of the file show
 *          in ferror().
 */
int html_write(const char *markdown, size_t n, const char *title,
               const char *dir, FILE *file);

#endif
