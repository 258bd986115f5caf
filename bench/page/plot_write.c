#include "bench/page/plot.h"

#include "bench/record/csv.h"
#include "bench/record/stats.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TICKS = 6, TICKS_X = 48 };

struct range {
    double low, high, step; /* step 0: logarithmic */
};

double plot_step(double range, int most)
{
    double step = pow(10, floor(log10(range / most)));

    if (range / step > most)
        step *= 2; /* 2 */
    if (range / step > most)
        step *= 2.5; /* 5 */
    if (range / step > most)
        step *= 2; /* 10 */
    return step;
}

static size_t lowest_left(const double *places, const bool *done, size_t n)
{
    size_t lowest = n;

    for (size_t i = 0; i < n; i++)
        if (!done[i] && (lowest == n || places[i] < places[lowest]))
            lowest = i;
    return lowest;
}

void plot_spread(double *places, size_t n, double gap)
{
    size_t order[CURVES];
    bool done[CURVES] = {false};

    if (n > CURVES)
        return;
    for (size_t k = 0; k < n; k++) {
        order[k] = lowest_left(places, done, n);
        done[order[k]] = true;
    }
    for (size_t k = 1; k < n; k++) /* upwards where they are too close */
        places[order[k]] = fmax(places[order[k]],
                                places[order[k - 1]] + gap);
    double top = 1; /* and down again from the upper edge */
    for (size_t k = n; k-- > 0; top = places[order[k]] - gap)
        places[order[k]] = fmin(places[order[k]], top);
}

/* Of a bar that is stacked from all curves. */
static double height(const struct plot *plot, size_t bar)
{
    double sum = 0;

    for (size_t i = 0; i < plot->n; i++)
        sum += plot->curves[i].points[bar].y;
    return sum;
}

static struct range range_y(const struct plot *plot)
{
    double low = INFINITY;
    double high = 0;

    for (size_t i = 0; i < plot->n; i++)
        for (size_t k = 0; k < plot->curves[i].n; k++) {
            const struct curve_point *point = &plot->curves[i].points[k];
            double top = plot->kind == PLOT_STACKED ? height(plot, k)
                                                    : point->high;
            high = fmax(high, fmax(top, point->y));
            if (point->low > 0)
                low = fmin(low, point->low);
        }
    if (!(high > 0))
        high = 1;
    if (!plot->log_y || isinf(low)) {
        double step = plot_step(high * 1.05, TICKS);
        return (struct range){0, ceil(high * 1.02 / step) * step, step};
    }
    return (struct range){pow(10, floor(log10(low) * 3) / 3) * 0.9,
                          pow(10, ceil(log10(high) * 3) / 3) * 1.1, 0};
}

/* The least x above a limit, and the greatest of all. */
static double least_x(const struct plot *plot, double above)
{
    double least = INFINITY;

    for (size_t i = 0; i < plot->n; i++)
        for (size_t k = 0; k < plot->curves[i].n; k++)
            if (plot->curves[i].points[k].x > above)
                least = fmin(least, plot->curves[i].points[k].x);
    return least;
}

static double greatest_x(const struct plot *plot)
{
    double greatest = -INFINITY;

    for (size_t i = 0; i < plot->n; i++)
        for (size_t k = 0; k < plot->curves[i].n; k++)
            greatest = fmax(greatest, plot->curves[i].points[k].x);
    return greatest;
}

/* Where a logarithmic axis shows 0: a step of its own, to the left. */
static double zero_at(const struct plot *plot)
{
    double least = least_x(plot, 0);

    return isinf(least) ? 1 : least / 4;
}

static double place_x(const struct plot *plot, double x)
{
    return plot->log_x && x <= 0 ? zero_at(plot) : x;
}

void plot_write_data(const struct plot *plot, FILE *file)
{
    struct range y = range_y(plot);

    for (size_t i = 0; i < plot->n; i++) {
        const struct curve *curve = &plot->curves[i];
        fprintf(file, "%sx,median,min,max,crossed,style,name,about\n",
                i > 0 ? "\n\n" : "");
        for (size_t k = 0; k < curve->n; k++) {
            const struct curve_point *point = &curve->points[k];
            double x = plot->kind == PLOT_BARS ? (double)i + 1
                                               : place_x(plot, point->x);
            const char *name = point->name[0] ? point->name : curve->name;
            /* A logarithmic axis has no place for nothing at all. */
            bool absent = y.step == 0 && !(point->y > 0);
            double foot = y.step > 0 ? 0 : y.low;
            /* gnuplot draws over a NaN, but not over an empty line. */
            if (k > 0 && (point->gap || absent))
                fputc('\n', file);
            if (absent)
                fprintf(file, "%.9g,NaN,NaN,NaN", x);
            else
                fprintf(file, "%.9g,%.9g,%.9g,%.9g", x, point->y,
                        fmax(point->low, foot), fmax(point->high, foot));
            fprintf(file, ",%d,%d", point->crossed, curve->style);
            csv_write(file, name, 0);
            csv_write(file, point->tip, 0);
            fputc('\n', file);
        }
    }
}

static void x_text(const struct plot *plot, double x, char *text,
                   size_t size)
{
    if (plot->bytes_x && x >= 1 << 20)
        snprintf(text, size, "%gMi", x / (1 << 20));
    else if (plot->bytes_x && x >= 1 << 10)
        snprintf(text, size, "%gKi", x / (1 << 10));
    else if (x >= 5000 && fmod(x, 1000) == 0)
        snprintf(text, size, "%gk", x / 1000);
    else
        snprintf(text, size, "%g", x);
}

/* A single x stands in the middle. */
static void write_range_x(const struct plot *plot, FILE *file)
{
    double low = place_x(plot, least_x(plot, -INFINITY));
    double high = place_x(plot, greatest_x(plot));

    /* A hair more than the figures, or gnuplot may leave out end ticks. */
    if (low < high && plot->log_x)
        fprintf(file, "set xrange [%.9g:%.9g]\n", low * 0.98, high * 1.02);
    else if (low < high)
        fprintf(file, "set xrange [%.9g:%.9g]\n", low - (high - low) * 0.01,
                high + (high - low) * 0.01);
    else
        fprintf(file, "set xrange [%.9g:%.9g]\n", low * 0.5, low * 2 + 1);
}

/* The different x of all curves, ascending. Returns how many. */
static size_t all_xs(const struct plot *plot, double xs[TICKS_X])
{
    size_t n = 0;

    for (size_t i = 0; i < plot->n; i++)
        for (size_t k = 0; k < plot->curves[i].n; k++)
            n = stats_insert(xs, n, TICKS_X, plot->curves[i].points[k].x);
    return n;
}

/* How much of the axis lies between two places on it. */
static double share_x(const struct plot *plot, const double *xs, size_t n,
                      double from, double to)
{
    double low = place_x(plot, xs[0]);
    double high = place_x(plot, xs[n - 1]);

    from = place_x(plot, from);
    to = place_x(plot, to);
    return plot->log_x ? log(to / from) / log(high / low)
                       : (to - from) / (high - low);
}

/*
 * A tick for every x there is, or for as many as have room.
 *
 * name  of the gnuplot variable that sets them
 * gap   the least distance, as a share of the axis
 */
static void write_ticks_x(const struct plot *plot, const char *name,
                          double gap, FILE *file)
{
    double xs[TICKS_X];
    size_t n = all_xs(plot, xs);
    size_t last = 0;

    fprintf(file, "%s = 'set xtics (", name);
    for (size_t i = 0; i < n; i++) {
        char text[32];
        if (i > 0 && i < n - 1 &&
            (share_x(plot, xs, n, xs[last], xs[i]) < gap ||
             share_x(plot, xs, n, xs[i], xs[n - 1]) < gap))
            continue;
        last = i;
        x_text(plot, xs[i], text, sizeof(text));
        fprintf(file, "%s\"%s\" %.9g", i > 0 ? ", " : "", text,
                place_x(plot, xs[i]));
    }
    fputs(")'\n", file);
}

/*
 * One word in a list that gnuplot's word() takes apart.
 *
 * percent  how % is written: a tick's name is a format, others are not
 */
static size_t write_word(const char *text, const char *percent, FILE *file)
{
    size_t n = 0;

    fputc('"', file);
    for (; *text != '\0'; text++, n++)
        if (*text == '%')
            fputs(percent, file);
        else
            fputc(*text == '"' || *text == '\'' ? '_' : *text, file);
    fputs("\" ", file);
    return n;
}

static void write_bars(const struct plot *plot, FILE *file)
{
    bool stacked = plot->kind == PLOT_STACKED;
    size_t bars = stacked ? plot->curves[0].n : plot->n;
    size_t longest = 0;

    fputs("bars = '", file);
    for (size_t i = 0; i < bars; i++) {
        size_t n = write_word(stacked ? plot->curves[0].points[i].name
                                      : plot->curves[i].name,
                              "%%", file);
        longest = n > longest ? n : longest;
    }
    fprintf(file, "'\nlongest_bar = %zu\n", longest);
}

/* Of a curve, the height of the last point that is drawn; -1: none is. */
static double end_of(const struct curve *curve, bool log_y)
{
    for (size_t i = curve->n; i-- > 0;)
        if (!log_y || curve->points[i].y > 0)
            return curve->points[i].y;
    return -1;
}

static void write_names(const struct plot *plot, const struct range *y,
                        FILE *file)
{
    size_t longest = 0;

    fputs("names = '", file);
    for (size_t i = 0; i < plot->n; i++) {
        size_t n = write_word(plot->curves[i].name, "%", file);
        longest = n > longest ? n : longest;
    }
    fprintf(file, "'\nlongest = %zu\nstyles = '", longest);
    for (size_t i = 0; i < plot->n; i++)
        fprintf(file, "%d ", plot->curves[i].style);
    fputs("'\nshown = '", file);
    for (size_t i = 0; i < plot->n; i++)
        if (end_of(&plot->curves[i], y->step == 0) >= 0)
            fprintf(file, "%zu ", i + 1);
    fputs("'\n", file);
    if (plot->kind != PLOT_LINES)
        write_bars(plot, file);
}

/* A label stands at the height of its curve's end, if there is room. */
static void write_heights(const struct plot *plot, const struct range *y,
                          FILE *file)
{
    double places[CURVES] = {0};
    double gap = plot->n > 0 ? fmin(0.085, 1.0 / (double)plot->n) : 1;

    for (size_t i = 0; i < plot->n; i++) {
        const struct curve *curve = &plot->curves[i];
        double end = fmax(end_of(curve, y->step == 0), y->low);
        places[i] = plot->kind == PLOT_STACKED ? (double)i / (double)plot->n
                    : y->step > 0 ? (end - y->low) / (y->high - y->low)
                                  : log(fmax(end, y->low) / y->low) /
                                        log(y->high / y->low);
    }
    plot_spread(places, plot->n, gap);
    fputs("heights = \"", file);
    for (size_t i = 0; i < plot->n; i++)
        fprintf(file, "%s%.3f", i > 0 ? " " : "", places[i]);
    fputs("\"\n", file);
}

static void write_axis_y(const struct plot *plot, const struct range *y,
                         FILE *file)
{
    /* A fraction of a thousand needs a digit behind the point. */
    bool digit = y->step > 0 && fmod(log10(y->step) + 300, 3) >
                                    fmod(log10(y->high) + 300, 3);

    fprintf(file, "set yrange [%.9g:%.9g]\n", y->low, y->high);
    if (plot->unit[0] == '\0' && y->high < 1000)
        fputs("set format y \"%g\"\n", file);
    else
        fprintf(file, "set format y \"%%.%ds%s%%c%s\"\n", digit ? 1 : 0,
                plot->unit[0] ? " " : "", plot->unit);
    if (y->step > 0)
        fprintf(file, "set ytics %.9g\n", y->step);
    else
        fputs("set logscale y\n", file);
}

static bool has_crosses(const struct plot *plot)
{
    for (size_t i = 0; i < plot->n; i++)
        for (size_t k = 0; k < plot->curves[i].n; k++)
            if (plot->curves[i].points[k].crossed)
                return true;
    return false;
}

/*
 * A path, as gnuplot takes it literally. In "" it would run what stands in
 * backquotes by a shell. A line's end can't be had in '' either, so a path
 * with one is not found.
 */
static void write_path(const char *dir, const char *name,
                       const char *ending, FILE *file)
{
    fputc('\'', file);
    for (const char *at = dir; *at != '\0'; at++)
        if (*at == '\'')
            fputs("''", file);
        else
            fputc(*at == '\n' || *at == '\r' ? '?' : *at, file);
    fprintf(file, "/plots/%s%s'", name, ending);
}

/* What gnuplot needs to know: bench/plots/KIND.gp does the rest. */
void plot_write_settings(const struct plot *plot, const char *dir,
                         FILE *file)
{
    struct range y = range_y(plot);

    fputs("# gnuplot -d ", file);
    write_path(dir, plot->name, ".gp", file);
    fputs(", from the top of the suite's tree, draws this again\nbase = ",
          file);
    write_path(dir, plot->name, "", file);
    fprintf(file, "\nn = %zu\n", plot->n);
    write_names(plot, &y, file);
    write_heights(plot, &y, file);
    fprintf(file, "name = \"%s\"\nquestion = \"%s\"\n", plot->title,
            plot->question);
    fprintf(file, "y_name = \"%s\"\ncrossed = %d\n", plot->y_label,
            has_crosses(plot));
    fprintf(file, "x_name = \"%s\"\n", plot->x_label);
    write_axis_y(plot, &y, file);
    if (plot->kind == PLOT_LINES) {
        write_range_x(plot, file);
        write_ticks_x(plot, "ticks", 0, file);
        write_ticks_x(plot, "phone_ticks", 0.2, file);
    }
    if (plot->log_x)
        fputs("set logscale x\n", file);
    fprintf(file, "load \"bench/plots/%s.gp\"\n",
            plot->kind == PLOT_BARS      ? "bars"
            : plot->kind == PLOT_STACKED ? "stacked"
                                         : "lines");
}
