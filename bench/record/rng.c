#include "bench/record/rng.h"

uint64_t rng_next(struct rng *rng)
{
    uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t rng_below(struct rng *rng, uint64_t n)
{
    /* The lowest 2^64 mod n numbers are drawn again: the rest divides by n
     * evenly. */
    uint64_t uneven = -n % n;
    uint64_t drawn;

    do
        drawn = rng_next(rng);
    while (drawn < uneven);
    return drawn % n;
}

void rng_shuffle(struct rng *rng, size_t *items, size_t n)
{
    for (size_t left = n; left > 1; left--) {
        size_t chosen = (size_t)rng_below(rng, left);
        size_t item = items[chosen];
        items[chosen] = items[left - 1];
        items[left - 1] = item;
    }
}
