/*
 * epoll/edge: one thread, told once when a socket becomes ready.
 *
 * Waits in     epoll_wait() for changes on all sockets at once
 * A client is  an entry in the kernel's list, and a conn
 * Stops at     the descriptor limit
 * Differs by   EPOLLET, calls until EAGAIN
 * Chapter      docs/7-further.md
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"

static const struct model model = {
    .name = "epoll/edge",
    .about = "Echo server: one thread, told once when a socket is ready.",
    .many_ports = true, /* it waits on several listeners */
    .max_clients = 20000,
};

enum {
    EVENTS = 64, /* the most to hear of at once; the rest waits */
    STEPS = 16,  /* the most for one client in a row: others wait, too */
};

/* Asked for once: each time one of these begins, epoll tells so. */
static const uint32_t changes = EPOLLIN | EPOLLOUT | EPOLLET;

static struct conn **clients; /* by descriptor */
static int epoll_fd;

/* op is EPOLL_CTL_ADD or EPOLL_CTL_MOD. */
static int watch(int fd, int op, uint32_t what)
{
    struct epoll_event event = {.events = what, .data.fd = fd};

    return epoll_ctl(epoll_fd, op, fd, &event);
}

static void welcome(int listener)
{
    int client = accept4(listener, NULL, NULL,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (!net_admit(client, listener))
        return; /* nobody came, or there is no room: it was closed */
    struct conn *conn = conn_open(client);
    if (conn == NULL || watch(client, EPOLL_CTL_ADD, changes) == -1) {
        net_turn_away(client, "memory");
        free(conn);
        return;
    }
    clients[client] = conn;
}

/* Goes on until a call says EAGAIN (drained): what is left before that,
 * epoll does not tell of again. */
static void advance(struct conn *conn)
{
    for (int i = 0; i < STEPS; i++) {
        enum echo_wait next = echo_step(conn); /* recv(), send() */

        if (next == ECHO_DONE) {
            clients[conn->fd] = NULL;
            conn_close(conn); /* which takes it from the kernel's list */
            return;
        }
        if (conn->drained)
            return;
    }
    watch(conn->fd, EPOLL_CTL_MOD, changes); /* and epoll tells again */
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
        /* Without EPOLLET: one newcomer a turn, and epoll tells again. */
        if (watch(listener, EPOLL_CTL_ADD, EPOLLIN) == -1)
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
