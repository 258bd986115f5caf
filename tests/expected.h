/*
 * What a model does otherwise by design, and why: expected.c is the one
 * table of it. Who is not listed keeps the contract without exception.
 */
#ifndef TESTS_EXPECTED_H
#define TESTS_EXPECTED_H

enum property {
    AT_ONCE,     /* how many clients it talks to at the same time */
    PORTS,       /* how many ports it can wait on */
    DESCRIPTORS, /* every client's descriptor is below this number */
    CROWD,       /* how many clients it can be asked to hold in a test */
    IDLE_CPU,    /* percent of a core that idle clients may cost */
};

/* What is to be expected of the model: its exception, or `usual`. */
long expected_value(const char *model, enum property property, long usual);

#endif
