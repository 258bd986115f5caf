/*
 * Random numbers that a seed repeats, on every machine.
 *
 * Source   SplitMix64: Steele, Lea, Flood: Fast Splittable Pseudorandom
 *          Number Generators, OOPSLA 2014. Good for shuffling and drawing,
 *          not for secrets.
 */
#ifndef BENCH_RECORD_RNG_H
#define BENCH_RECORD_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t state; /* the seed; any value will do */
};

/* Returns  0 ... 2^64 - 1, all equally likely. */
uint64_t rng_next(struct rng *rng);

/*
 * n        1 or more
 * Returns  0 ... n - 1, all equally likely.
 */
uint64_t rng_below(struct rng *rng, uint64_t n);

/*
 * Puts n items in random order, every order equally likely.
 *
 * Source   Fisher and Yates; Knuth, The Art of Computer Programming,
 *          volume 2, algorithm P
 */
void rng_shuffle(struct rng *rng, size_t *items, size_t n);

#endif
