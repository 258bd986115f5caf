#include "bench/race/plan.h"

#include <limits.h>
#include <math.h>
#include <string.h>

enum {
    DROP_MS = 10,
    DROP_MAX_MS = 50,
    DROP_ROUNDS = 2,
    WINDOW_MAX_MS = 200,
    ROUNDS = 10,
    DRAIN_MS = 100,
    DRAIN_ROUNDS = 4,
};

bool plan_takes_part(const struct experiment *experiment, const char *name)
{
    const char *only = experiment->only;

    if (only == NULL)
        return true;
    /* "epoll@v1" is another version of epoll */
    size_t n = strcspn(name, "@");
    return strlen(only) == n && strncmp(only, name, n) == 0;
}

static bool contains(const size_t *members, size_t n, size_t one)
{
    for (size_t i = 0; i < n; i++)
        if (members[i] == one)
            return true;
    return false;
}

/* Is one server the reference of all? */
static bool have_common(const size_t *members, size_t n,
                        const size_t *references)
{
    for (size_t i = 0; i < n; i++)
        if (references[members[i]] != references[members[0]])
            return false;
    return n > 0 && contains(members, n, references[members[0]]);
}

/* Is it another member's reference, with which it comes into a group? */
static bool comes_along(size_t one, const size_t *members, size_t n,
                        const size_t *references)
{
    for (size_t i = 0; i < n; i++)
        if (members[i] != one && references[members[i]] == one)
            return true;
    return false;
}

static void join(struct group *group, size_t one)
{
    if (!contains(group->members, group->n, one))
        group->members[group->n++] = one;
}

size_t plan_groups(const size_t *members, size_t n,
                   const size_t *references, struct group *groups)
{
    size_t room = have_common(members, n, references) ? GROUP_MAX - 1
                                                      : GROUP_MAX / 2;
    size_t heads = 0;
    size_t head = 0;

    for (size_t i = 0; i < n; i++)
        heads += !comes_along(members[i], members, n, references);
    size_t ngroups = (heads + room - 1) / room;
    if (ngroups == 0)
        return 0;
    for (size_t g = 0; g < ngroups; g++)
        groups[g].n = 0;
    for (size_t i = 0; i < n; i++) {
        size_t reference = references[members[i]];
        if (comes_along(members[i], members, n, references))
            continue;
        struct group *group = &groups[head++ % ngroups];
        if (contains(members, n, reference))
            join(group, reference);
        join(group, members[i]);
    }
    return ngroups;
}

void ordering_begin(struct ordering *ordering, size_t n, struct rng *rng)
{
    *ordering = (struct ordering){.rng = {rng_next(rng)}, .n = n};
}

void ordering_next(struct ordering *ordering, size_t places[PLACES_MAX])
{
    size_t n = ordering->n;
    size_t turn = ordering->block++ % n;

    if (turn == 0) {
        for (size_t i = 0; i < n; i++)
            ordering->middles[i] = i;
        rng_shuffle(&ordering->rng, ordering->middles, n);
    }
    size_t middle = ordering->middles[turn];
    for (size_t i = 0, k = 0; i < n; i++)
        if (i != middle)
            places[k++] = i;
    rng_shuffle(&ordering->rng, places, n - 1);
    places[n - 1] = middle;
    for (size_t i = 0; i < n; i++)
        places[2 * n - 1 - i] = places[i];
}

static unsigned between(unsigned least_ms, double ms, unsigned most_ms)
{
    if (!(ms > least_ms) || most_ms < least_ms)
        return least_ms;
    return ms < most_ms ? (unsigned)ceil(ms) : most_ms;
}

struct turn_times plan_turn(unsigned least_ms, double round_ms)
{
    return (struct turn_times){
        .drop = between(DROP_MS, DROP_ROUNDS * round_ms, DROP_MAX_MS),
        .window = between(least_ms, ROUNDS * round_ms, WINDOW_MAX_MS),
        .drain = between(DRAIN_MS, DRAIN_ROUNDS * round_ms, UINT_MAX),
    };
}

unsigned plan_fit(const struct turn_times *times, unsigned least_ms,
                  double most_ms)
{
    double room_ms = most_ms - times->drop;

    if (room_ms >= times->window || times->window <= least_ms)
        return times->window;
    return room_ms > least_ms ? (unsigned)room_ms : least_ms;
}

double plan_share_s(double left_s, double wanted_s, double ahead_s)
{
    return ahead_s <= left_s ? left_s - ahead_s + wanted_s
                             : left_s * wanted_s / ahead_s;
}
