/*
 * The graceful stop: who is to be told when SIGTERM or SIGINT comes.
 *
 * The signal handler calls nothing but what is async-signal-safe:
 *
 *   shutdown(listener, SHUT_RDWR)  wakes a blocked accept() with EINVAL and
 *                                  makes the listener readable for select,
 *                                  poll and epoll
 *   shutdown(client, SHUT_RD)      lets recv() take what has arrived and
 *                                  then say 0: the usual end of a client
 *   kill(child, SIGTERM)           passes the word on
 *
 * So no server needs a line for it but the condition of its loop, and there
 * is no moment in which the signal could be missed: accept() on a listener
 * that is shut down fails at once. After --drain-ms whoever is left is cut:
 * shutdown(client, SHUT_RDWR), kill(child, SIGKILL).
 *
 * Any thread may call these functions.
 */
#ifndef COMMON_STOP_H
#define COMMON_STOP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Installs the handlers for SIGTERM and SIGINT, and lets these through, as
 * SIGALRM and SIGCHLD, should the process have been started with them held.
 *
 * max_clients  how many may be here at once, at least 1
 * drain_ms     milliseconds from the signal to the cut, 0 or more
 * Returns      0, or -1 with errno.
 */
int stop_prepare(long max_clients, long drain_ms);

/*
 * Notes a listener, so that a stop shuts it. net_listen() does this.
 *
 * Returns  0, or -1 when the descriptor is beyond the table (EMFILE).
 */
int stop_add_listener(int fd);

/* Has a signal asked this process to stop? */
bool stop_asked(void);

/* Has it, and is the last client gone? The condition of an event loop. */
bool stop_done(void);

/* Is the drain over? Who was left has been cut, and hears no reply. */
bool stop_over(void);

/* How many are here now: noted clients and children together. */
long stop_count(void);

/* How many more may come before --max-clients are here. */
long stop_room(void);

/*
 * Above every client's descriptor: the process's limit when it started, but
 * at most 2^20.
 */
size_t stop_descriptors(void);

/*
 * Notes a client, so that a stop reaches it. net_accept() does this.
 *
 * Returns  how many are here now, this one included; or -1 when the
 *          descriptor is beyond the table (EMFILE).
 */
long stop_add_client(int fd);

/* Forgets a client, before it is closed; one that was not noted is let
 * pass. net_close() does this. */
void stop_remove_client(int fd);

/*
 * Notes a child process that serves a client; forget it when it is reaped.
 * Call both with the signals held: a child may die before it is noted.
 */
void stop_add_child(pid_t pid);
void stop_remove_child(pid_t pid);

/*
 * In a child, after fork(): the listeners and the other children are the
 * parent's to stop.
 */
void stop_forget_family(void);

/*
 * In a child that accepts beside others, after stop_forget_family(): a stop
 * closes the child's own descriptor of the listener. Its accept() then
 * fails (EBADF; EINTR, where it was blocked, as there is no SA_RESTART);
 * shutting the listener down would end the parent's and the other
 * children's.
 */
void stop_share_listener(int listener);

/* Holds back SIGTERM, SIGINT, SIGALRM and SIGCHLD. Returns what was held
 * back before. */
sigset_t stop_hold(void);

/* Lets them through again. */
void stop_release(const sigset_t *before);

/*
 * The exit status: 0, or 1 when clients had to be cut, which is then said
 * on stderr.
 */
int stop_status(void);

#endif
