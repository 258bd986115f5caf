/*
 * The census: the clients of this process, by descriptor, and their number
 * together with that of its children (children.h), for --max-clients.
 *
 * Any thread may call these functions, and a signal handler may look at
 * the clients at any time.
 */
#ifndef COMMON_CENSUS_H
#define COMMON_CENSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What stop.c and idle.c remember of a client. All zero when it comes. */
struct memory {
    /* of stop.c */
    bool seen;        /* since the stop was asked for */
    bool ended;       /* our end of the stream was sent */
    bool cut;         /* shut, because the drain is over */
    uint64_t arrived; /* bytes, when it was first seen */
    /* of idle.c */
    uint64_t moved;   /* bytes, in both directions */
    int64_t moved_ms; /* when these were seen; 0: never yet */
};

/*
 * Makes room for every descriptor that this process may have: the limit
 * when it starts, but at most 2^20.
 *
 * most     how many may be here at once, at least 1
 * Returns  0, or -1 with errno.
 */
int census_prepare(long most);

/* Every descriptor of this process is lower than this. */
size_t census_descriptor_limit(void);

/*
 * A client comes.
 *
 * Returns  0, or -1 with errno: EMFILE, the descriptor is beyond the limit,
 *          which was raised from outside (prlimit(1)); EUSERS, as many as
 *          may be are here.
 */
int census_enter(int fd);

/* A client leaves; call it before close(). One that is not here is passed
 * over. */
void census_leave(int fd);

/* A child that serves a client comes, and leaves. */
void census_enter_child(void);
void census_leave_child(void);

/* How many are here now, and how many of these are children. */
long census_count(void);
long census_children(void);

/* How many more may come: --max-clients less those that are here. */
long census_room(void);

/*
 * Shows each client to look(), while it can't leave. Async-signal-safe if
 * look() is. A client that another thread looks at just then is passed
 * over.
 */
void census_each(void (*look)(int fd, struct memory *memory));

/* Waits while longer() is true. It is asked again when a client leaves,
 * after a signal, and after census_wake(), which a handler may call. */
void census_wait(bool (*longer)(void));
void census_wake(void);

/* In a child process, after fork(): the children are its parent's. */
void census_forget_children(void);

#endif
