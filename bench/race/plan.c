#include "bench/race/plan.h"

#include <stdlib.h>
#include <string.h>

/* A block before its place in the round is known. */
struct block {
    const struct experiment *experiment;
    const struct point *point;
    size_t model;
};

struct making {
    struct plan *plan;
    const struct field *field;
    enum budget budget;
    struct rng *rng;
    unsigned pairs;
    struct block *blocks; /* of one round */
    size_t nblocks;
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

static size_t count_points(const struct experiment *const *wanted, size_t n)
{
    size_t points = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < POINTS; k++)
            points += wanted[i]->points[k].blocks[BUDGET_FULL] > 0 ||
                      wanted[i]->points[k].blocks[BUDGET_QUICK] > 0;
    return points;
}

/* The blocks of one round. */
static void collect(struct making *making, const struct experiment *one,
                    unsigned round)
{
    for (size_t i = 0; i < POINTS; i++) {
        if (one->points[i].blocks[making->budget] < round)
            continue;
        for (size_t m = 0; m < making->field->n; m++)
            if (plan_takes_part(one, making->field->names[m]))
                making->blocks[making->nblocks++] = (struct block){
                    one, &one->points[i], m};
    }
}

static int append(struct plan *plan, const struct slice *slice)
{
    if ((plan->n & (plan->n - 1)) == 0) { /* full at each power of two */
        size_t room = plan->n == 0 ? 1 : plan->n * 2;
        struct slice *more = realloc(plan->slices, room * sizeof(*more));
        if (more == NULL)
            return -1;
        plan->slices = more;
    }
    plan->slices[plan->n++] = *slice;
    return 0;
}

static int append_block(struct making *making, const struct block *block,
                        unsigned round)
{
    struct slice slice = {
        .experiment = block->experiment,
        .point = block->point,
        .model = block->model,
        .round = round,
    };

    if (!block->point->turn_ms)
        return append(making->plan, &slice);
    slice.pair = ++making->pairs;
    for (slice.place = 1; slice.place <= 4; slice.place++) {
        int outer = slice.place == 1 || slice.place == 4;
        slice.model = outer ? making->field->references[block->model]
                            : block->model;
        if (append(making->plan, &slice) == -1)
            return -1;
    }
    return 0;
}

/* Appends the round's blocks in random order. */
static int append_round(struct making *making, unsigned round)
{
    size_t *order = calloc(making->nblocks + 1, sizeof(*order));
    int result = order == NULL ? -1 : 0;

    for (size_t i = 0; result == 0 && i < making->nblocks; i++)
        order[i] = i;
    if (result == 0)
        rng_shuffle(making->rng, order, making->nblocks);
    for (size_t i = 0; result == 0 && i < making->nblocks; i++)
        result = append_block(making, &making->blocks[order[i]], round);
    free(order);
    return result;
}

int plan_make(struct plan *plan, const struct experiment *const *wanted,
              size_t n, const struct field *field, enum budget budget,
              struct rng *rng)
{
    struct making making = {
        .plan = plan,
        .field = field,
        .budget = budget,
        .rng = rng,
        .blocks = calloc(count_points(wanted, n) * field->n + 1,
                         sizeof(struct block)),
    };
    int result = making.blocks == NULL ? -1 : 0;

    *plan = (struct plan){0};
    for (unsigned round = 1; result == 0; round++) {
        making.nblocks = 0;
        for (size_t i = 0; i < n; i++)
            collect(&making, wanted[i], round);
        if (making.nblocks == 0)
            break;
        result = append_round(&making, round);
    }
    free(making.blocks);
    if (result == -1)
        plan_free(plan);
    return result;
}

void plan_free(struct plan *plan)
{
    free(plan->slices);
    *plan = (struct plan){0};
}
