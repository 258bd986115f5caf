/*
 * The graceful stop: SIGTERM or SIGINT.
 *
 * What had arrived when the signal came is echoed, then the stream ends.
 * Nothing of it is lost on the way:
 *
 *   SO_ATTACH_FILTER               lets nobody come to a listener's queue.
 *                                  Those that wait there are let in: the
 *                                  kernel has acknowledged what they sent.
 *                                  A newcomer gets no answer: its TCP tries
 *                                  again after a second, and is refused
 *                                  when the listener is shut by then
 *   shutdown(listener, SHUT_RDWR)  when the queue is empty: wakes a blocked
 *                                  accept() with EINVAL and makes the
 *                                  listener readable for select, poll and
 *                                  epoll. net_admit() then puts a
 *                                  descriptor in its place that is never
 *                                  ready
 *   kill(child, SIGTERM)           stops the children in the same way
 *   shutdown(client, SHUT_WR)      ends the server's stream, once as many
 *                                  bytes have gone back as had arrived at
 *                                  the signal: the kernel counts both
 *                                  (tcp.h)
 *
 * The client reads to that end, and ends its own stream, which the server
 * meets in its usual way: recv() says 0. What comes in between is received
 * and dropped (echo.h): unread, it would reset the connection, and the
 * reset would take back the replies that are still under way. For the same
 * reason there is no SHUT_RD here: after both, the kernel itself answers
 * what comes by a reset. Only a client that has taken all, the end of the
 * stream included, and then is quiet for half a second, gets a SHUT_RD.
 * After --drain-ms the clients that are left are cut: shutdown(client,
 * SHUT_RDWR). A child cuts its own; one that does not end then is killed:
 * kill(child, SIGKILL).
 *
 * All this is done by signal handlers, with calls that are
 * async-signal-safe: at the signal itself, and then in rounds, at each
 * SIGALRM of a timer. A SIGALRM of another origin makes one round more and
 * does no harm, as the clock alone says when the drain is over.
 *
 * For a server that is no echo server the kernel can't count the replies
 * that are still owed. When a client has been quiet for half a second, and
 * nothing is unread or under way, recv() says 0 (SHUT_RD), and the server
 * ends the stream.
 */
#ifndef COMMON_STOP_H
#define COMMON_STOP_H

#include <stdbool.h>

struct stop_plan {
    long max_clients; /* how many may be here at once, at least 1 */
    long drain_ms;    /* from the signal to the cut, 0 or more */
    bool echoes;      /* all that arrives is to go back */
};

/*
 * Makes the census (census.h) and the table of children (children.h),
 * installs the handlers, and unblocks their signals: the process may have
 * been started with these blocked. From then on fork() makes children that
 * stop when they get SIGTERM or their parent dies.
 *
 * Returns  0, or -1 with errno.
 */
int stop_prepare(const struct stop_plan *plan);

/* Starts the rounds that --idle-timeout needs (idle.h). */
void stop_look_for_idle(void);

/*
 * Notes a listener, so that a stop shuts it. net_listen() does this.
 *
 * Returns  0, or -1 with errno (no memory).
 */
int stop_add_listener(int fd);

/* Puts a descriptor that is never ready in the place of a listener that
 * was shut, which would be readable for ever. */
void stop_silence(int listener);

/* Has a signal asked this process to stop, and is nobody left in the queue?
 * Then there is nothing more to accept. */
bool stop_asked(void);

/* Has a signal asked this process to stop, and does somebody still wait in
 * the queue? */
bool stop_has_queue(void);

/* Is there nothing more to accept, as stop_asked() says, and has the last
 * client left? The condition of an event loop. */
bool stop_done(void);

/* Is the drain over? The clients that were still here have been cut. */
bool stop_over(void);

/*
 * To be called when the server accepts no more: waits for the clients and
 * children that are still here, but no longer than the drain.
 *
 * Returns  the exit status: 0; or 1 when clients were cut, which is then
 *          said on stderr.
 */
int stop_wait(void);

/* The exit status of a child that served clients: 0, or 1 when one was
 * cut. children_remove() counts these. */
int stop_status(void);

#endif
