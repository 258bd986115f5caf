/*
 * Another version of the suite's servers, to be compared with this one in
 * the same run.
 */
#ifndef BENCH_RACE_AGAINST_H
#define BENCH_RACE_AGAINST_H

#include "bench/race/participants.h"

/*
 * Adds each model twice: as it is here, and, as its reference, as it is in
 * the other version, whose models are called MODEL@VERSION.
 *
 * A revision of git is built, by its own Makefile, below build/against;
 * a directory holds a tree that has been built.
 *
 * what     directory or revision
 * list     as for participants_add()
 * Returns  0, or -1 with who->error.
 */
int against_add(struct participants *who, const char *what,
                const char *list);

#endif
