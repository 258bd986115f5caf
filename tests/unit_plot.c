/* bench/plot: steps of an axis, places of labels. */
#include "bench/plot.h"

#include <criterion/criterion.h>
#include <math.h>

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
