/*
 * What a model does otherwise by design, and why: the one table of it. Who
 * is not listed keeps the contract without exception.
 */
#ifndef TESTS_EXPECTED_H
#define TESTS_EXPECTED_H

enum property {
    NO_PROPERTY,
    AT_ONCE,     /* how many clients it talks to at the same time */
    PORTS,       /* how many ports it can wait on */
    DESCRIPTORS, /* no client can have a descriptor of this number or above */
    CROWD,       /* how many clients it can be asked to hold in a test */
    IDLE_CPU,    /* percent of a core that idle clients may cost */
};

struct exception {
    const char *model;
    enum property property;
    long value;
    const char *why; /* a clause, to follow "because" */
};

/* Ended by a NULL model. */
extern const struct exception exceptions[];

/* The exception, or NULL: the model is as the contract says. */
const struct exception *expected_find(const char *model,
                                      enum property property);

/* Its value, or `usual`. */
long expected_value(const char *model, enum property property, long usual);

#endif
