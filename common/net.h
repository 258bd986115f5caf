/*
 * Sockets as every server here uses them: listen, accept, send, close.
 *
 * Library rules: a function that fails returns -1 with errno set and prints
 * nothing, unless its comment says that it dies.
 */
#ifndef COMMON_NET_H
#define COMMON_NET_H

#include "common/options.h"

#include <stdbool.h>
#include <stddef.h>

enum { MAX_LISTENERS = MAX_PORTS };

struct listeners {
    int fds[MAX_LISTENERS];
    size_t n; /* one for each port and address */
};

/*
 * Opens a listener for each port of the options, prepares the graceful stop
 * (stop.h), and prints `listening HOST:PORT` for each on stdout once all of
 * them can be connected to.
 *
 * A host name may have several addresses, as localhost has ::1 and
 * 127.0.0.1: there is a listener for each, or, where the model can wait on
 * one alone (options->many_ports), for the first; stderr then says so. An
 * address that this machine does not have is left out, which stderr says,
 * too.
 *
 * The listeners block. From then on the process ignores SIGPIPE.
 *
 * Returns  the listeners; the process owns them until it exits.
 * Errors   dies with status 1 and the system's reason.
 */
struct listeners net_listen(const struct options *options);

/*
 * Opens one more listener beside each: the kernel spreads the newcomers
 * over the listeners that share a port (SO_REUSEPORT). A stop shuts all of
 * them at once; one that went away alone would take along the newcomers in
 * its queue.
 *
 * first    from net_listen()
 * Returns  the others; the process owns them until it exits.
 * Errors   dies with status 1 and the system's reason.
 */
struct listeners net_listen_beside(const struct listeners *first);

/* Every descriptor of this process is lower than this: the size of a table
 * by descriptor. Known after net_listen(). */
size_t net_descriptor_limit(void);

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
 * May this newcomer come in? To be asked after each accept().
 *
 * client    what accept() returned, with its errno: a newcomer, or -1
 * listener  where it came from
 * Returns   true: it is counted, for net_close() or, in a conn, for
 *           conn_close(). False: there is nobody to serve, and the caller
 *           carries on: it left again, or a signal came, or
 *
 *           - as many as --max-clients are here: it was closed;
 *           - this process or the system has no more descriptors. Newcomers
 *             would stay in the queue, and the listener would be ready
 *             again and again: so a spare descriptor is given up for the
 *             next one, which is then closed;
 *           - the server is stopping: the listener is made never to be
 *             ready again.
 *
 *           stderr says what ran out when newcomers begin to be closed.
 */
bool net_admit(int client, int listener);

/*
 * Closes the descriptor kept in reserve, so that the next call that needs
 * one succeeds; where that is gone already, rests for 10 ms. The next
 * net_admit() opens it again.
 */
void net_give_way(void);

/*
 * Closes a newcomer that can't be served, saying what ran out, once for
 * each spell: "forking: fork: Resource temporarily unavailable". It says
 * nothing while nobody reads stderr and a pipe there is full.
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

/* Closes a client that net_admit() let in. Leaves errno alone. */
void net_close(int client);

#endif
