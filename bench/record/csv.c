#include "bench/record/csv.h"

#include <string.h>

void csv_write(FILE *file, const char *field, int first)
{
    if (!first)
        fputc(',', file);
    if (strpbrk(field, ",\"\r\n") == NULL) {
        fputs(field, file);
        return;
    }
    fputc('"', file);
    for (; *field != '\0'; field++) {
        if (*field == '"')
            fputc('"', file);
        fputc(*field == '\n' || *field == '\r' ? ' ' : *field, file);
    }
    fputc('"', file);
}

/*
 * Takes the quotes off a field that begins with one.
 *
 * Returns  where the field ends in the row; NULL when it is malformed.
 */
static char *unquote(char *field)
{
    char *to = field;
    char *from = field + 1;

    for (;; from++) {
        if (*from == '\0')
            return NULL;
        if (*from == '"' && *++from != '"')
            break;
        *to++ = *from;
    }
    if (*from != ',' && *from != '\0')
        return NULL;
    if (to != from)
        *to = '\0';
    return from;
}

int csv_split(char *row, char **fields, size_t max)
{
    size_t n = 0;

    for (char *at = row;; at++) {
        if (n == max)
            return -1;
        fields[n++] = at;
        at = *at == '"' ? unquote(at) : at + strcspn(at, ",");
        if (at == NULL)
            return -1;
        if (*at == '\0')
            return (int)n;
        *at = '\0';
    }
}
