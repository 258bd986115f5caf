#include "common/census.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

enum state { AWAY, HERE, LOOKED_AT };

/* The memory belongs to the thread that brings a client here, until it is
 * HERE, and then to the one that looks at it. */
struct place {
    atomic_uchar state;
    struct memory memory;
};

static struct place *places; /* by descriptor */
static size_t nplaces;
static atomic_int highest; /* no client's descriptor is beyond */
static atomic_long count, children;
static long most;
static atomic_bool waiting; /* a thread is in census_wait() */
static sem_t left;

int census_prepare(long limit)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == -1)
        return -1;
    nplaces = files.rlim_cur < (1 << 20) ? files.rlim_cur : 1 << 20;
    places = calloc(nplaces, sizeof(*places));
    most = limit;
    return places == NULL ? -1 : sem_init(&left, 0, 0);
}

size_t census_descriptor_limit(void)
{
    return nplaces;
}

int census_enter(int fd)
{
    if ((size_t)fd >= nplaces) {
        errno = EMFILE;
        return -1;
    }
    if (++count > most) {
        count--;
        errno = EUSERS;
        return -1;
    }
    int old = highest;
    while (fd > old && !atomic_compare_exchange_weak(&highest, &old, fd))
        ;
    places[fd].memory = (struct memory){0};
    places[fd].state = HERE;
    return 0;
}

/* Returns true when the place was in the first state. Waits for a handler
 * that looks at it in another thread. */
static bool change(struct place *place, enum state from, enum state to)
{
    unsigned char expected = (unsigned char)from;

    while (!atomic_compare_exchange_strong(&place->state, &expected,
                                           (unsigned char)to)) {
        if (expected != LOOKED_AT || from == LOOKED_AT)
            return false;
        expected = (unsigned char)from;
        sched_yield();
    }
    return true;
}

void census_leave(int fd)
{
    if ((size_t)fd >= nplaces || !change(&places[fd], HERE, AWAY))
        return;
    count--;
    census_wake();
}

void census_enter_child(void)
{
    count++;
    children++;
}

void census_leave_child(void)
{
    children--;
    count--;
    census_wake();
}

void census_forget_children(void)
{
    count -= atomic_exchange(&children, 0);
}

long census_count(void)
{
    return count;
}

long census_children(void)
{
    return children;
}

long census_room(void)
{
    return most - count;
}

void census_each(void (*look)(int fd, struct memory *memory))
{
    for (int fd = 0; fd <= highest; fd++) {
        struct place *place = &places[fd];
        unsigned char expected = HERE;

        if (place->state == HERE &&
            atomic_compare_exchange_strong(&place->state, &expected,
                                           LOOKED_AT)) {
            look(fd, &place->memory);
            place->state = HERE;
        }
    }
}

void census_wait(bool (*longer)(void))
{
    waiting = true; /* before it asks: any leave from now on wakes it */
    while (longer())
        sem_wait(&left);
    waiting = false;
}

void census_wake(void)
{
    if (waiting)
        sem_post(&left);
}
