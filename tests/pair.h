/*
 * A TCP connection within the test, both of its ends.
 */
#ifndef TESTS_PAIR_H
#define TESTS_PAIR_H

enum { FAR, HERE }; /* the client's end, and the server's */

/* Returns 0, or -1 with errno. */
int pair_open(int ends[2]);

#endif
