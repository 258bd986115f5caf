/*
 * What gnuplot's SVG lacks for a web page: values on hovering without a
 * script, colours that a dark page can change, names that may meet others.
 */
#ifndef BENCH_PAGE_SVG_H
#define BENCH_PAGE_SVG_H

/*
 * Adapts a file in place: black becomes the text's colour, the plots' own
 * colours become variables (--s1 ... with the drawn colour as what holds
 * without them), hypertext becomes <title>, and ids get `name` before them.
 *
 * Returns  0, or -1 with errno; the file is then as it was.
 */
int svg_adapt(const char *path, const char *name);

#endif
