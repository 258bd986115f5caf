/*
 * bench/race/limits and hold: how many connections are allowed, and how
 * they are shared out.
 */
#include "bench/race/hold.h"
#include "bench/race/limits.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(limits, .timeout = 20);
TestSuite(hold, .timeout = 20);

/* A machine that limits nothing but descriptors, to 20,000. */
static const struct limits_machine plenty = {
    .descriptors = 20000,
    .tasks = UINT64_MAX,
    .files = UINT64_MAX,
    .memory_kib = UINT64_MAX,
    .ports = UINT64_MAX,
    .watches = UINT64_MAX,
    .tracked = UINT64_MAX,
};

/* Asserts which limit is the smallest, and returns what it allows. */
static uint64_t smallest(const struct limits_machine *machine,
                         const char *name)
{
    struct limits limits;

    limits_list(machine, &limits);
    const struct limit *least = limits_smallest(&limits);
    cr_assert(strcmp(least->name, name) == 0, "%s, not %s: %s", least->name,
              name, least->why);
    return least->connections;
}

Test(limits, the_smallest_wins)
{
    struct limits_machine machine = plenty;

    cr_assert(smallest(&machine, "descriptors") ==
              LIMITS_PARTS * limits_of_server(20000));
    machine.watches = 3000000;
    cr_assert(smallest(&machine, "epoll watches") == 1500000);
    machine.files = 2000001;
    cr_assert(smallest(&machine, "open files") == 1000000);
    machine.memory_kib = LIMITS_RESERVE_KIB +
                         900000 * LIMITS_CONNECTION_KIB;
    cr_assert(smallest(&machine, "memory") == 900000);
    machine.tracked = 262144;
    cr_assert(smallest(&machine, "tracking") == 262144);
    machine.tasks = 20;
    cr_assert(smallest(&machine, "processes") ==
              9 * limits_of_server(20000));
}

Test(limits, too_little_is_none)
{
    struct limits_machine machine = plenty;

    machine.memory_kib = 1000;
    cr_assert(smallest(&machine, "memory") == 0);
    machine = plenty;
    machine.descriptors = LIMITS_SPARE;
    cr_assert(smallest(&machine, "descriptors") == 0);
}

/* Chance gives one server more than another. */
Test(limits, a_server_has_room_for_chance)
{
    cr_assert(limits_of_server(20000) > 18000);
    cr_assert(limits_of_server(20000) < 20000 - LIMITS_SPARE);
    cr_assert(limits_of_server(LIMITS_SPARE + 1) == 1);
    cr_assert(limits_of_server(UINT64_MAX) < 1 << 20);
}

Test(limits, this_machine_has_some)
{
    struct limits_machine machine;
    struct limits limits;
    char text[2048] = "";

    limits_read(&machine);
    limits_list(&machine, &limits);
    limits_print(&limits, text, sizeof(text));
    cr_assert(machine.memory_kib > 0 && limits_kernel_kib() > 0);
    cr_assert(strstr(text, "-> ") != NULL, "%s", text);
    cr_assert(strstr(text, "no limit  counts bytes") != NULL, "%s", text);
}

Test(hold, shares_a_million_out)
{
    struct hold_plan plan = hold_share(1000000, true, &plenty, 2);

    cr_assert(plan.connections == 1000000);
    cr_assert(plan.servers * limits_of_server(20000) >= 1000000);
    cr_assert((plan.servers - 1) * limits_of_server(20000) < 1000000);
    cr_assert(plan.generators == 51, "%zu", plan.generators);
}

Test(hold, takes_every_core_and_no_more_than_needed)
{
    struct hold_plan plan = hold_share(1000, true, &plenty, 4);

    cr_assert(plan.servers == 4 && plan.generators == 4);
    plan = hold_share(3, true, &plenty, 4);
    cr_assert(plan.servers == 3 && plan.generators == 3);
}

Test(hold, one_server_where_it_is_not_spread)
{
    struct hold_plan plan = hold_share(10000, false, &plenty, 4);

    cr_assert(plan.servers == 1 && plan.generators == 1);
    plan = hold_share(30000, false, &plenty, 4);
    cr_assert(plan.servers == 1 && plan.generators == 2);
}

/* One of the two has a connection more than an address is good for. */
Test(hold, gives_no_address_to_two_generators)
{
    struct hold_plan plan = hold_share(20001, false, &plenty, 4);

    cr_assert(plan.generators == 2 && plan.sources == 2);
}
