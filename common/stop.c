#include "common/stop.h"

#include "common/census.h"
#include "common/children.h"
#include "common/clock.h"
#include "common/idle.h"
#include "common/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    FIRST_MS = 10,  /* from the signal to the next round; it doubles ... */
    LAST_MS = 100,  /* ... up to this, from one round to the next */
    GRACE_MS = 200, /* from a child's own cut to its end by SIGKILL */
    QUIET_MS = 500, /* a client that is quiet so long may be let go */
};

struct listener {
    int fd;
    struct listener *next;
};

static struct listener *_Atomic listeners; /* never shortened */
static atomic_bool shared; /* in a child: the parent has them, too */

static atomic_bool asked;        /* by a signal */
static atomic_bool closed;       /* accept() is over, too */
static atomic_bool over;         /* the drain */
static atomic_llong deadline_ms; /* of the drain, by clock_now_ms() */
static atomic_long pause_ms = FIRST_MS;
static atomic_long cut;
static struct stop_plan plan;
static int silent = -1; /* a descriptor that is never ready to be read */
static pid_t parent;    /* of a child: the process that has forked it */

/* --- what a round does --------------------------------------------------
 */

static void next_round_in(long ms)
{
    const struct itimerval timer = {
        .it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}};

    setitimer(ITIMER_REAL, &timer, NULL);
}

/* Does the server still owe something to this client? */
static bool is_owed(int client, const struct tcp *tcp, uint64_t arrived)
{
    int unread = 0;

    if (plan.echoes)
        return tcp->written < arrived;
    ioctl(client, FIONREAD, &unread);
    return unread > 0 || tcp->taken < tcp->written ||
           tcp->quiet_ms < QUIET_MS;
}

static void cut_off(int client, struct memory *memory, bool has_all)
{
    if (!memory->cut && !has_all)
        cut++;
    memory->cut = true;
    shutdown(client, SHUT_RDWR);
}

static void see_off(int client, struct memory *memory)
{
    struct tcp tcp = {0};
    bool is_tcp = tcp_look(client, &tcp);

    if (!memory->seen)
        memory->arrived = tcp.arrived;
    memory->seen = true;
    if (over)
        cut_off(client, memory, tcp.end_taken);
    else if (!is_tcp || (tcp.end_taken && tcp.quiet_ms >= QUIET_MS))
        shutdown(client, SHUT_RD);
    else if (!memory->ended && !is_owed(client, &tcp, memory->arrived)) {
        memory->ended = true;
        shutdown(client, plan.echoes ? SHUT_WR : SHUT_RD);
    }
}

/* How many milliseconds to wait for the next round. */
static long pause_of_a_stop(void)
{
    const int64_t left_ms = deadline_ms - clock_now_ms();
    const long ms = pause_ms;

    pause_ms = 2 * ms < LAST_MS ? 2 * ms : LAST_MS;
    return left_ms > 0 && left_ms < ms ? (long)left_ms : ms;
}

/*
 * From here on nobody comes to the queue: all that a listener gets is
 * dropped, as if it were lost on the way. A client tries again, and meets
 * no listener. Where the listener is shared, its owner does this.
 */
static void bar_listeners(void)
{
    struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
    const struct sock_fprog program = {.len = 1, .filter = &drop};

    for (struct listener *one = listeners; one != NULL; one = one->next)
        if (!shared)
            setsockopt(one->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
                       sizeof(program));
}

static long count_queue(void)
{
    long n = 0;

    for (struct listener *one = listeners; one != NULL; one = one->next)
        n += tcp_queue(one->fd);
    return n;
}

/*
 * shutdown() of a shared listener would end it for all processes, so a
 * child replaces its own descriptor: accept() then fails, or is
 * interrupted, as there is no SA_RESTART. A child whose parent has died
 * does so at once: it would keep the port.
 */
static void end_listeners(void)
{
    bool orphan = shared && getppid() != parent;
    long queued = orphan ? 0 : count_queue();

    if (closed || (queued > 0 && !over))
        return;
    if (!shared)
        cut += queued;
    closed = true;
    for (struct listener *one = listeners; one != NULL; one = one->next)
        if (shared)
            stop_silence(one->fd);
        else
            shutdown(one->fd, SHUT_RDWR);
}

static void look_around(void)
{
    if (!asked) {
        census_each(idle_look);
        return;
    }
    const int64_t late_ms = clock_now_ms() - deadline_ms;

    over = late_ms >= 0;
    /* A child cuts its client itself, unless it has no time for that. */
    if (late_ms >= GRACE_MS)
        children_tell(SIGKILL);
    end_listeners();
    census_each(see_off);
    if (over)
        census_wake();
}

/* A stop may begin meanwhile, in another thread or by a handler. Its round
 * comes sooner than one for idle clients, and must not be put off. */
static void plan_next_round(void)
{
    bool stopping;

    do {
        stopping = asked;
        long ms = stopping ? pause_of_a_stop() : idle_interval_ms();
        if (ms > 0)
            next_round_in(ms);
    } while (stopping != asked);
}

static void make_a_round(void)
{
    static atomic_flag busy = ATOMIC_FLAG_INIT; /* in another thread */

    if (!atomic_flag_test_and_set(&busy)) {
        look_around();
        atomic_flag_clear(&busy);
    }
    plan_next_round();
}

/* --- signals ------------------------------------------------------------
 */

static void on_alarm(int signo)
{
    int saved_errno = errno;

    (void)signo;
    make_a_round();
    errno = saved_errno;
}

static void on_stop(int signo)
{
    static atomic_flag told = ATOMIC_FLAG_INIT;
    int saved_errno = errno;

    (void)signo;
    if (!atomic_flag_test_and_set(&told)) {
        bar_listeners(); /* before a round of any thread counts the queue */
        deadline_ms = clock_now_ms() + plan.drain_ms;
        asked = true;
        /* Children first: those that accept on one listener would all wake
         * when it is shut, find nothing and try again, and leave this
         * process no time to tell them. */
        children_tell(SIGTERM);
        make_a_round();
    }
    errno = saved_errno;
}

static sigset_t our_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGALRM);
    sigaddset(&set, SIGCHLD);
    return set;
}

static int install_handlers(void)
{
    const sigset_t ours = our_signals();
    /* No SA_RESTART: all calls here are ready for EINTR, and a runtime that
     * defers a handler until the call is over, as ThreadSanitizer does,
     * gets it. */
    struct sigaction act = {.sa_handler = on_stop, .sa_mask = ours};

    if (sigaction(SIGTERM, &act, NULL) == -1 ||
        sigaction(SIGINT, &act, NULL) == -1)
        return -1;
    act.sa_handler = on_alarm;
    if (sigaction(SIGALRM, &act, NULL) == -1)
        return -1;
    signal(SIGCHLD, SIG_DFL); /* ignored, it leaves no child to reap */
    /* The parent process may have blocked them, and exec() keeps that. */
    return sigprocmask(SIG_UNBLOCK, &ours, NULL);
}

/* --- fork() -------------------------------------------------------------
 */

/* Until a child has a state of its own, no handler runs in it. */
static sigset_t before_fork;

static void hold_signals(void)
{
    const sigset_t ours = our_signals();

    parent = getpid();
    pthread_sigmask(SIG_BLOCK, &ours, &before_fork);
}

static void release_signals(void)
{
    pthread_sigmask(SIG_SETMASK, &before_fork, NULL);
}

/* A timer is not inherited. No child outlives its parent for longer than
 * the drain: it would keep the port, or wait for ever for a client. */
static void begin_child(void)
{
    children_forget();
    shared = true;
    cut = 0;
    if (asked || idle_interval_ms() > 0)
        next_round_in(FIRST_MS);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        raise(SIGTERM); /* the parent died before that call */
    release_signals();
}

/* ------------------------------------------------------------------------
 */

int stop_prepare(const struct stop_plan *of)
{
    static bool fork_is_watched;
    int error = 0;

    plan = *of;
    if (census_prepare(plan.max_clients) == -1 ||
        children_prepare(plan.max_clients) == -1)
        return -1;
    if (silent == -1)
        silent = eventfd(0, EFD_CLOEXEC);
    if (silent == -1)
        return -1;
    if (!fork_is_watched)
        error = pthread_atfork(hold_signals, release_signals, begin_child);
    fork_is_watched = true;
    errno = error;
    return error != 0 ? -1 : install_handlers();
}

void stop_look_for_idle(void)
{
    plan_next_round();
}

int stop_add_listener(int fd)
{
    struct listener *one = malloc(sizeof(*one));

    if (one == NULL)
        return -1;
    *one = (struct listener){.fd = fd, .next = listeners};
    listeners = one;
    if (closed)
        shutdown(fd, SHUT_RDWR); /* the handler may have been too early */
    return 0;
}

void stop_silence(int listener)
{
    dup3(silent, listener, O_CLOEXEC);
}

bool stop_asked(void)
{
    return closed;
}

bool stop_has_queue(void)
{
    return asked && !closed && count_queue() > 0;
}

bool stop_done(void)
{
    return closed && census_count() == 0;
}

bool stop_over(void)
{
    return over;
}

int stop_status(void)
{
    return cut > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Children are waited for until they are killed. Clients are not waited
 * for after the cut: a thread may still work for one of them. */
static bool somebody_is_left(void)
{
    return census_children() > 0 || (census_count() > 0 && !over);
}

int stop_wait(void)
{
    census_wait(somebody_is_left);
    cut += children_failed();
    if (cut > 0)
        fprintf(stderr,
                "stop: cut %ld client%s that had not finished after "
                "%ld ms\n",
                (long)cut, cut == 1 ? "" : "s", plan.drain_ms);
    return stop_status();
}
