/*
 * Plots: writes what is to be drawn and lets gnuplot draw it. gnuplot
 * computes nothing; ranges, ticks and the places of labels come from here.
 *
 * For a plot NAME the folder plots receives NAME.csv (the figures), NAME.gp
 * (`gnuplot plots/NAME.gp` draws it again), NAME.svg, NAME.phone.svg,
 * NAME.png, and NAME.txt for a terminal.
 */
#ifndef BENCH_PAGE_PLOT_H
#define BENCH_PAGE_PLOT_H

#include "bench/record/experiment.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { CURVE_POINTS = 24, CURVES = 50, CURVE_NAME = 48, CURVE_TIP = 240 };

struct curve_point {
    double x, y, low, high; /* low and high: the whiskers */
    bool crossed; /* marked: clients went unserved, or there were errors */
    bool gap;     /* no line to it: an x before it was not measured */
    char name[CURVE_NAME]; /* stacked: of the bar; otherwise "" */
    char tip[CURVE_TIP];   /* what hovering tells */
};

struct curve {
    char name[CURVE_NAME];
    int style; /* 1 ...: colour, dash and marker; 0: a prediction */
    struct curve_point points[CURVE_POINTS];
    size_t n;
};

struct plot {
    const char *name; /* for the files */
    const char *title;
    const char *question; /* a line below the title */
    const char *x_label;
    const char *y_label; /* what the figures are: "round trips a second" */
    const char *unit;    /* of y: "s", "B/s", "" */
    enum plot_kind kind;
    bool log_x, log_y;
    bool bytes_x;         /* ticks as 1 KiB */
    struct curve *curves; /* bars: each one's first point is its bar;
                             stacked: a layer over all bars */
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

/* --- for the tests, too -------------------------------------------- */

/* A step of 1, 2 or 5 times a power of ten, for at most `most` ticks. */
double plot_step(double range, int most);

/*
 * Moves labels apart that would cover each other, keeping their order.
 *
 * places   n heights between 0 and 1, in any order; changed in place
 * gap      the least distance, at most 1 / n
 */
void plot_spread(double *places, size_t n, double gap);

#endif
