#include "bench/race/trace.h"

#include "bench/record/csv.h"
#include "common/lab/proc.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 3000, FIELDS = 5 };

static const char *const header[FIELDS] = {"model", "round", "call",
                                           "calls", "echoes"};

bool trace_possible(void)
{
    return system("command -v strace >/dev/null 2>&1") == 0;
}

int trace_wrap(char **argv, const char *out)
{
    const char *const before[] = {"strace", "-f", "-c", "-o", out, "--"};
    const size_t more = sizeof(before) / sizeof(before[0]);
    size_t n = 0;

    while (argv[n] != NULL)
        n++;
    if (n + more >= LAUNCH_ARGS)
        return -1;
    memmove(argv + more, argv, (n + 1) * sizeof(*argv));
    for (size_t i = 0; i < more; i++) {
        argv[i] = strdup(before[i]);
        if (argv[i] == NULL) { /* what was moved would be lost */
            while (i > 0)
                free(argv[--i]);
            memmove(argv, argv + more, (n + 1) * sizeof(*argv));
            return -1;
        }
    }
    return 0;
}

void trace_stop(struct server *server)
{
    const struct timespec moment = {.tv_nsec = 5000000};
    struct proc_tree tree;
    int status;

    if (proc_find(server->pid, &tree) == -1)
        return;
    for (size_t i = 1; i < tree.n; i++) /* not strace: it would let go */
        kill(tree.pids[i], SIGTERM);
    for (int ms = 0; ms < WAIT_MS && !launcher_ended(server, &status);
         ms += 5)
        nanosleep(&moment, NULL);
    proc_forget(&tree);
}

int trace_parse(const char *line, char name[32], double *calls)
{
    char a[32], b[32];

    /* "  0.00    0.000000    0    23    19 close"; errors may be missing */
    int n = sscanf(line, " %*f %*f %*u %lf %31s %31s", calls, a, b);
    if (n < 2)
        return -1;
    snprintf(name, 32, "%s", n == 3 ? b : a);
    return strcmp(name, "total") == 0 ? -1 : 0;
}

void trace_write_header(FILE *file)
{
    for (int i = 0; i < FIELDS; i++)
        csv_write(file, header[i], i == 0);
    fputc('\n', file);
}

int trace_keep(const char *out, FILE *calls, struct row *row)
{
    char line[256];
    char name[32];
    double count;
    double total = 0;
    FILE *file = fopen(out, "re");

    if (file == NULL)
        return -1;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (trace_parse(line, name, &count) == -1)
            continue;
        csv_write(calls, row->model, 1);
        fprintf(calls, ",%.0f,%s,%.0f,%.0f\n", row->value[ROW_ROUND], name,
                count, row->value[ROW_ALL_ECHOES]);
        total += count;
    }
    fclose(file);
    unlink(out);
    row->value[ROW_CALLS] = total;
    return total > 0 && fflush(calls) == 0 ? 0 : -1;
}

static int read_call(struct call *call, char *line)
{
    char *fields[FIELDS];
    char *end;
    double *numbers[FIELDS] = {NULL, &call->round, NULL, &call->calls,
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

int trace_read(struct calls *calls, const char *path, char *error,
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
