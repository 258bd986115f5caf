/*
 * select: one thread, one bit set of all sockets.
 *
 * Waits in     select() on all sockets at once
 * A client is  a bit in a set, and a conn
 * Stops at     descriptor 1023, the last bit of the set (FD_SETSIZE)
 * Differs by   select(), FD_SET()
 * Chapter      docs/5-select.md
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"

static const struct model model = {
    .name = "select",
    .about = "Echo server: one thread, one bit set of all sockets.",
    .many_ports = true, /* it waits on several listeners */
    .max_clients = FD_SETSIZE,
};

static struct conn *clients[FD_SETSIZE]; /* by descriptor */
static fd_set reading, writing;          /* what we wait for */
static int highest;                      /* descriptor in either set */

/* fd is below FD_SETSIZE: FD_SET() would write beyond the set. */
static void watch(int fd, enum echo_wait what)
{
    FD_CLR(fd, &reading);
    FD_CLR(fd, &writing);
    if (what == ECHO_READ)
        FD_SET(fd, &reading);
    if (what == ECHO_WRITE)
        FD_SET(fd, &writing);
    if (fd > highest)
        highest = fd;
}

static void welcome(int listener)
{
    int client = accept4(listener, NULL, NULL,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (!net_admit(client, listener))
        return; /* nobody came, or there is no room: it was closed */
    if (client >= FD_SETSIZE) {
        errno = EMFILE;
        net_turn_away(client, "FD_SETSIZE");
        return;
    }
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
    for (size_t i = 0; i < listeners->n; i++) {
        int listener = listeners->fds[i];
        fcntl(listener, F_SETFL, O_NONBLOCK); /* accept4() never waits */
        if (listener >= FD_SETSIZE)
            fatal(model.name, "too many descriptors are open: FD_SETSIZE");
        watch(listener, ECHO_READ);
    }
    while (!stop_done()) { /* until SIGTERM, and the last has left */
        fd_set readable = reading; /* select() overwrites it */
        fd_set writable = writing;
        if (select(highest + 1, &readable, &writable, NULL, NULL) == -1)
            continue; /* a signal */
        for (int fd = 0; fd <= highest; fd++) {
            if (!FD_ISSET(fd, &readable) && !FD_ISSET(fd, &writable))
                continue;
            if (clients[fd] == NULL)
                welcome(fd); /* no client, so a listener */
            else
                advance(clients[fd]);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_wait(); /* for those still here; the exit status */
}
