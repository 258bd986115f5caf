/* bench/record/verdict: which servers are told apart, and which are not. */
#include "bench/record/verdict.h"

#include <criterion/criterion.h>
#include <math.h>

TestSuite(verdict, .timeout = 20);

static struct quad quad(double a1, double b1, double b2, double a2)
{
    return (struct quad){{a1, a2}, {b1, b2}};
}

Test(verdict, takes_a_steady_drift_out)
{
    /* Each slice is 10 % slower than the one before; B is as A. */
    struct quad one = quad(100, 90, 81, 72.9);

    cr_assert_float_eq(verdict_ratio(&one), 1, 1e-9);
}

Test(verdict, has_a_ratio_that_turns_around)
{
    struct quad one = quad(100, 210, 190, 101);
    struct quad turned = quad(210, 100, 101, 190);

    cr_assert_float_eq(verdict_ratio(&one) * verdict_ratio(&turned), 1,
                       1e-9);
}

Test(verdict, has_no_ratio_without_figures)
{
    struct quad none[] = {quad(0, 1, 1, 1), quad(1, 1, NAN, 1),
                          quad(1, -1, -1, 1), quad(1, 0, 0, 1)};

    for (int i = 0; i < 4; i++)
        cr_assert(isnan(verdict_ratio(&none[i])), "%d", i);
}

enum { N = 9 }; /* from 4 below the centre to 4 above */

/* Ratios around a centre, alternating above and below. */
static void fill(struct quad quads[N], double centre, double noise)
{
    for (int i = 0; i < N; i++) {
        double ratio = centre * (1 + noise * (i - 4) / 4.0);
        quads[i] = quad(100, 100 * ratio, 100 * ratio, 100);
    }
}

Test(verdict, tells_better_from_worse_by_what_is_good)
{
    struct quad quads[N];

    fill(quads, 1.2, 0.02);
    struct verdict verdict = verdict_of(quads, N, 1, 0.01, 1);
    cr_assert(verdict.word == VERDICT_BETTER);
    cr_assert_float_eq(verdict.ratio, 1.2, 1e-9);
    cr_assert(verdict.low > 1 && verdict.low <= 1.2 && verdict.high >= 1.2);
    verdict = verdict_of(quads, N, -1, 0.01, 1);
    cr_assert(verdict.word == VERDICT_WORSE);
    fill(quads, 0.8, 0.02);
    cr_assert(verdict_of(quads, N, 1, 0.01, 1).word == VERDICT_WORSE);
    cr_assert(verdict_of(quads, N, -1, 0.01, 1).word == VERDICT_BETTER);
}

Test(verdict, does_not_distinguish_when_the_interval_holds_1)
{
    struct quad quads[N];

    fill(quads, 1.005, 0.05);
    struct verdict verdict = verdict_of(quads, N, 1, 0, 1);
    cr_assert(verdict.low < 1 && verdict.high > 1);
    cr_assert(verdict.word == VERDICT_SAME);
}

Test(verdict, does_not_distinguish_below_the_own_error)
{
    struct quad quads[N];

    fill(quads, 1.03, 0.001);
    cr_assert(verdict_of(quads, N, 1, 0.02, 1).word == VERDICT_BETTER);
    cr_assert(verdict_of(quads, N, 1, 0.04, 1).word == VERDICT_SAME);
    cr_assert(verdict_of(quads, N, 1, INFINITY, 1).word == VERDICT_SAME);
}

Test(verdict, ranks_nobody_by_too_little)
{
    struct quad quads[N];

    fill(quads, 2, 0.01);
    struct verdict verdict = verdict_of(quads, 1, 1, 0, 1);
    cr_assert(verdict.word == VERDICT_UNRANKED && verdict.quads == 1);
    verdict = verdict_of(quads, 0, 1, 0, 1);
    cr_assert(verdict.word == VERDICT_UNRANKED && isnan(verdict.ratio));
    for (int i = 0; i < N; i++)
        quads[i] = quad(NAN, 1, 1, 1);
    verdict = verdict_of(quads, N, 1, 0, 1);
    cr_assert(verdict.word == VERDICT_UNRANKED && verdict.quads == 0);
}

Test(verdict, knows_its_own_error)
{
    struct quad quads[N];

    fill(quads, 1, 0.03);
    double error = verdict_error(quads, N, 1);
    cr_assert(error > 0.001 && error <= 0.03 + 1e-9, "%g", error);
    cr_assert(isinf(verdict_error(quads, 1, 1)));
    cr_assert(isinf(verdict_error(quads, 0, 1)));
}
