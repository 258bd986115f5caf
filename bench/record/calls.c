#include "bench/record/calls.h"

#include "bench/record/csv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 5 };

static const char *const header[FIELDS] = {"model", "turn", "call", "calls",
                                           "echoes"};

void calls_write_header(FILE *file)
{
    for (int i = 0; i < FIELDS; i++)
        csv_write(file, header[i], i == 0);
    fputc('\n', file);
}

void calls_write(FILE *file, const struct call *call)
{
    csv_write(file, call->model, 1);
    fprintf(file, ",%.0f", call->turn);
    csv_write(file, call->name, 0);
    fprintf(file, ",%.0f,%.0f\n", call->calls, call->echoes);
}

static int read_call(struct call *call, char *line)
{
    char *fields[FIELDS];
    char *end;
    double *numbers[FIELDS] = {NULL, &call->turn, NULL, &call->calls,
                               &call->echoes};

    if (csv_split(line, fields, FIELDS) != FIELDS)
        return -1;
    snprintf(call->model, sizeof(call->model), "%s", fields[0]);
    snprintf(call->name, sizeof(call->name), "%s", fields[2]);
    for (int i = 0; i < FIELDS; i++) {
        if (numbers[i] == NULL)
            continue;
        *numbers[i] = strtod(fields[i], &end);
        if (end == fields[i] || *end != '\0' || !isfinite(*numbers[i]))
            return -1;
    }
    return 0;
}

/* A line of the file, without its end. Returns NULL, or what is wrong. */
static const char *add_call(struct calls *calls, char *line)
{
    struct call *more = realloc(calls->all, (calls->n + 1) * sizeof(*more));

    if (more == NULL)
        return "no memory";
    calls->all = more;
    if (read_call(&more[calls->n], line) == -1)
        return "no count of a call";
    calls->n++;
    return NULL;
}

static int read_calls(struct calls *calls, FILE *file, const char *path,
                      char *error, size_t size)
{
    const char *wrong = NULL;
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    for (long number = 1;
         wrong == NULL && (n = getline(&line, &room, file)) > 0; number++) {
        if (line[n - 1] != '\n') /* a killed run was writing it */
            break;
        line[n - 1] = '\0';
        if (number > 1)
            wrong = add_call(calls, line);
        if (wrong != NULL)
            snprintf(error, size, "%s, line %ld: %s", path, number, wrong);
    }
    free(line);
    return wrong == NULL ? 0 : -1;
}

int calls_read(struct calls *calls, const char *path, char *error,
               size_t size)
{
    FILE *file = fopen(path, "re");

    *calls = (struct calls){0};
    if (file == NULL) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        return -1;
    }
    int result = read_calls(calls, file, path, error, size);
    fclose(file);
    return result;
}
