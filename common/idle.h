/*
 * Who has been silent for too long: --idle-timeout.
 *
 * A client is idle when recv() had no byte from it and send() found no
 * room for a byte of its reply for that long: it says nothing, or it does
 * not read. One byte either way, and its time begins anew; who sends a byte
 * a second is not idle. The time counts while we wait for the client, not
 * while it waits for us.
 *
 * As the kernel keeps megabytes for who reads slowly, and tells of room
 * when a third of it is free, who reads a long reply by trickles can be
 * idle by this. nginx's send_timeout counts the same way.
 *
 * A model that blocks for one client at a time has the kernel count:
 * SO_RCVTIMEO and SO_SNDTIMEO let recv() and send() fail with EAGAIN. As
 * a send() that placed some bytes is called again for the rest, who stops
 * reading may have up to twice the time.
 *
 * A loop keeps its clients in the order of their last byte. As the time is
 * the same for all, the first is always the next to be idle: a list does,
 * and no heap is needed. Who is idle has its connection shut, and leaves by
 * the usual way, at its next step.
 *
 * Without the option nothing of this is done. With it, a loop reads the
 * clock for each recv() and send(), and calls the kernel for those alone
 * whose time is over.
 */
#ifndef COMMON_IDLE_H
#define COMMON_IDLE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Says how this process does it. net_listen() does this, after
 * stop_prepare().
 *
 * timeout_ns  0: nobody is idle
 * loop        for a model that waits for many sockets at once
 * Returns     0, or -1 with errno (no memory).
 */
int idle_prepare(uint64_t timeout_ns, bool loop);

/*
 * A client comes, and goes: net_admit() and net_close() do this. A loop's
 * client belongs to the thread that it came to. Who has not come may go.
 */
void idle_add_client(int fd);
void idle_remove_client(int fd);

/*
 * Of a loop: a byte has come from this client, or gone to it.
 *
 * fd       was added, by this thread
 * awaited  what we wait for now, as for poll(): POLLIN, POLLOUT, both, or
 *          0
 */
void idle_touch(int fd, short awaited);

/*
 * Of a loop, once a turn: shuts the connections of this thread's clients
 * that are idle.
 *
 * Returns  how long to wait for the next of them: milliseconds, as for
 *          poll(), at least 1; or -1 when there is nobody to wait for.
 */
int idle_wait_ms(void);

/* The same, for who waits for something else. */
void idle_sweep(void);

#endif
