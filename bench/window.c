#include "bench/window.h"

#include "common/clock.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* What a scan of /proc takes: it ends just before the window opens. */
static const uint64_t scan_ns = 6000000;
static const uint64_t scan_process_ns = 20000;

static const double late_share = 0.02; /* of the window */

static void sample(const struct window *window, struct edge *edge)
{
    proc_read(&window->tree, &edge->server);
    proc_sample_machine(&edge->machine);
    if (window->job->switches)
        proc_count_switches(&window->tree, &edge->voluntary,
                            &edge->involuntary);
    edge->at_ns = clock_now_ns();
}

static void sleep_until(uint64_t at_ns)
{
    const struct timespec moment = {
        .tv_sec = (time_t)(at_ns / NS_PER_S),
        .tv_nsec = (long)(at_ns % NS_PER_S),
    };

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL);
}

static int find_tree(struct window *window)
{
    proc_forget(&window->tree);
    return proc_find(window->server->pid, &window->tree);
}

/*
 * The processes are looked for as late in the warm-up as is safe: a client
 * that is accepted later has a process that nobody knows of.
 */
static int find_tree_in_warmup(struct window *window, uint64_t begun_ns)
{
    uint64_t connections = window->job->clients + window->job->idle;
    uint64_t need_ns = scan_ns + scan_process_ns * connections;
    uint64_t until_ns = begun_ns + window->warmup_ns / 2;

    if (window->warmup_ns > 2 * need_ns)
        until_ns = begun_ns + window->warmup_ns - need_ns;
    sleep_until(until_ns);
    return find_tree(window);
}

static int gone(struct generator *generator)
{
    snprintf(generator->error, sizeof(generator->error),
             "the server is gone");
    errno = 0;
    return -1;
}

static int watch_edges(struct window *window, struct generator *generator,
                       struct row *row)
{
    uint64_t at_ns;

    if (generator_wait(generator, "connected", &at_ns) == -1)
        return -1;
    if (find_tree_in_warmup(window, at_ns) == -1)
        return gone(generator);
    if (generator_wait(generator, "start", &at_ns) == -1)
        return -1;
    sample(window, &window->start);
    window->late_us = (double)(window->start.at_ns - at_ns) / 1e3;
    if (window->job->memory) { /* no rate is wanted: time for a scan */
        if (find_tree(window) == -1)
            return gone(generator);
        row->value[ROW_PSS_KIB] = (double)proc_pss_kib(&window->tree);
    }
    if (generator_wait(generator, "end", &at_ns) == -1)
        return -1;
    sample(window, &window->end);
    if (proc_find(window->server->pid, &window->after) == -1)
        window->after = (struct proc_tree){0};
    return generator_finish(generator, row);
}

static double micros(uint64_t before_ns, uint64_t after_ns)
{
    return ((double)after_ns - (double)before_ns) / 1e3;
}

/*
 * Better no figure than a wrong one: what was sampled late, and the CPU time
 * of who has more processes after the window than before, though its
 * connections were kept.
 */
static void forget_unknown(const struct window *window, double *v)
{
    bool late = window->late_us > late_share * v[ROW_WINDOW_S] * 1e6;

    if (late || (!window->job->churn && !window->job->memory &&
                 window->after.n > window->tree.n))
        v[ROW_SERVER_CPU_US] = v[ROW_SERVER_USER_US] =
            v[ROW_SERVER_SYSTEM_US] = NAN;
    if (late)
        v[ROW_WIRE_BYTES] = NAN;
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
        v[ROW_SERVER_USER_US] = micros(a->server.user_ns, b->server.user_ns);
        v[ROW_SERVER_SYSTEM_US] =
            micros(a->server.system_ns, b->server.system_ns);
    }
    if (window->job->switches) {
        v[ROW_VOLUNTARY] = (double)(b->voluntary - a->voluntary);
        v[ROW_INVOLUNTARY] = (double)(b->involuntary - a->involuntary);
    }
    v[ROW_WIRE_BYTES] =
        (double)(b->machine.wire_bytes - a->machine.wire_bytes);
    v[ROW_STEAL_SHARE] =
        micros(a->machine.steal_ns, b->machine.steal_ns) / all_us;
    double others = (micros(a->machine.busy_ns, b->machine.busy_ns) -
                     micros(a->server.cpu_ns, b->server.cpu_ns) -
                     v[ROW_GENERATOR_CPU_US]) / all_us;
    v[ROW_OTHERS_SHARE] = others > 0 ? others : 0;
    v[ROW_LATE_US] = window->late_us;
    forget_unknown(window, v);
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
