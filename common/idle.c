#include "common/idle.h"

#include "common/clock.h"
#include "common/stop.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/time.h>

/* Only the thread that a client belongs to goes to its place. Another one
 * may have had the descriptor before: stop.c's count, which falls after the
 * one has left here and rises before the other comes, orders the two. */
struct place {
    uint64_t since_ns; /* its last byte; 0: there is no client */
    short awaited;     /* for poll() */
    TAILQ_ENTRY(place) link;
};

static uint64_t limit_ns;    /* 0: nobody is idle */
static struct place *places; /* by descriptor; NULL: the kernel counts */
/* Longest silent first. */
static _Thread_local TAILQ_HEAD(order, place) order;

int idle_prepare(uint64_t timeout_ns, bool loop)
{
    limit_ns = timeout_ns;
    if (limit_ns == 0 || !loop)
        return 0;
    places = calloc(stop_descriptors(), sizeof(*places));
    return places == NULL ? -1 : 0;
}

static void let_kernel_count(int fd)
{
    const uint64_t us = (limit_ns + 999) / 1000; /* 0 would mean: never */
    const struct timeval limit = {
        .tv_sec = (time_t)(us / 1000000),
        .tv_usec = (suseconds_t)(us % 1000000),
    };

    /* Linux refuses no time of that form. */
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

static void append(struct place *place, short awaited, uint64_t now_ns)
{
    place->since_ns = now_ns;
    place->awaited = awaited;
    TAILQ_INSERT_TAIL(&order, place, link);
}

void idle_add_client(int fd)
{
    if (limit_ns == 0)
        return;
    if (places == NULL) {
        let_kernel_count(fd);
        return;
    }
    if (order.tqh_last == NULL) /* this thread's first client */
        TAILQ_INIT(&order);
    append(&places[fd], POLLIN, clock_now_ns());
}

void idle_remove_client(int fd)
{
    if (places == NULL || (size_t)fd >= stop_descriptors() ||
        places[fd].since_ns == 0)
        return;
    TAILQ_REMOVE(&order, &places[fd], link);
    places[fd].since_ns = 0;
}

void idle_touch(int fd, short awaited)
{
    if (places == NULL)
        return;
    TAILQ_REMOVE(&order, &places[fd], link);
    append(&places[fd], awaited, clock_now_ns());
}

/* A busy loop may not have come to what is there already: then it is the
 * client who waits. */
static void shut_if_idle(int fd, short awaited)
{
    struct pollfd one = {.fd = fd, .events = awaited};

    if (poll(&one, 1, 0) == 0)
        shutdown(fd, SHUT_RDWR); /* wakes whatever waits for it */
}

int idle_wait_ms(void)
{
    if (TAILQ_EMPTY(&order))
        return -1;
    const uint64_t now_ns = clock_now_ns();
    struct place *first = TAILQ_FIRST(&order);
    while (now_ns - first->since_ns >= limit_ns) {
        shut_if_idle((int)(first - places), first->awaited);
        TAILQ_REMOVE(&order, first, link);
        append(first, first->awaited, now_ns);
        first = TAILQ_FIRST(&order);
    }
    const uint64_t left_ns = limit_ns - (now_ns - first->since_ns);
    return (int)(left_ns / NS_PER_MS) + 1;
}

void idle_sweep(void)
{
    idle_wait_ms();
}
