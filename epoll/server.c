/*
 * epoll: one thread, the kernel remembers the sockets.
 *
 * Waits in     epoll_wait() on all sockets at once
 * A client is  an entry in the kernel's list, and a conn
 * Stops at     the descriptor limit
 * Differs by   epoll_create1(), epoll_ctl(), epoll_wait()
 * Chapter      docs/6-epoll.md
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"

static const struct model model = {
    .name = "epoll",
    .about = "Echo server: one thread, the kernel remembers the sockets.",
    .many_ports = true, /* it waits on several listeners */
    .max_clients = 20000,
};

enum { EVENTS = 64 }; /* the most to hear of at once; the rest waits */

static struct conn **clients; /* by descriptor */
static int epoll_fd;

/* op is EPOLL_CTL_ADD or EPOLL_CTL_MOD. */
static int watch(int fd, int op, enum echo_wait what)
{
    struct epoll_event event = {
        .events = what == ECHO_WRITE ? EPOLLOUT : EPOLLIN,
        .data.fd = fd,
    };

    return epoll_ctl(epoll_fd, op, fd, &event);
}

static void welcome(int listener)
{
    int client = accept4(listener, NULL, NULL,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (!net_admit(client, listener))
        return; /* nobody came, or there is no room: it was closed */
    struct conn *conn = conn_open(client);
    if (conn == NULL || watch(client, EPOLL_CTL_ADD, ECHO_READ) == -1) {
        net_turn_away(client, "memory");
        free(conn);
        return;
    }
    clients[client] = conn;
}

static void advance(struct conn *conn)
{
    enum echo_wait before = conn->waits_for;
    enum echo_wait next = echo_step(conn); /* recv(), send() */

    if (next == ECHO_DONE) {
        clients[conn->fd] = NULL;
        conn_close(conn); /* which takes it from the kernel's list */
    } else if (next != before) {
        watch(conn->fd, EPOLL_CTL_MOD, next);
    }
}

static void serve(const struct listeners *listeners)
{
    struct epoll_event events[EVENTS];

    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    clients = calloc(net_descriptor_limit(), sizeof(struct conn *));
    if (epoll_fd == -1 || clients == NULL)
        fatal_errno(model.name, "cannot start");
    for (size_t i = 0; i < listeners->n; i++) {
        int listener = listeners->fds[i];
        fcntl(listener, F_SETFL, O_NONBLOCK); /* accept4() never waits */
        if (watch(listener, EPOLL_CTL_ADD, ECHO_READ) == -1)
            fatal_errno(model.name, "epoll_ctl");
    }
    while (!stop_done()) { /* until SIGTERM, and the last has left */
        int n = epoll_wait(epoll_fd, events, EVENTS, -1);
        for (int i = 0; i < n; i++) { /* n is -1 after a signal */
            int fd = events[i].data.fd;
            if (clients[fd] == NULL)
                welcome(fd); /* no client, so a listener */
            else
                advance(clients[fd]);
        }
    }
    free(clients);
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_wait(); /* for those still here; the exit status */
}
