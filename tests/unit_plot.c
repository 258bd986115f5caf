/* bench/page/plot: steps of an axis, places of labels. */
#include "bench/page/plot.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(plot, .timeout = 20);

Test(plot, steps_by_1_2_or_5)
{
    cr_assert_float_eq(plot_step(100, 10), 10, 1e-9);
    cr_assert_float_eq(plot_step(251000, 6), 50000, 1e-3);
    cr_assert_float_eq(plot_step(1.1, 6), 0.2, 1e-9);
    cr_assert_float_eq(plot_step(7, 6), 2, 1e-9);
    double range = 1e-7;
    for (int i = 0; i < 100; i++) {
        double step = plot_step(range, 6);
        cr_assert(range / step <= 6.0001 && range / step > 1, "%g: %g",
                  range, step);
        range *= 1.37;
    }
}

Test(plot, moves_labels_apart_and_keeps_their_order)
{
    double places[] = {0.5, 0.51, 0.49, 0.0, 1.0};

    plot_spread(places, 5, 0.1);
    cr_assert(places[3] < places[2] && places[2] < places[0] &&
              places[0] < places[1] && places[1] < places[4]);
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < i; k++)
            cr_assert(fabs(places[i] - places[k]) > 0.0999);
    for (int i = 0; i < 5; i++)
        cr_assert(places[i] >= -1e-9 && places[i] <= 1 + 1e-9);
}

Test(plot, finds_room_for_labels_at_the_top)
{
    double places[] = {1, 1, 1, 1};

    plot_spread(places, 4, 0.25);
    for (int i = 0; i < 4; i++)
        cr_assert(places[i] >= 0.2499 && places[i] <= 1);
}

/* A plot of one curve with a zero in it, on logarithmic axes. */
static void fill(struct plot *plot, struct curve *curve)
{
    static const double xs[] = {10, 100, 1000};

    *plot = (struct plot){
        .name = "one",
        .title = "One",
        .question = "Why?",
        .x_label = "clients",
        .y_label = "echoes",
        .unit = "",
        .kind = PLOT_LINES,
        .log_x = true,
        .log_y = true,
        .curves = curve,
        .n = 1,
    };
    *curve = (struct curve){.name = "epoll", .style = 1, .n = 3};
    for (size_t i = 0; i < 3; i++) {
        double y = i == 2 ? 0 : 5;
        curve->points[i] = (struct curve_point){
            .x = xs[i], .y = y, .low = y, .high = y};
    }
}

Test(plot, draws_no_zero_on_a_logarithmic_axis)
{
    static struct curve curve;
    struct plot plot;
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    cr_assert(file != NULL);
    fill(&plot, &curve);
    plot_write_data(&plot, file);
    fclose(file);
    cr_assert(strstr(text, "\n1000,NaN,NaN,NaN,") != NULL, "%s", text);
    cr_assert(strstr(text, "\n100,5,5,5,") != NULL, "%s", text);
    free(text);
}

/* gnuplot draws a line over a NaN, and breaks it at an empty line. */
Test(plot, draws_no_line_over_what_was_not_measured)
{
    static struct curve curve;
    struct plot plot;
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    cr_assert(file != NULL);
    fill(&plot, &curve);
    curve.points[1].gap = true;
    plot_write_data(&plot, file);
    fclose(file);
    cr_assert(strstr(text, "epoll,\n\n100,5,") != NULL, "%s", text);
    cr_assert(strstr(text, "epoll,\n\n1000,NaN,") != NULL, "%s", text);
    free(text);
}

Test(plot, has_room_for_the_ticks_at_both_ends)
{
    static struct curve curve;
    struct plot plot;
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    double low, high;

    cr_assert(file != NULL);
    fill(&plot, &curve);
    plot_write_settings(&plot, "run", file);
    fclose(file);
    const char *range = strstr(text, "set xrange [");
    cr_assert(range != NULL, "%s", text);
    cr_assert(sscanf(range, "set xrange [%lf:%lf]", &low, &high) == 2);
    cr_assert(low < 10 && high > 1000, "%g to %g", low, high);
    free(text);
}

/* gnuplot runs what stands in backquotes in "", by a shell. */
Test(plot, a_run_s_path_is_no_command)
{
    static struct curve curve;
    struct plot plot;
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    cr_assert(file != NULL);
    fill(&plot, &curve);
    plot_write_settings(&plot, "a`b`'c\nd\\", file);
    fclose(file);
    cr_assert(strstr(text, "\nbase = 'a`b`''c?d\\/plots/one'\n") != NULL,
              "%s", text);
    free(text);
}
