/* bench/plan: the order in which a run measures. */
#include "bench/race/plan.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(plan, .timeout = 20);

static const struct experiment sample = {
    .name = "sample",
    .points =
        {
            {1, NULL, false, false, {1, 2, 3}},
            {50, NULL, false, true, {2, 2, 2}},
        },
};

static const struct experiment of_one = {
    .name = "of-one",
    .only = "timeout_poll",
    .points = {{1, NULL, false, false, {1, 1, 1}}},
};

static const char *const names[] = {"fork", "epoll", "timeout_poll"};
static const size_t references[] = {1, 1, 1};
static const struct field field = {names, references, 3};

static struct plan make(const struct experiment *experiment,
                        enum budget budget, uint64_t seed)
{
    const struct experiment *const wanted[] = {experiment};
    struct rng rng = {seed};
    struct plan plan;

    cr_assert(plan_make(&plan, wanted, 1, &field, budget, &rng) == 0);
    return plan;
}

Test(plan, visits_every_point_as_often_as_it_says)
{
    struct plan plan = make(&sample, BUDGET_DEFAULT, 1);
    size_t singles = 0;
    size_t paired = 0;

    for (size_t i = 0; i < plan.n; i++) {
        singles += plan.slices[i].pair == 0;
        paired += plan.slices[i].pair > 0;
    }
    cr_assert(singles == 6, "%zu single slices", singles);
    cr_assert(paired == 24, "%zu paired slices", paired);
    plan_free(&plan);
}

Test(plan, puts_a_block_in_the_order_abba)
{
    struct plan plan = make(&sample, BUDGET_FULL, 2);

    for (size_t i = 0; i < plan.n; i++) {
        const struct slice *slice = &plan.slices[i];
        if (slice->place != 1)
            continue;
        cr_assert(i + 3 < plan.n);
        cr_assert(slice[0].model == 1 && slice[3].model == 1);
        cr_assert(slice[1].model == slice[2].model);
        for (unsigned k = 0; k < 4; k++) {
            cr_assert(slice[k].pair == slice->pair);
            cr_assert(slice[k].place == k + 1);
            cr_assert(slice[k].point == slice->point);
        }
    }
    plan_free(&plan);
}

Test(plan, compares_the_reference_with_itself)
{
    struct plan plan = make(&sample, BUDGET_QUICK, 3);
    size_t own = 0;

    for (size_t i = 0; i < plan.n; i++)
        own += plan.slices[i].place == 2 && plan.slices[i].model == 1;
    cr_assert(own == 2, "%zu A/A blocks", own);
    plan_free(&plan);
}

Test(plan, gives_no_block_the_number_of_another)
{
    struct plan plan = make(&sample, BUDGET_DEFAULT, 4);
    unsigned last = 0;

    for (size_t i = 0; i < plan.n; i++)
        if (plan.slices[i].place == 1)
            cr_assert(plan.slices[i].pair == ++last);
    cr_assert(last == 6);
    plan_free(&plan);
}

Test(plan, finishes_a_round_before_the_next)
{
    struct plan plan = make(&sample, BUDGET_FULL, 5);

    for (size_t i = 1; i < plan.n; i++)
        cr_assert(plan.slices[i].round >= plan.slices[i - 1].round);
    plan_free(&plan);
}

static int same(const struct plan *a, const struct plan *b)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->slices[i].model != b->slices[i].model ||
            a->slices[i].point != b->slices[i].point)
            return 0;
    return a->n == b->n;
}

Test(plan, is_repeated_by_its_seed_and_shuffled_by_another)
{
    struct plan one = make(&sample, BUDGET_FULL, 6);
    struct plan again = make(&sample, BUDGET_FULL, 6);
    struct plan other = make(&sample, BUDGET_FULL, 7);

    cr_assert(same(&one, &again));
    cr_assert(!same(&one, &other));
    plan_free(&one);
    plan_free(&again);
    plan_free(&other);
}

Test(plan, leaves_out_whom_an_experiment_is_not_about)
{
    struct plan plan = make(&of_one, BUDGET_QUICK, 8);

    cr_assert(plan.n == 1 && plan.slices[0].model == 2);
    cr_assert(plan_takes_part(&of_one, "timeout_poll@v1"));
    cr_assert(!plan_takes_part(&of_one, "timeout"));
    cr_assert(!plan_takes_part(&of_one, "epoll"));
    plan_free(&plan);
}

Test(plan, may_be_empty)
{
    static const struct experiment nothing = {.name = "nothing"};
    struct plan plan = make(&nothing, BUDGET_QUICK, 9);

    cr_assert(plan.n == 0);
    plan_free(&plan);
}
