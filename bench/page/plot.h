/*
 * Plots: writes what is to be drawn and lets gnuplot draw it. gnuplot finds
 * ranges and ticks and places what it draws; it computes no figure.
 *
 * For a plot NAME the folder plots receives NAME.csv (the figures), NAME.gp
 * (`gnuplot -d plots/NAME.gp` draws it again), NAME.svg and NAME.phone.svg.
 */
#ifndef BENCH_PAGE_PLOT_H
#define BENCH_PAGE_PLOT_H

#include "bench/record/experiment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { SERIES = 64, MARKS = 64, PLOT_NAME = 48 };

/* NAN: not drawn. */
struct mark {
    double x;             /* of a row: 1 ... from the top */
    double y, low, high;  /* low and high: the whiskers; a bar's two ends */
    double served;        /* share of the clients, where that is below 1 */
    double expected;      /* what theory says */
    char name[PLOT_NAME]; /* of a row, or at the tick of x; "": none */
    char text[64];        /* beside it */
    char tip[240];        /* what hovering tells */
};

/* A panel of its own: of a plot of lines, with one line in colour and the
 * others quiet behind it; of rows, beside the others. Stacked: a layer. */
struct series {
    char name[PLOT_NAME];
    struct mark marks[MARKS];
    size_t n;
};

struct plot {
    const char *name; /* for the files */
    const char *title;
    const char *question;          /* a line below the title */
    const char *x_label, *y_label; /* "round trips a second" */
    const char *unit;              /* of the figures: "s", "B/s", "" */
    enum plot_kind kind;
    bool log_x;
    bool log;   /* the figures' axis */
    bool ratio; /* likewise, by powers of two, with a line at 1 */
    struct series *series;
    size_t n;
};

/*
 * Draws it.
 *
 * dir      the run's directory, which has a folder plots
 * Returns  0; 1: gnuplot is not installed, data and NAME.gp are there; -1:
 *          gnuplot failed or a file can't be written, as stderr says.
 */
int plot_draw(const struct plot *plot, const char *dir);

/* What gnuplot reads: NAME.csv, and NAME.gp. Errors show in ferror(). */
void plot_write_data(const struct plot *plot, FILE *file);
void plot_write_settings(const struct plot *plot, const char *dir,
                         FILE *file);

#endif
