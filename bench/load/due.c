#include "bench/load/due.h"

#include <math.h>

/* The heap's order: the parent of i is (i - 1) / 2, and never later. */

static void swap(struct load *load, size_t i, size_t j)
{
    struct client *client = load->due[i];

    load->due[i] = load->due[j];
    load->due[j] = client;
}

static void push(struct load *load, struct client *client)
{
    size_t i = load->ndue++;

    load->due[i] = client;
    for (; i > 0; i = (i - 1) / 2) {
        if (load->due[(i - 1) / 2]->next_ns <= load->due[i]->next_ns)
            break;
        swap(load, i, (i - 1) / 2);
    }
}

static struct client *pop(struct load *load)
{
    struct client *first = load->due[0];
    size_t i = 0;

    load->due[0] = load->due[--load->ndue];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child + 1 < load->ndue &&
            load->due[child + 1]->next_ns < load->due[child]->next_ns)
            child++;
        if (child >= load->ndue ||
            load->due[i]->next_ns <= load->due[child]->next_ns)
            return first;
        swap(load, i, child);
        i = child;
    }
}

/* Exponentially distributed, of the client's mean; in ns. */
static uint64_t gap(struct load *load)
{
    double mean_ns = (double)NS_PER_S * (double)load->nclients /
                     (double)load->options->rate;
    double u = (double)(rng_next(&load->rng) >> 11) * 0x1p-53;

    return (uint64_t)(-log1p(-u) * mean_ns);
}

static void plan(struct load *load, struct client *client)
{
    bool in_turn = client->next_ns < load->turn.end_ns;

    client->behind = in_turn && client->next_ns <= load->now_ns;
    if (in_turn && !client->behind)
        push(load, client);
}

void due_plan(struct load *load)
{
    load->ndue = 0;
    for (size_t i = 0; i < load->nclients; i++) {
        load->clients[i].next_ns = load->turn.start_ns + gap(load);
        plan(load, &load->clients[i]);
    }
}

uint64_t due_take(struct load *load, struct client *client)
{
    uint64_t due_ns = client->next_ns;

    client->next_ns += gap(load);
    plan(load, client);
    return due_ns;
}

struct client *due_next(struct load *load)
{
    if (due_next_ns(load) > load->now_ns)
        return NULL;
    struct client *client = pop(load);
    client->behind = true;
    return client;
}

uint64_t due_next_ns(const struct load *load)
{
    return load->ndue > 0 ? load->due[0]->next_ns : UINT64_MAX;
}
