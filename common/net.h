/*
 * Sockets as every server here uses them: listen, accept, send, close.
 *
 * Library rules: a function that fails returns -1 with errno set and prints
 * nothing, unless its comment says that it dies.
 */
#ifndef COMMON_NET_H
#define COMMON_NET_H

#include "common/options.h"

#include <stddef.h>

struct listeners {
    int fds[MAX_PORTS];
    size_t n; /* one per port */
};

/*
 * Opens one listener per port of the options, prepares the graceful stop
 * (stop.h), and prints `listening HOST:PORT` for each on stdout once all of
 * them can be connected to.
 *
 * From then on the process ignores SIGPIPE.
 *
 * The listeners of a model that waits for many sockets at once
 * (options->many_ports) do not block: a newcomer may have left again
 * between "readable" and accept(), which would then wait for the next one
 * (UNP 16.6).
 *
 * Returns  the listeners; the process owns them until it exits.
 * Errors   dies with status 1 and the system's reason.
 */
struct listeners net_listen(const struct options *options);

/*
 * Opens one more listener on each port: the kernel spreads the newcomers
 * over the listeners that share a port (SO_REUSEPORT). A stop shuts all of
 * them at once; one that went away alone would take along who waits in its
 * queue.
 *
 * first    from net_listen()
 * Returns  the others; the process owns them until it exits.
 * Errors   dies with status 1 and the system's reason.
 */
struct listeners net_listen_beside(const struct listeners *first);

/* One end of a connection, for messages. */
struct net_end {
    char name[64]; /* "127.0.0.1:5050", "[::1]:5050"; "?" when unknown */
    int port;      /* 0 when unknown */
};

/*
 * The near end of a socket, and the far one: unknown when the connection
 * has failed meanwhile.
 */
struct net_end net_here(int fd);
struct net_end net_peer(int fd);

/*
 * Takes the next newcomer.
 *
 * At --max-clients, or when this process or the system is out of
 * descriptors, the newcomer is closed at once, and stderr says so when that
 * begins. Otherwise a newcomer would stay in the queue and a
 * level-triggered loop would spin on it.
 *
 * Returns  a descriptor, to be closed by net_close() or, in a conn, by
 *          conn_close(); or -1: nobody (left again, refused, interrupted,
 *          or the server is stopping), in which case the caller carries on.
 */
int net_accept(int listener);

/*
 * The second half of net_accept(), for who lets the kernel accept: is there
 * room for this newcomer under --max-clients? Otherwise it is closed.
 *
 * client   owned by this function until it returns it
 * Returns  client, or -1.
 */
int net_admit(int client);

/*
 * Gives up the reserve for the next newcomer, for who lets the kernel
 * accept, when that failed: out of descriptors, accept() fails before
 * somebody comes. net_admit() wants the reserve back. Where it was given up
 * already, rests for 10 ms.
 */
void net_give_way(void);

/*
 * Closes a newcomer that can't be served, saying what ran out, once for
 * each spell: "forking: fork: Resource temporarily unavailable".
 *
 * client   owned by this function from here on
 * limit    the call or the limit that was met
 */
void net_turn_away(int client, const char *limit);

/*
 * Sends all n bytes, waiting as long as the receiver takes.
 *
 * Returns  0, or -1 with errno (EPIPE, ECONNRESET: the client has left).
 */
int net_send_all(int fd, const void *data, size_t n);

/* Closes a client that net_accept() gave. Leaves errno alone. */
void net_close(int client);

#endif
