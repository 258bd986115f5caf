/*
 * The fault matrix: what each fault came to with each server, as Markdown
 * and HTML.
 */
#ifndef TESTS_CONTRACT_MATRIX_H
#define TESTS_CONTRACT_MATRIX_H

#include "tests/contract.h"

#include <criterion/stats.h>
#include <stddef.h>

enum { MATRIX_SERVERS = 64, MATRIX_FAULTS = 128 };

/* Begin with zeroes, stats and like set; all of it borrowed. */
struct matrix {
    const struct criterion_global_stats *stats;
    const char *like; /* the model whose exceptions SERVER may claim */
    const char *servers[MATRIX_SERVERS];
    size_t nservers;
    const struct check *faults[MATRIX_FAULTS];
    size_t nfaults;
};

/* Notes a server, if any check was run with it. */
void matrix_add_server(struct matrix *matrix, const char *server);

/* Then a check, if it is a fault and was run with any of these servers. */
void matrix_add_fault(struct matrix *matrix, const struct check *check);

/*
 * Writes matrix.md and matrix.html, and the tables to stdout as text.
 *
 * folder   is made when it is not there
 * Returns  0, or -1 with errno.
 */
int matrix_write(const struct matrix *matrix, const char *folder);

#endif
