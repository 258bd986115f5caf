/*
 * The child processes that serve clients, and get a stop's signals.
 *
 * A child that was forked after stop_prepare() stops by itself, too, when
 * it gets SIGTERM, which it also gets when its parent dies.
 */
#ifndef COMMON_CHILDREN_H
#define COMMON_CHILDREN_H

#include <sys/types.h>

/*
 * most     how many there may be, at least 1
 * Returns  0, or -1 with errno.
 */
int children_prepare(long most);

/*
 * A child has come: it counts as a client. To be called by the parent after
 * fork(). It may have ended, and even been reaped, meanwhile.
 */
void children_add(pid_t pid);

/*
 * A child has ended; status is from waitpid(). May be called in a handler
 * of SIGCHLD. A child that was never added is passed over.
 */
void children_remove(pid_t pid, int status);

/* How many there are, and how many more there may be: after a stop has
 * begun, one if nobody else is there to let in those that wait in the
 * queue. */
long children_count(void);
long children_wanted(void);

/* Sends a signal to each child, and to those that come later. */
void children_tell(int signo);

/* How many have ended otherwise than with status 0 since children_tell().
 */
long children_failed(void);

/* In a child, after fork(): the others are its parent's. */
void children_forget(void);

#endif
