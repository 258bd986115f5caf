#include "bench/load/worker.h"

#include "bench/load/talk.h"
#include "common/options.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS = 64,          /* the most to hear of at once: a round of them is
                             how exactly a window begins and ends */
    CONNECTING_MAX = 128, /* at once, while the clients gather */
};

static const uint64_t sweep_every_ns = 20 * NS_PER_MS;
static const uint64_t goodbye_ns = NS_PER_S;
static const uint64_t settle_ns = 50 * NS_PER_MS;
/* With --marks, see --help. */
static const uint64_t after_mark_ns = 5 * NS_PER_MS;

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static int wait_until(struct worker *worker, struct epoll_event *events,
                      uint64_t end_ns)
{
    uint64_t wake_ns = earlier(end_ns, worker->sweep_ns);

    wake_ns = earlier(wake_ns, talk_next_due_ns(worker));
    uint64_t wait_ns = 0;
    if (wake_ns > worker->now_ns && !worker->run->options->spin)
        wait_ns = wake_ns - worker->now_ns;
    const struct timespec wait = {
        .tv_sec = (time_t)(wait_ns / NS_PER_S),
        .tv_nsec = (long)(wait_ns % NS_PER_S),
    };
    return epoll_pwait2(worker->epoll_fd, events, EVENTS, &wait, NULL);
}

/*
 * One turn: waits, at most until end_ns, and does what there is to do.
 *
 * The clock is read once, when the wait is over: the echoes that it told of
 * were all there by then. What those in front cost a client is so part of
 * its next latency and not of this one; in sum that is the same, and to
 * read the clock for each echo costs about 1 % of the rate.
 */
static void turn(struct worker *worker, uint64_t end_ns)
{
    struct epoll_event events[EVENTS];
    int n = wait_until(worker, events, end_ns);

    worker->now_ns = clock_now_ns();
    for (int i = 0; i < n; i++) /* n is -1 after a signal */
        talk_advance(worker, events[i].data.ptr, events[i].events);
    talk_start_due(worker);
    if (worker->now_ns >= worker->sweep_ns) {
        talk_sweep(worker);
        worker->sweep_ns = worker->now_ns + sweep_every_ns;
    }
    atomic_store_explicit(&worker->round_trips,
                          worker->warmup.round_trips +
                              worker->window.round_trips,
                          memory_order_relaxed);
}

static void turn_until(struct worker *worker, uint64_t end_ns)
{
    while (worker->now_ns < end_ns && !worker->run->cut)
        turn(worker, end_ns);
}

/* The idle ones first: who comes to a full house is to find it full. */
static struct client *next_to_connect(struct worker *worker, size_t i)
{
    return &worker->clients[i < worker->nidle ? worker->nclients + i
                                              : i - worker->nidle];
}

static void connect_all(struct worker *worker)
{
    const struct load_options *options = worker->run->options;
    size_t total = worker->nidle + (options->churn ? 0 : worker->nclients);
    size_t next = 0;

    worker->now_ns = clock_now_ns();
    uint64_t end_ns = worker->now_ns + options->connect_timeout_ns;
    while ((next < total || worker->connecting > 0) &&
           worker->now_ns < end_ns && !worker->run->cut) {
        for (; next < total && worker->connecting < CONNECTING_MAX; next++)
            talk_connect(worker, next_to_connect(worker, next));
        if (worker->connecting > 0)
            turn(worker, end_ns);
    }
    talk_stop_connecting(worker);
}

static void mark(const struct worker *worker, const char *what)
{
    if (worker->run->options->marks && worker->index == 0)
        dprintf(STDOUT_FILENO, "%s %llu\n", what,
                (unsigned long long)worker->now_ns);
}

static void begin_window(struct worker *worker)
{
    talk_flight(worker, 0);
    worker->flight_sum = 0;
    worker->tally = &worker->window;
    worker->began_ns = worker->now_ns;
    worker->cpu = clock_thread_cpu();
    mark(worker, "start");
}

/* A thread that came late to its window measures as long as the others; but
 * an open loop has its plan. */
static uint64_t window_end_ns(const struct worker *worker)
{
    const struct run *run = worker->run;

    if (run->options->rate != 0)
        return run->end_ns;
    return worker->began_ns + run->end_ns - run->window_ns;
}

static void end_window(struct worker *worker)
{
    struct clock_cpu cpu = clock_thread_cpu();

    talk_start_due(worker); /* should we have been held up until the end */
    mark(worker, "end");
    talk_flight(worker, 0);
    worker->sending = false;
    worker->tally = &worker->after;
    worker->ended_ns = worker->now_ns;
    if (worker->ended_ns > worker->began_ns)
        worker->in_flight = worker->flight_sum /
                            (double)(worker->ended_ns - worker->began_ns);
    worker->cpu.total_ns = cpu.total_ns - worker->cpu.total_ns;
    worker->cpu.user_ns = cpu.user_ns - worker->cpu.user_ns;
    worker->cpu.sys_ns = cpu.sys_ns - worker->cpu.sys_ns;
    for (size_t i = 0; i < worker->nclients; i++) {
        const struct client *client = &worker->clients[i];
        uint64_t wait_ns = talk_wait_ns(worker, client);
        if (wait_ns > worker->longest_ns)
            worker->longest_ns = wait_ns;
        worker->served += client->echoes > 0;
        worker->unserved += client->echoes == 0 &&
                            client->state != CLIENT_READY;
    }
}

/* Open loop: what was planned in the window may still come back. */
static void drain(struct worker *worker)
{
    uint64_t end_ns = worker->now_ns + worker->run->options->timeout_ns;

    while (worker->flight > 0 && worker->now_ns < end_ns &&
           !worker->run->cut)
        turn(worker, end_ns);
    talk_count_unanswered(worker);
}

/* Leaves the server as it was found, with nobody and nothing in its queues:
 * every client ends its stream and waits for the server's end. */
static void say_goodbye(struct worker *worker)
{
    uint64_t end_ns = worker->now_ns + goodbye_ns;

    if (worker->run->options->marks)
        turn_until(worker, worker->now_ns + after_mark_ns);
    talk_leave(worker);
    while (worker->open > 0 && worker->now_ns < end_ns && !worker->run->cut)
        turn(worker, end_ns);
}

/* With --wait: nothing new, until what is under way is back; but not for
 * ever, some may never be served. */
static void settle(struct worker *worker)
{
    uint64_t end_ns = worker->now_ns + settle_ns;

    worker->sending = false;
    while (worker->flight > 0 && worker->now_ns < end_ns &&
           !worker->run->cut)
        turn(worker, end_ns);
}

/* Between two meetings somebody reads what the server has used. */
static void pause_for_reader(struct worker *worker)
{
    if (!worker->run->options->wait)
        return;
    settle(worker);
    pthread_barrier_wait(&worker->run->barrier);
    pthread_barrier_wait(&worker->run->barrier);
    worker->now_ns = clock_now_ns();
}

static void start_load(struct worker *worker)
{
    worker->sending = true;
    if (worker->run->options->rate == 0)
        talk_start_all(worker);
}

static void pin(const struct worker *worker)
{
    const struct load_options *options = worker->run->options;
    cpu_set_t set;

    if (options->ncpus == 0)
        return;
    CPU_ZERO(&set);
    CPU_SET(options->cpus[worker->index % options->ncpus], &set);
    sched_setaffinity(0, sizeof(set), &set);
}

/* A thread that could be cancelled writes that down, atomically, around
 * each recv() and send(), where it is not set already: 2 % of an echo. So
 * it is set for good, and nobody can cancel. */
static void forbid_cancelling(void)
{
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    /* NOLINTNEXTLINE(concurrency-thread-canceltype-asynchronous) */
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
}

/* Descriptors of a thread's own need no locks, which is 2 % of an echo.
 * Where that is forbidden, in some containers, it goes without. */
static void own_descriptors(void)
{
#ifndef __SANITIZE_THREAD__ /* it takes equal numbers for the same file */
    (void)unshare(CLONE_FILES);
#endif
}

void *worker_run(void *arg)
{
    struct worker *worker = arg;
    struct run *run = worker->run;

    own_descriptors();
    forbid_cancelling();
    pin(worker);
    connect_all(worker);
    pthread_barrier_wait(&run->barrier);
    pthread_barrier_wait(&run->barrier);
    worker->now_ns = clock_now_ns();
    worker->flight_ns = worker->now_ns;
    start_load(worker);
    turn_until(worker, run->window_ns);
    if (run->options->wait) {
        pause_for_reader(worker);
        talk_replan(worker);
    }
    begin_window(worker);
    if (run->options->wait)
        start_load(worker);
    turn_until(worker, window_end_ns(worker));
    end_window(worker);
    if (run->options->rate != 0)
        drain(worker);
    pause_for_reader(worker);
    say_goodbye(worker);
    return NULL;
}

/* Thread t of T has the clients t, t + T, t + 2T ...: how many of n? */
static size_t share(long n, const struct worker *worker)
{
    size_t threads = (size_t)worker->run->options->threads;

    return ((size_t)n + threads - 1 - worker->index) / threads;
}

struct worker *worker_new(struct run *run, unsigned index)
{
    struct worker *worker = calloc(1, sizeof(*worker));

    if (worker == NULL)
        return NULL;
    worker->run = run;
    worker->index = index;
    worker->nclients = share(run->options->clients, worker);
    worker->nidle = share(run->options->idle, worker);
    worker->tally = &worker->warmup;
    worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    worker->buf = malloc(RECEIVE_MAX);
    size_t n = worker->nclients + worker->nidle;
    worker->clients = calloc(n, sizeof(struct client));
    if (worker->epoll_fd == -1 || worker->buf == NULL ||
        worker->clients == NULL) {
        worker_free(worker);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        worker->clients[i] = load_client_new(
            (uint32_t)(i * (size_t)run->options->threads + index),
            i >= worker->nclients);
    if (run->options->churn)
        for (size_t i = 0; i < worker->nclients; i++)
            worker->clients[i].state = CLIENT_READY;
    return worker;
}

void worker_free(struct worker *worker)
{
    int reason = errno;

    if (worker->epoll_fd != -1)
        close(worker->epoll_fd);
    free(worker->clients);
    free(worker->buf);
    free(worker);
    errno = reason;
}
