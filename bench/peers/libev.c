/*
 * libev: one thread, the library waits, we receive and send.
 *
 * Waits in     ev_run(), which is epoll_wait()
 * A client is  a watcher of the library, and a conn
 * Stops at     the descriptor limit
 * Compare with epoll/server.c
 */
#include <ev.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"

static const struct model model = {
    .name = "libev",
    .about = "Echo server: libev's event loop.",
    .many_ports = true,
    .max_clients = 20000,
    .no_idle_timeout = true,
};

static void advance(struct ev_loop *loop, ev_io *io, int events)
{
    struct conn *conn = io->data;
    enum echo_wait before = conn->waits_for;
    enum echo_wait next = echo_step(conn);

    (void)events;
    if (next == before)
        return;
    ev_io_stop(loop, io);
    if (next == ECHO_DONE) {
        conn_close(conn);
        free(io);
    } else {
        ev_io_set(io, conn->fd, next == ECHO_WRITE ? EV_WRITE : EV_READ);
        ev_io_start(loop, io);
    }
}

static void welcome(struct ev_loop *loop, ev_io *listener, int events)
{
    int client = accept4(listener->fd, NULL, NULL,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);
    (void)events;
    if (!net_admit(client, listener->fd)) {
        if (stop_asked()) /* the loop ends when nothing is watched */
            ev_io_stop(loop, listener);
        return;
    }
    struct conn *conn = conn_open(client);
    ev_io *io = calloc(1, sizeof(*io));
    if (conn == NULL || io == NULL) {
        net_turn_away(client, "memory");
        free(conn);
        free(io);
        return;
    }
    ev_io_init(io, advance, client, EV_READ);
    io->data = conn;
    ev_io_start(loop, io);
}

static void serve(const struct listeners *listeners)
{
    static ev_io io[MAX_PORTS];
    struct ev_loop *loop = ev_default_loop(0);

    if (loop == NULL)
        fatal(model.name, "ev_default_loop: no loop");
    for (size_t i = 0; i < listeners->n; i++) {
        ev_io_init(&io[i], welcome, listeners->fds[i], EV_READ);
        ev_io_start(loop, &io[i]);
    }
    ev_run(loop, 0); /* until nobody is watched any more */
    ev_loop_destroy(loop);
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_wait();
}
