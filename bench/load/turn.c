#include "bench/load/turn.h"

#include "bench/load/due.h"
#include "bench/load/talk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
    EVENTS = 64,          /* the most to hear of at once: a round of them is
                             how exactly a window begins and ends */
    CONNECTING_MAX = 128, /* at once, while the clients gather */
};

static const uint64_t sweep_every_ns = 20 * NS_PER_MS;
static const uint64_t goodbye_ns = NS_PER_S;

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/*
 * To be woken at this moment, or before it. A timer that is set once in a
 * turn: a time given to epoll_wait() would be set and taken back for every
 * wait, and has no nanoseconds before Linux 5.11 (epoll_pwait2).
 */
static void set_timer(struct load *load, uint64_t wake_ns)
{
    const struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)(wake_ns / NS_PER_S),
                     .tv_nsec = (long)(wake_ns % NS_PER_S)},
    };

    if (load->armed_ns > load->now_ns && load->armed_ns <= wake_ns)
        return;
    load->armed_ns = wake_ns;
    timerfd_settime(load->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static int wait_until(struct load *load, struct epoll_event *events,
                      uint64_t end_ns)
{
    uint64_t wake_ns = earlier(earlier(end_ns, load->sweep_ns),
                               due_next_ns(load));
    bool sleeps = wake_ns > load->now_ns && !load->options->spin;

    if (sleeps)
        set_timer(load, wake_ns);
    return epoll_wait(load->epoll_fd, events, EVENTS, sleeps ? -1 : 0);
}

/* Moves on when the time has come; n events are there. */
static void move_on(struct load *load, int n)
{
    struct turn *turn = &load->turn;

    if (load->phase == PHASE_OPENING && turn->queued == 0 &&
        load->now_ns >= turn->window_ns)
        load->phase = PHASE_WINDOW;
    /* Fewer than we can take at once: nothing else is there. */
    if (n < EVENTS || turn->queued < EVENTS)
        turn->queued = 0;
    else
        turn->queued -= EVENTS;
    if (load->phase <= PHASE_WINDOW && load->phase != PHASE_GATHER &&
        load->now_ns >= turn->end_ns) {
        load->phase = PHASE_DRAIN;
        load->sending = false;
    }
}

/*
 * One round: waits, at most until end_ns, and does what there is to do.
 *
 * The clock is read once, when the wait is over: the echoes that it told of
 * were all there by then. What those in front cost a client is so part of
 * its next latency and not of this one; in sum that is the same, and to
 * read the clock for each echo costs about 1 % of the rate.
 */
static void go_round(struct load *load, uint64_t end_ns)
{
    struct epoll_event events[EVENTS];
    int n = wait_until(load, events, end_ns);

    load->now_ns = clock_now_ns();
    move_on(load, n);
    for (int i = 0; i < n; i++)         /* n is -1 after a signal */
        if (events[i].data.ptr != NULL) /* that is the timer */
            talk_advance(load, events[i].data.ptr, events[i].events);
    talk_start_due(load);
    if (load->now_ns >= load->sweep_ns) {
        talk_sweep(load);
        load->sweep_ns = load->now_ns + sweep_every_ns;
    }
}

/* The idle ones first: a client that comes to a full house is to find it
 * full. */
static struct client *next_to_connect(struct load *load, size_t i)
{
    return &load->clients[i < load->nidle ? load->nclients + i
                                          : i - load->nidle];
}

static void forget_turn(struct load *load)
{
    memset(&load->turn, 0, sizeof(load->turn));
    load->turn.start_ns = load->now_ns;
}

/* Has nobody had an echo for so long that nobody else will? */
static bool is_quiet(const struct load *load)
{
    uint64_t since_ns = load->turn.start_ns;

    if (load->served_ns > since_ns)
        since_ns = load->served_ns;
    return load->options->quiet_ns > 0 &&
           load->now_ns - since_ns > load->options->quiet_ns;
}

/* One more client is connected, or asked. */
typedef void begin_fn(struct load *load, struct client *client);

static void greet(struct load *load, struct client *client)
{
    if (client->state == CLIENT_READY) { /* churn */
        if (load->greets)
            talk_start(load, client);
    } else {
        talk_connect(load, client);
    }
}

static void ask(struct load *load, struct client *client)
{
    if (client->state == CLIENT_READY)
        talk_start(load, client);
}

/* Begins with every client, and waits for all of them. */
static void go_through_all(struct load *load, begin_fn *begin,
                           uint64_t patience_ns)
{
    size_t total = load->nidle + load->nclients;
    uint64_t end_ns = load->now_ns + patience_ns;
    size_t next = 0;

    while ((next < total || load->connecting + load->flight > 0) &&
           load->now_ns < end_ns && !load->cut && !is_quiet(load)) {
        for (; next < total &&
               load->connecting + load->flight < CONNECTING_MAX;
             next++)
            begin(load, next_to_connect(load, next));
        if (load->connecting + load->flight > 0)
            go_round(load, end_ns);
    }
    talk_stop_connecting(load);
    talk_park(load);
}

void turn_gather(struct load *load)
{
    const struct load_options *options = load->options;

    load->now_ns = clock_now_ns();
    forget_turn(load);
    load->phase = PHASE_GATHER;
    load->greets = options->patience_ns > 0;
    go_through_all(load, greet,
                   load->greets ? options->patience_ns
                                : options->connect_timeout_ns);
    load->greets = false;
    load->now_ns = clock_now_ns();
    load->turn.done_ns = load->now_ns;
}

size_t turn_ask_all(struct load *load)
{
    load->now_ns = clock_now_ns();
    forget_turn(load);
    load->phase = PHASE_GATHER;
    go_through_all(load, ask, load->options->patience_ns);
    load->turn.done_ns = load->now_ns;
    return load->turn.all_echoes;
}

void turn_begin(struct load *load, uint64_t drive_ns, uint64_t open_ns)
{
    struct turn *turn = &load->turn;

    load->now_ns = clock_now_ns();
    forget_turn(load);
    turn->cpu = clock_thread_cpu();
    turn->window_ns = turn->start_ns + open_ns;
    turn->end_ns = turn->start_ns + drive_ns;
    turn->first_ns = turn->window_ns;
    for (size_t i = 0; i < load->nclients; i++)
        load->clients[i].echoes = 0;
    load->sweep_ns = load->now_ns + sweep_every_ns;
}

/* Those that wait when the turn is over may be the longest of all. */
static void count_waiting(struct load *load)
{
    struct turn *turn = &load->turn;

    for (size_t i = 0; i < load->nclients; i++) {
        uint64_t wait_ns = talk_wait_ns(load, &load->clients[i]);
        if (wait_ns > turn->longest_ns)
            turn->longest_ns = wait_ns;
    }
    if (turn->latency.max > turn->longest_ns)
        turn->longest_ns = turn->latency.max;
}

static void drain(struct load *load, uint64_t drain_ns)
{
    uint64_t end_ns = load->now_ns + drain_ns;

    load->phase = PHASE_DRAIN;
    load->sending = false;
    load->turn.cut_ns = load->now_ns;
    while (load->flight > 0 && load->now_ns < end_ns && !load->cut)
        go_round(load, end_ns);
    load->turn.drained = load->flight == 0;
}

void turn_end(struct load *load)
{
    struct turn *turn = &load->turn;
    struct clock_cpu before = turn->cpu;

    turn->done_ns = load->now_ns;
    count_waiting(load);
    talk_count_unanswered(load);
    turn->cpu = clock_thread_cpu();
    turn->cpu.total_ns -= before.total_ns;
    turn->cpu.user_ns -= before.user_ns;
    turn->cpu.sys_ns -= before.sys_ns;
}

void turn_run(struct load *load, uint64_t drive_ns, uint64_t open_ns,
              uint64_t drain_ns)
{
    bool churn = load->options->churn;

    turn_begin(load, drive_ns, open_ns);
    load->phase = PHASE_OPENING;
    load->sending = load->options->rate == 0;
    if (!load->sending)
        due_plan(load);
    else if (open_ns > 0)
        load->turn.queued = talk_start_all(load);
    else
        talk_start_all(load);
    while (load->phase < PHASE_DRAIN && !load->cut &&
           (load->open > 0 || churn))
        go_round(load, load->turn.end_ns);
    drain(load, drain_ns);
    turn_end(load);
}

void turn_leave(struct load *load)
{
    load->now_ns = clock_now_ns();
    uint64_t end_ns = load->now_ns + goodbye_ns;

    load->phase = PHASE_LEAVE;
    talk_leave(load);
    while (load->open > 0 && load->now_ns < end_ns && !load->cut)
        go_round(load, end_ns);
}

static int open_epoll(struct load *load)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};

    load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    load->timer_fd = timerfd_create(CLOCK_MONOTONIC,
                                    TFD_CLOEXEC | TFD_NONBLOCK);
    if (load->epoll_fd == -1 || load->timer_fd == -1)
        return -1;
    return epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, load->timer_fd, &event);
}

int load_open(struct load *load, const struct load_options *options,
              const struct pattern *pattern)
{
    size_t n = (size_t)(options->clients + options->idle);

    *load = (struct load){
        .options = options,
        .pattern = pattern,
        .nclients = (size_t)options->clients,
        .nidle = (size_t)options->idle,
        .epoll_fd = -1,
        .timer_fd = -1,
        .rng = {clock_now_ns()},
        .clients = calloc(n, sizeof(struct client)),
        .due = calloc((size_t)options->clients, sizeof(struct client *)),
        .buf = malloc(RECEIVE_MAX),
        .samples = calloc((size_t)options->samples + 1,
                          sizeof(load->samples[0])),
    };
    if (load->clients == NULL || load->due == NULL || load->buf == NULL ||
        load->samples == NULL || open_epoll(load) == -1)
        return -1;
    for (size_t i = 0; i < n; i++)
        load->clients[i] = load_client_new((uint32_t)i,
                                           i >= load->nclients);
    for (size_t i = 0; options->churn && i < load->nclients; i++)
        load->clients[i].state = CLIENT_READY;
    return 0;
}

void load_close(struct load *load)
{
    int reason = errno;

    if (load->epoll_fd != -1)
        close(load->epoll_fd);
    if (load->timer_fd != -1)
        close(load->timer_fd);
    free(load->clients);
    free(load->due);
    free(load->buf);
    free(load->samples);
    errno = reason;
}
