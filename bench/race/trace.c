#include "bench/race/trace.h"

#include "bench/record/calls.h"
#include "common/lab/proc.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 3000 };

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

int trace_keep(const char *out, FILE *calls, struct row *row)
{
    char line[256];
    double total = 0;
    FILE *file = fopen(out, "re");
    struct call call = {
        .turn = row->value[ROW_TURN],
        .echoes = row->value[ROW_ALL_ECHOES],
    };

    if (file == NULL)
        return -1;
    memcpy(call.model, row->model, sizeof(call.model));
    while (fgets(line, sizeof(line), file) != NULL) {
        if (trace_parse(line, call.name, &call.calls) == -1)
            continue;
        calls_write(calls, &call);
        total += call.calls;
    }
    fclose(file);
    unlink(out);
    row->value[ROW_CALLS] = total;
    return total > 0 && fflush(calls) == 0 ? 0 : -1;
}
