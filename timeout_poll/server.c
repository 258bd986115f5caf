/*
 * timeout_poll: one thread asks each socket in turn, for a while.
 *
 * Waits in     poll() on one socket, at most --timeout-ms, then the next
 * A client is  a turn in each lap, and a conn
 * Stops at     patience: a lap takes sockets x timeout
 * Differs by   poll(), O_NONBLOCK
 * Chapter      docs/4-timeout_poll.md
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"

static long turn_ms = 1;

static const struct option_number numbers[] = {
    {"timeout-ms", "MS", "wait at most MS for each socket (default 1)", 1,
     60000, &turn_ms},
    {0},
};

static const struct model model = {
    .name = "timeout_poll",
    .about = "Echo server: one thread asks each socket in turn.",
    .many_ports = true, /* it waits on several listeners */
    .max_clients = 4096,
    .numbers = numbers,
};

static struct conn **clients; /* by descriptor */
static int highest;           /* descriptor of a client */

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
    if (client > highest)
        highest = client;
}

/* Waits for this one socket alone, as Python's settimeout() does. */
static bool ready_in_time(int fd, enum echo_wait what)
{
    struct pollfd one = {
        .fd = fd,
        .events = what == ECHO_WRITE ? POLLOUT : POLLIN,
    };

    return poll(&one, 1, (int)turn_ms) == 1;
}

static void advance(struct conn *conn)
{
    enum echo_wait next = echo_step(conn); /* recv(), send() */

    if (next == ECHO_DONE) {
        clients[conn->fd] = NULL;
        conn_close(conn);
    }
}

static void serve(const struct listeners *listeners)
{
    clients = calloc(net_descriptor_limit(), sizeof(struct conn *));
    if (clients == NULL)
        fatal_errno(model.name, "cannot start");
    for (size_t i = 0; i < listeners->n; i++) {
        int listener = listeners->fds[i];
        fcntl(listener, F_SETFL, O_NONBLOCK); /* accept4() never waits */
    }
    while (!stop_done()) { /* until SIGTERM, and the last has left */
        for (size_t i = 0; i < listeners->n; i++)
            if (ready_in_time(listeners->fds[i], ECHO_READ))
                welcome(listeners->fds[i]);
        for (int fd = 0; fd <= highest; fd++)
            if (clients[fd] != NULL &&
                ready_in_time(fd, clients[fd]->waits_for))
                advance(clients[fd]);
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
