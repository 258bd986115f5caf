/*
 * select/poll: one thread, one array of all sockets.
 *
 * Waits in     poll() on all sockets at once
 * A client is  an entry in an array, and a conn
 * Stops at     the descriptor limit; each turn goes through all entries
 * Differs by   poll(), POLLIN and POLLOUT
 * Chapter      docs/7-further.md
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"

static const struct model model = {
    .name = "select/poll",
    .about = "Echo server: one thread, one array of all sockets.",
    .many_ports = true, /* it waits on several listeners */
    .max_clients = 20000,
};

static struct conn **clients;  /* by descriptor */
static struct pollfd *watched; /* by descriptor: what we wait for */
static int highest;            /* descriptor in the array */

/* Entries that are not in use hold -1, which poll() passes over. */
static void watch(int fd, enum echo_wait what)
{
    watched[fd].fd = what == ECHO_DONE ? -1 : fd;
    watched[fd].events = what == ECHO_WRITE ? POLLOUT : POLLIN;
    if (fd > highest)
        highest = fd;
}

static void welcome(int listener)
{
    int client = accept4(listener, NULL, NULL,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (!net_admit(client, listener))
        return; /* nobody came, or there is no room: it was closed */
    struct conn *conn = conn_open(client);
    if (conn == NULL) {
        net_turn_away(client, "memory");
        return;
    }
    clients[client] = conn;
    watch(client, ECHO_READ);
}

static void advance(struct conn *conn)
{
    enum echo_wait next = echo_step(conn); /* recv(), send() */

    watch(conn->fd, next);
    if (next == ECHO_DONE) {
        clients[conn->fd] = NULL;
        conn_close(conn);
    }
}

static void serve(const struct listeners *listeners)
{
    clients = calloc(net_descriptor_limit(), sizeof(struct conn *));
    watched = calloc(net_descriptor_limit(), sizeof(struct pollfd));
    if (clients == NULL || watched == NULL)
        fatal_errno(model.name, "cannot start");
    for (size_t fd = 0; fd < net_descriptor_limit(); fd++)
        watched[fd].fd = -1;
    for (size_t i = 0; i < listeners->n; i++) {
        int listener = listeners->fds[i];
        fcntl(listener, F_SETFL, O_NONBLOCK); /* accept4() never waits */
        watch(listener, ECHO_READ);
    }
    while (!stop_done()) { /* until SIGTERM, and the last has left */
        if (poll(watched, (nfds_t)highest + 1, -1) == -1)
            continue; /* a signal */
        for (int fd = 0; fd <= highest; fd++) {
            if (watched[fd].revents == 0)
                continue;
            if (clients[fd] == NULL)
                welcome(fd); /* no client, so a listener */
            else
                advance(clients[fd]);
        }
    }
    free(clients);
    free(watched);
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_wait(); /* for those still here; the exit status */
}
