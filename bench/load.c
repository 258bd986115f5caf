/*
 * load: talks to an echo server as many clients and measures it.
 *
 * One epoll thread holds all clients (bench/load/load.h); this file
 * has what is around them: limits, signals, and the commands on stdin.
 */
#include "bench/load/load.h"
#include "bench/load/report.h"
#include "bench/load/turn.h"
#include "common/clock.h"
#include "common/options.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static const char name[] = "load";

static struct load load;

static void on_signal(int signo)
{
    (void)signo;
    load.cut = 1; /* looked at in each round */
}

static void catch_signals(void)
{
    const struct sigaction act = {.sa_handler = on_signal};

    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
}

/* As many descriptors as the load needs, and some for ourselves. */
static void raise_descriptors(const struct load_options *options)
{
    rlim_t needed = (rlim_t)(options->clients + options->idle + 16);
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        fatal_errno(name, "getrlimit");
    if (needed <= limit.rlim_cur)
        return;
    if (needed > limit.rlim_max)
        fatal(name,
              "%ld clients and %ld idle connections need %llu "
              "descriptors, a process may have %llu here (ulimit -Hn); "
              "several processes can share the load",
              options->clients, options->idle, (unsigned long long)needed,
              (unsigned long long)limit.rlim_max);
    limit.rlim_cur = needed;
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        fatal_errno(name, "setrlimit");
}

static void pin(const struct load_options *options)
{
    cpu_set_t allowed, set;

    if (options->ncpus == 0)
        return;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == -1)
        fatal_errno(name, "sched_getaffinity");
    CPU_ZERO(&set);
    for (size_t i = 0; i < options->ncpus; i++) {
        if (!CPU_ISSET(options->cpus[i], &allowed))
            fatal(name,
                  "--cpu: processor %zu is none that this process may "
                  "use",
                  options->cpus[i]);
        CPU_SET(options->cpus[i], &set);
    }
    if (sched_setaffinity(0, sizeof(set), &set) == -1)
        fatal_errno(name, "sched_setaffinity");
}

/* --- one turn, and its result -------------------------------------- */

/* What the process's exit status says, and stderr beside it. */
static int status_of_run(void)
{
    bool nobody = load.options->churn ? load.turn.connects == 0
                                      : load.connected == 0;

    if (load.cut)
        fprintf(stderr, "%s: cut short by a signal\n", name);
    else if (nobody)
        fprintf(stderr, "%s: %s: nobody could connect\n", name,
                load.options->target_text);
    return load.cut || nobody ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run_once(void)
{
    const struct load_options *options = load.options;
    uint64_t began_ns = clock_now_ns();

    catch_signals();
    turn_gather(&load);
    uint64_t connect_ns = clock_now_ns() - began_ns;
    turn_run(&load, options->warmup_ns + options->duration_ns,
             options->warmup_ns, options->drain_ns);
    turn_leave(&load);
    if (report_result(&load, connect_ns) == -1)
        fatal_errno(name, "the result could not be written");
    return status_of_run();
}

/* --- as many turns as we are told ---------------------------------- */

/* Errors count since they were told last. */
static int tell(int report(const struct load *load))
{
    int result = report(&load);

    memset(load.errors, 0, sizeof(load.errors));
    load.other_errno = 0;
    return result;
}

static struct hoses hoses; /* of the last turn */

static int report_hosed(const struct load *driven)
{
    return report_hoses(driven, &hoses);
}

/* Returns -1: the answer could not be written. */
static int obey(const char *line)
{
    const uint64_t most = 3600000;
    unsigned long drive_ms, open_ms;
    unsigned long drain_ms = load.options->drain_ns / NS_PER_MS;
    int end = 0;

    if (strcmp(line, "again\n") == 0) {
        turn_ask_all(&load);
        return tell(report_asked);
    }
    if (sscanf(line, "turn %lu %lu%n %lu%n", &drive_ms, &open_ms, &end,
               &drain_ms, &end) < 2 ||
        strcmp(line + end, "\n") != 0 || drive_ms > most ||
        open_ms > drive_ms || drain_ms > most)
        fatal(name,
              "%.60s: turn MS OPEN-MS [DRAIN-MS] or again is accepted",
              line);
    if (load.options->hoses > 0) {
        if (hoses_run(&load, drive_ms * NS_PER_MS, drain_ms * NS_PER_MS,
                      &hoses) == -1)
            fatal_errno(name, "no memory for the hoses");
        return tell(report_hosed);
    }
    turn_run(&load, drive_ms * NS_PER_MS, open_ms * NS_PER_MS,
             drain_ms * NS_PER_MS);
    return tell(report_turn);
}

/* A signal ends us at once, as it would anybody. */
static int run_turns(void)
{
    char line[64];

    turn_gather(&load);
    if (tell(report_ready) == -1)
        fatal_errno(name, "stdout");
    while (fgets(line, sizeof(line), stdin) != NULL)
        if (obey(line) == -1)
            fatal_errno(name, "stdout");
    turn_leave(&load);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static struct pattern pattern;

    options_keep_streams();
    struct load_options options = load_options_parse(argc, argv);
    pattern_fill(&pattern, (size_t)options.size);
    raise_descriptors(&options);
    pin(&options);
    if (load_open(&load, &options, &pattern) == -1)
        fatal_errno(name, "cannot begin");
    int status = options.turns ? run_turns() : run_once();
    load_close(&load);
    return status;
}
