#include "common/stop.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

/*
 * The handlers read what the rest of the process writes, so all of it is
 * atomic. Whoever adds a client looks at `asked` afterwards and the handler
 * sets `asked` before it looks for clients: one of the two sees the other.
 */
static atomic_bool asked;
static atomic_long count;

/* What a stop does about a descriptor. */
enum role {
    NOBODY,
    CLIENT,   /* let it finish */
    LISTENER, /* shut it */
    SHARED,   /* a listener that others use, too: only close it */
};

static atomic_uchar *roles; /* by descriptor */
static atomic_size_t ndescriptors;
static atomic_int highest; /* no descriptor with a role is beyond */

static _Atomic pid_t *children; /* 0: a free place */
static size_t nchildren;

static timer_t drain_timer;
static struct itimerspec drain;
static long drain_ms;
static atomic_bool over; /* the drain is */
static atomic_long cut;

/* Async-signal-safe, as all that a handler calls. Returns how many. */
static long tell_all(int how, int signo)
{
    long told = 0;

    for (int fd = 0; fd <= highest; fd++)
        if (roles[fd] == CLIENT) {
            shutdown(fd, how);
            told++;
        }
    for (size_t i = 0; i < nchildren; i++) {
        pid_t pid = children[i];
        if (pid != 0) {
            kill(pid, signo);
            told++;
        }
    }
    return told;
}

static void end_listeners(void)
{
    for (int fd = 0; fd <= highest; fd++) {
        if (roles[fd] == LISTENER)
            shutdown(fd, SHUT_RDWR);
        if (roles[fd] == SHARED)
            close(fd);
    }
}

static void on_stop(int signo)
{
    int saved_errno = errno;

    (void)signo;
    if (!atomic_exchange(&asked, true)) {
        /* Children first: those who accept beside each other would all wake
         * when the listener is shut, find nothing and try again, and leave
         * this process no time to tell them. */
        tell_all(SHUT_RD, SIGTERM);
        end_listeners();
        timer_settime(drain_timer, 0, &drain, NULL);
    }
    errno = saved_errno;
}

static void on_drain_over(int signo)
{
    int saved_errno = errno;

    (void)signo;
    over = true;
    cut += tell_all(SHUT_RDWR, SIGKILL);
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

int stop_prepare(long max_clients, long ms)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return -1;
    ndescriptors = limit.rlim_cur < (1 << 20) ? limit.rlim_cur : 1 << 20;
    nchildren = (size_t)max_clients;
    roles = calloc(ndescriptors, sizeof(*roles));
    children = calloc(nchildren, sizeof(*children));
    if (roles == NULL || children == NULL)
        return -1;

    drain_ms = ms;
    drain.it_value.tv_sec = ms / 1000;
    drain.it_value.tv_nsec = ms % 1000 * 1000000;
    if (ms == 0)
        drain.it_value.tv_nsec = 1; /* 0 would mean: never */
    if (timer_create(CLOCK_MONOTONIC, NULL, &drain_timer) == -1)
        return -1;

    /* No SA_RESTART: all calls here are ready for EINTR, and who defers a
     * handler until the call is over, as ThreadSanitizer does, gets it. */
    struct sigaction act = {
        .sa_handler = on_stop,
        .sa_mask = our_signals(),
    };
    if (sigaction(SIGTERM, &act, NULL) == -1 ||
        sigaction(SIGINT, &act, NULL) == -1)
        return -1;
    act.sa_handler = on_drain_over; /* the timer sends SIGALRM */
    if (sigaction(SIGALRM, &act, NULL) == -1)
        return -1;
    /* Who started us may have held them, and exec() keeps that. */
    const sigset_t ours = our_signals();
    return sigprocmask(SIG_UNBLOCK, &ours, NULL);
}

bool stop_asked(void)
{
    return asked;
}

bool stop_done(void)
{
    return asked && count == 0;
}

bool stop_over(void)
{
    return over;
}

long stop_count(void)
{
    return count;
}

long stop_room(void)
{
    return (long)nchildren - count;
}

size_t stop_descriptors(void)
{
    return ndescriptors;
}

static int note(int fd, enum role role)
{
    if ((size_t)fd >= ndescriptors) {
        errno = EMFILE;
        return -1;
    }
    int old = highest;
    while (fd > old && !atomic_compare_exchange_weak(&highest, &old, fd))
        ;
    roles[fd] = (unsigned char)role;
    return 0;
}

int stop_add_listener(int fd)
{
    if (note(fd, LISTENER) == -1)
        return -1;
    if (asked)
        shutdown(fd, SHUT_RDWR); /* the handler may have been too early */
    return 0;
}

long stop_add_client(int fd)
{
    if (note(fd, CLIENT) == -1)
        return -1;
    long now = ++count;
    if (asked)
        shutdown(fd, SHUT_RD); /* the handler may have been too early */
    return now;
}

void stop_remove_client(int fd)
{
    /* Beyond the table is who stop_add_client() refused: the limit may have
     * been raised from outside (prlimit(1)) since the table was made. */
    if ((size_t)fd < ndescriptors &&
        atomic_exchange(&roles[fd], NOBODY) == CLIENT)
        count--;
}

void stop_add_child(pid_t pid)
{
    for (size_t i = 0; i < nchildren; i++)
        if (children[i] == 0) {
            children[i] = pid;
            count++;
            return;
        }
}

void stop_remove_child(pid_t pid)
{
    for (size_t i = 0; i < nchildren; i++)
        if (children[i] == pid) {
            children[i] = 0;
            count--;
            return;
        }
}

void stop_forget_family(void)
{
    for (size_t i = 0; i < nchildren; i++)
        if (children[i] != 0)
            count--;
    nchildren = 0;
    for (int fd = 0; fd <= highest; fd++)
        if (roles[fd] == LISTENER)
            roles[fd] = NOBODY;
}

void stop_share_listener(int listener)
{
    roles[listener] = SHARED;
}

sigset_t stop_hold(void)
{
    sigset_t set = our_signals();
    sigset_t before;

    pthread_sigmask(SIG_BLOCK, &set, &before);
    return before;
}

void stop_release(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

int stop_status(void)
{
    if (cut == 0)
        return EXIT_SUCCESS;
    fprintf(stderr,
            "stop: cut %ld client%s that had not finished after "
            "%ld ms\n",
            (long)cut, cut == 1 ? "" : "s", drain_ms);
    return EXIT_FAILURE;
}
