/*
 * Comma-separated values as the run directory holds them (RFC 4180, but a
 * field never holds a line break: one row is one line).
 */
#ifndef BENCH_RECORD_CSV_H
#define BENCH_RECORD_CSV_H

#include <stddef.h>
#include <stdio.h>

/*
 * Writes one field, quoted where it must be; a line break becomes a blank.
 *
 * first    is it the first of its row? Otherwise a comma goes before it
 */
void csv_write(FILE *file, const char *field, int first);

/*
 * Splits a row in place.
 *
 * row      one line, without its end; changed, and owner of the fields
 * fields   receives at most max pointers into row
 * Returns  how many fields there are; or -1: more than max, a quote that
 *          never closes, or text after a closing quote.
 */
int csv_split(char *row, char **fields, size_t max);

#endif
