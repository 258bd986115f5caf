/* bench/race/plan: which servers are compared, in which order, how long. */
#include "bench/race/plan.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(plan, .timeout = 20);

static const struct experiment of_one = {
    .name = "of-one",
    .only = "timeout_poll",
};

Test(plan, leaves_out_whom_an_experiment_is_not_about)
{
    const struct experiment of_all = {.name = "of-all"};

    cr_assert(plan_takes_part(&of_all, "epoll"));
    cr_assert(plan_takes_part(&of_one, "timeout_poll@v1"));
    cr_assert(!plan_takes_part(&of_one, "timeout"));
    cr_assert(!plan_takes_part(&of_one, "epoll"));
}

/* Members 0 ... n - 1, all compared with the reference. */
static size_t group_all(size_t n, size_t reference, struct group *groups)
{
    size_t members[64], references[64];

    for (size_t i = 0; i < n; i++) {
        members[i] = i;
        references[i] = reference;
    }
    return plan_groups(members, n, references, groups);
}

static bool is_in(const struct group *group, size_t member)
{
    for (size_t i = 0; i < group->n; i++)
        if (group->members[i] == member)
            return true;
    return false;
}

Test(plan, keeps_seven_together)
{
    struct group groups[64];

    cr_assert(group_all(7, 3, groups) == 1);
    cr_assert(groups[0].n == 7);
    cr_assert(group_all(1, 0, groups) == 1);
    cr_assert(groups[0].n == 1);
}

Test(plan, chains_any_number_by_the_reference)
{
    struct group groups[64];

    for (size_t n = 8; n <= 64; n++) {
        size_t ngroups = group_all(n, 5, groups);
        size_t seen[64] = {0};
        for (size_t g = 0; g < ngroups; g++) {
            cr_assert(groups[g].n >= 2 && groups[g].n <= GROUP_MAX);
            cr_assert(is_in(&groups[g], 5), "%zu: group %zu", n, g);
            cr_assert(groups[g].n + 1 >= groups[0].n &&
                          groups[g].n <= groups[0].n + 1,
                      "%zu: %zu and %zu", n, groups[0].n, groups[g].n);
            for (size_t i = 0; i < groups[g].n; i++)
                seen[groups[g].members[i]]++;
        }
        for (size_t i = 0; i < n; i++)
            cr_assert(seen[i] == (i == 5 ? ngroups : 1), "%zu: %zu", n, i);
    }
}

/* Against another version: 0 with 1, 2 with 3 ... */
Test(plan, keeps_each_with_its_own_reference)
{
    const size_t members[] = {0, 1, 2, 3, 4, 5, 6, 7};
    const size_t references[] = {1, 1, 3, 3, 5, 5, 7, 7};
    struct group groups[8];
    size_t ngroups = plan_groups(members, 8, references, groups);

    cr_assert(ngroups == 2, "%zu", ngroups);
    for (size_t m = 0; m < 8; m += 2) {
        size_t together = 0;
        for (size_t g = 0; g < ngroups; g++)
            together += is_in(&groups[g], m) && is_in(&groups[g], m + 1);
        cr_assert(together == 1, "%zu", m);
    }
}

Test(plan, groups_members_whose_reference_is_absent)
{
    const size_t members[] = {4};
    const size_t references[] = {0, 0, 0, 0, 0};
    struct group groups[1];

    cr_assert(plan_groups(members, 1, references, groups) == 1);
    cr_assert(groups[0].n == 1 && groups[0].members[0] == 4);
}

Test(plan, block_is_the_same_forwards_and_backwards)
{
    struct rng rng = {1};
    struct ordering ordering;
    size_t places[PLACES_MAX];

    for (size_t n = 1; n <= GROUP_MAX; n++) {
        ordering_begin(&ordering, n, &rng);
        for (int block = 0; block < 20; block++) {
            unsigned seen = 0;
            ordering_next(&ordering, places);
            for (size_t i = 0; i < n; i++) {
                cr_assert(places[i] == places[2 * n - 1 - i]);
                seen |= 1u << places[i];
            }
            cr_assert(seen == (1u << n) - 1);
        }
    }
}

Test(plan, everybody_is_in_the_middle_equally_often)
{
    struct rng rng = {2};
    struct ordering ordering;
    size_t places[PLACES_MAX];
    size_t middles[5] = {0};

    ordering_begin(&ordering, 5, &rng);
    for (size_t block = 1; block <= 100; block++) {
        ordering_next(&ordering, places);
        middles[places[4]]++;
        for (size_t i = 0; block % 5 == 0 && i < 5; i++)
            cr_assert(middles[i] == block / 5);
    }
}

Test(plan, orders_are_repeated_by_a_seed_and_others_by_another)
{
    size_t places[3][PLACES_MAX * 8];
    const uint64_t seeds[3] = {6, 6, 7};
    const size_t n = GROUP_MAX;

    for (int i = 0; i < 3; i++) {
        struct rng rng = {seeds[i]};
        struct ordering ordering;
        ordering_begin(&ordering, n, &rng);
        for (size_t block = 0; block < 8; block++)
            ordering_next(&ordering, places[i] + block * PLACES_MAX);
    }
    cr_assert(memcmp(places[0], places[1], sizeof(places[0])) == 0);
    cr_assert(memcmp(places[0], places[2], sizeof(places[0])) != 0);
}

Test(plan, turn_grows_with_a_round)
{
    struct turn_times times = plan_turn(50, 0.5);

    cr_assert(times.drop == 10 && times.window == 50 && times.drain == 100);
    times = plan_turn(50, 12);
    cr_assert(times.drop == 24 && times.window == 120 &&
              times.drain == 100);
    times = plan_turn(50, 150);
    cr_assert(times.drop == 50 && times.window == 200 &&
              times.drain == 600);
    cr_assert(plan_turn(400, 150).window == 400);
}

Test(plan, turn_fits_what_time_there_is)
{
    const struct turn_times times = {20, 150, 50};

    cr_assert(plan_fit(&times, 50, 1000) == 150);
    cr_assert(plan_fit(&times, 50, 120) == 100);
    cr_assert(plan_fit(&times, 50, 30) == 50, "never less than the least");
    cr_assert(plan_fit(&times, 50, -10) == 50);
    cr_assert(plan_fit(&times, 400, 10) == 150);
}

Test(plan, shares_time_by_what_is_wanted)
{
    cr_assert(plan_share_s(100, 10, 50) == 60, "all that others leave");
    cr_assert(plan_share_s(100, 50, 200) == 25);
    cr_assert(plan_share_s(-1, 50, 200) <= 0);
}
