/*
 * What a model does otherwise by design, and why: expected.c is the one
 * table of it. A model that is not listed keeps the contract without
 * exception.
 */
#ifndef TESTS_EXPECTED_H
#define TESTS_EXPECTED_H

enum property {
    NO_PROPERTY,
    AT_ONCE,     /* how many clients it talks to at the same time */
    PORTS,       /* how many ports it can wait on */
    DESCRIPTORS, /* every client's descriptor is below this number */
    CROWD,       /* how many clients it can be asked to hold in a test */
    IDLE_CPU,    /* percent of a core that idle clients may cost */
    ON_EAGAIN,   /* what it does about one that is not true */
    FIRST_TASKS, /* minus how many tasks it can't start without */
    CALLS,       /* does it ask by system calls, which can be made fail? */
};

/* Of ON_EAGAIN. */
enum { EAGAIN_CLOSES, EAGAIN_WAITS, EAGAIN_TRIES_AGAIN };

/* What is to be expected of the model: its exception, or `usual`. */
long expected_value(const char *model, enum property property, long usual);

/* Why it has an exception, words without an end; NULL when it has none. */
const char *expected_reason(const char *model, enum property property);

#endif
