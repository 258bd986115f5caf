/*
 * load: talks to an echo server as many clients and measures it.
 *
 * One epoll thread (or more, see --threads) holds all clients; here is what
 * happens around them: the plan of the run, signals, progress, the result.
 *
 *   load_options   the command line
 *   load_target    the server's address, and ours
 *   load_client    one connection: its bytes
 *   load_talk      what a worker does with a client
 *   load_worker    a thread and its phases
 *   load_result    all threads together; load_report prints it
 */
#include "bench/load/options.h"
#include "bench/load/result.h"
#include "bench/load/worker.h"
#include "common/clock.h"
#include "common/options.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const char name[] = "load";

static struct run run;

static void on_signal(int signo)
{
    (void)signo;
    run.cut = true; /* the threads look within 20 ms */
}

static void catch_signals(void)
{
    const struct sigaction act = {.sa_handler = on_signal,
                                  .sa_flags = SA_RESTART};

    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
}

/* As many descriptors as the load needs, and some for ourselves. */
static void raise_descriptors(const struct load_options *options)
{
    rlim_t needed = (rlim_t)(options->clients + options->idle +
                             options->threads + 16);
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

static void start(struct worker **workers)
{
    unsigned threads = (unsigned)run.options->threads;

    errno = pthread_barrier_init(&run.barrier, NULL, threads + 1);
    if (errno != 0)
        fatal_errno(name, "pthread_barrier_init");
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = worker_new(&run, i);
        if (workers[i] == NULL)
            fatal_errno(name, "no memory for the clients");
        errno = pthread_create(&workers[i]->thread, NULL, worker_run,
                               workers[i]);
        if (errno != 0)
            fatal_errno(name, "pthread_create");
    }
}

/* All are connected, or have failed to: plans the rest. */
static void plan(struct worker *const *workers)
{
    bool anybody = run.options->churn;

    pthread_barrier_wait(&run.barrier);
    for (long i = 0; i < run.options->threads; i++)
        anybody |= workers[i]->connected > 0;
    run.start_ns = clock_now_ns();
    run.window_ns = run.end_ns = run.start_ns;
    if (anybody) {
        run.window_ns += run.options->warmup_ns;
        run.end_ns = run.window_ns + run.options->duration_ns;
    }
    pthread_barrier_wait(&run.barrier);
}

/* With --wait: all threads are silent until a line comes, or the end of
 * standard input. */
static void wait_for_reader(const char *what)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte;

    pthread_barrier_wait(&run.barrier);
    dprintf(STDOUT_FILENO, "%s %llu\n", what,
            (unsigned long long)clock_now_ns());
    while (!run.cut) {
        if (poll(&input, 1, 20) == 1 &&
            (read(STDIN_FILENO, &byte, 1) <= 0 || byte == '\n'))
            break;
    }
}

/* The window begins when the reader has done, not when it was planned. */
static void plan_window(void)
{
    uint64_t length_ns = run.end_ns - run.window_ns;

    wait_for_reader("ready");
    run.start_ns = run.window_ns = clock_now_ns();
    run.end_ns = run.window_ns + length_ns;
    pthread_barrier_wait(&run.barrier);
}

/* On a terminal, until the end of the window. */
static void show_progress(struct worker *const *workers)
{
    const struct timespec pause = {.tv_nsec = 200 * (long)NS_PER_MS};
    unsigned long long before = 0;

    while (isatty(STDERR_FILENO) && clock_now_ns() < run.end_ns &&
           !run.cut) {
        unsigned long long now = 0;
        nanosleep(&pause, NULL);
        for (long i = 0; i < run.options->threads; i++)
            now += workers[i]->round_trips;
        fprintf(stderr, "\r%.1f of %.1f s, %llu round trips/s \033[K",
                (double)(clock_now_ns() - run.start_ns) / 1e9,
                (double)(run.end_ns - run.start_ns) / 1e9,
                (now - before) * 5);
        before = now;
    }
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

/* What the process's exit status says, and stderr beside it. */
static int status_of(const struct load_result *result)
{
    const char *target = result->options->target_text;
    bool nobody = result->options->churn ? result->window.connects == 0 &&
                                               result->warmup.connects == 0
                                         : result->connected == 0;

    if (result->cut_short)
        fprintf(stderr, "%s: cut short by a signal\n", name);
    else if (nobody)
        fprintf(stderr, "%s: %s: nobody could connect\n", name, target);
    return result->cut_short || nobody ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static struct pattern pattern;
    static struct worker *workers[MAX_THREADS];
    static struct load_result result;
    struct load_options options = load_options_parse(argc, argv);
    uint64_t began_ns = clock_now_ns();

    pattern_fill(&pattern, (size_t)options.size);
    run.options = &options;
    run.pattern = &pattern;
    raise_descriptors(&options);
    pin(&options);
    prctl(PR_SET_TIMERSLACK, 1); /* or every planned moment is 50 us late */
    catch_signals();
    start(workers);
    plan(workers);
    result.connect_ns = run.start_ns - began_ns;
    if (options.wait)
        plan_window();
    show_progress(workers);
    if (options.wait) {
        wait_for_reader("quiet");
        pthread_barrier_wait(&run.barrier);
    }
    for (long i = 0; i < options.threads; i++)
        pthread_join(workers[i]->thread, NULL);

    result.options = &options;
    result.cut_short = run.cut;
    if (load_result_collect(&result, workers, (size_t)options.threads) ==
        -1)
        fatal_errno(name, "no memory for the result");
    if (load_report(&result) == -1)
        fatal_errno(name, "the result could not be written");
    for (long i = 0; i < options.threads; i++)
        worker_free(workers[i]);
    return status_of(&result);
}
