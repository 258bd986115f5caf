#include "bench/race/window.h"

#include "common/clock.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

static void sample(const struct window *window, struct edge *edge)
{
    proc_read(&window->tree, &edge->server);
    proc_sample_machine(&edge->machine);
    if (window->job->switches)
        proc_count_switches(&window->tree, &edge->voluntary,
                            &edge->involuntary);
    edge->at_ns = clock_now_ns();
}

static int gone(struct generator *generator)
{
    snprintf(generator->error, sizeof(generator->error),
             "the server is gone");
    errno = 0;
    return -1;
}

/* The generator is silent at either edge: there is time for a scan. */
static int watch_edges(struct window *window, struct generator *generator,
                       struct row *row)
{
    pid_t server = window->server->pid;

    if (generator_wait(generator, "ready") == -1)
        return -1;
    if (proc_find(server, &window->tree) == -1)
        return gone(generator);
    if (window->job->memory)
        row->value[ROW_PSS_KIB] = (double)proc_pss_kib(&window->tree);
    sample(window, &window->start);
    generator_go_on(generator);
    if (generator_wait(generator, "quiet") == -1)
        return -1;
    sample(window, &window->end);
    if (proc_find(server, &window->after) == -1)
        return gone(generator);
    generator_go_on(generator);
    return generator_finish(generator, row);
}

static double micros(uint64_t before_ns, uint64_t after_ns)
{
    return ((double)after_ns - (double)before_ns) / 1e3;
}

static void add_samples(const struct window *window, struct row *row)
{
    const struct edge *a = &window->start;
    const struct edge *b = &window->end;
    double *v = row->value;
    double cores = (double)sysconf(_SC_NPROCESSORS_ONLN);
    double all_us = cores * micros(a->at_ns, b->at_ns);

    v[ROW_TASKS] = window->tree.tasks;
    v[ROW_SERVER_CPU_US] = micros(a->server.cpu_ns, b->server.cpu_ns);
    if (b->server.user_ns + b->server.system_ns > 0) {
        v[ROW_SERVER_USER_US] = micros(a->server.user_ns,
                                       b->server.user_ns);
        v[ROW_SERVER_SYSTEM_US] = micros(a->server.system_ns,
                                         b->server.system_ns);
    }
    if (window->job->switches) {
        v[ROW_VOLUNTARY] = (double)(b->voluntary - a->voluntary);
        v[ROW_INVOLUNTARY] = (double)(b->involuntary - a->involuntary);
    }
    v[ROW_WIRE_BYTES] = (double)(b->machine.wire_bytes -
                                 a->machine.wire_bytes);
    v[ROW_STEAL_SHARE] = micros(a->machine.steal_ns, b->machine.steal_ns) /
                         all_us;
    double others = (micros(a->machine.busy_ns, b->machine.busy_ns) -
                     micros(a->server.cpu_ns, b->server.cpu_ns) -
                     v[ROW_GENERATOR_CPU_US]) /
                    all_us;
    v[ROW_OTHERS_SHARE] = others > 0 ? others : 0;
    /* More processes than before, though the connections were kept: their
     * time is not known, and no figure is better than a wrong one. */
    if (!window->job->churn && window->after.n > window->tree.n)
        v[ROW_SERVER_CPU_US] = NAN;
}

int window_watch(struct window *window, struct generator *generator,
                 struct row *row)
{
    if (watch_edges(window, generator, row) == -1)
        return -1;
    add_samples(window, row);
    return 0;
}

void window_forget(struct window *window)
{
    proc_forget(&window->tree);
    proc_forget(&window->after);
}
