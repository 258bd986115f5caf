/*
 * timeout_poll: one thread asks each socket in turn, for a while.
 *
 * Waits in     poll() on one socket, at most --timeout-ms, then the next
 * A client is  a turn in each lap
 * Stops at     patience: a lap takes sockets x timeout
 * Chapter      docs/4-timeout_poll.md
 */
#include <poll.h>
#include <stdlib.h>

#include "common/echo.h"
#include "common/idle.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"

enum { TURN_MS = 1 };

static long turn_ms = TURN_MS;

static const struct option_number numbers[] = {
    {"timeout-ms", "MS", "wait at most MS for each socket (default 1)", 1,
     60000, &turn_ms},
    {0},
};

static const struct model model = {
    .name = "timeout_poll",
    .about = "Echo server: one thread asks each socket in turn.",
    .many_ports = true,
    .max_clients = 4096,
    .numbers = numbers,
};

static struct conn **clients; /* nclients of them, in no order */
static size_t nclients;

static void welcome(int listener)
{
    int client = net_accept(listener);
    if (client == -1)
        return;
    struct conn *conn = conn_open(client);
    if (conn == NULL) {
        net_turn_away(client, "memory");
        return;
    }
    clients[nclients++] = conn;
}

/* Waits for this one socket, as settimeout() does, and for no other. */
static bool ready_in_time(int fd, short event)
{
    struct pollfd one = {.fd = fd, .events = event};

    return poll(&one, 1, (int)turn_ms) == 1;
}

static void advance(struct conn *conn)
{
    if (ready_in_time(conn->fd,
                      conn->waits_for == ECHO_WRITE ? POLLOUT : POLLIN))
        echo_step(conn);
}

/* Everybody's turn, once. */
static void lap(const struct listeners *listeners)
{
    idle_sweep();
    for (size_t i = 0; i < listeners->n; i++)
        if (ready_in_time(listeners->fds[i], POLLIN))
            welcome(listeners->fds[i]);
    for (size_t i = 0; i < nclients;) {
        advance(clients[i]);
        if (clients[i]->waits_for == ECHO_DONE) {
            conn_close(clients[i]);
            clients[i] = clients[--nclients];
        } else {
            i++;
        }
    }
}

static void serve(const struct listeners *listeners)
{
    clients = calloc(stop_descriptors(), sizeof(struct conn *));
    if (clients == NULL)
        fatal_errno(model.name, "cannot start");
    while (!stop_done())
        lap(listeners);
    free(clients);
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_status();
}
