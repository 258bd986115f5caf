/*
 * epoll/uring: one thread, the kernel does it and tells when it is done.
 *
 * Waits in     io_uring_enter() for what was asked for, on all sockets
 * A client is  one request that the kernel has, and a buffer of its own
 * Stops at     the descriptor limit
 * Differs by   io_uring_enter() for accept, recv and send alike
 * Chapter      docs/7-further.md
 *
 * It is fair by its form: a client has one request at a time, to receive or
 * to send, and its next one waits behind those of all others.
 */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>

#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"
#include "common/work.h"

static const struct model model = {
    .name = "epoll/uring",
    .about = "Echo server: one thread, the kernel tells what it has done.",
    .many_ports = true, /* it waits on several listeners */
    .max_clients = 20000,
};

enum { REQUESTS = 1024 }; /* the most that are handed over in one call */

static struct conn **clients; /* by descriptor */
static struct io_uring ring;

/* Only noted here: all requests of a turn go to the kernel in one call. */
static void watch(int fd, enum echo_wait what)
{
    const struct conn *conn = clients[fd];
    struct io_uring_sqe *sqe;

    while ((sqe = io_uring_get_sqe(&ring)) == NULL) /* all are in use */
        io_uring_submit(&ring);
    if (conn == NULL) /* no client, so a listener */
        io_uring_prep_accept(sqe, fd, NULL, NULL, SOCK_CLOEXEC);
    else if (what == ECHO_READ)
        io_uring_prep_recv(sqe, fd, conn->buf, ECHO_CHUNK, 0);
    else /* MSG_WAITALL: it is done when all is sent */
        io_uring_prep_send(sqe, fd, conn->buf, conn->filled,
                           MSG_WAITALL | MSG_NOSIGNAL);
    io_uring_sqe_set_data64(sqe, (unsigned)fd); /* returned as user_data */
}

/* result is what accept4() would return; an error is negated: -EMFILE. */
static void welcome(int listener, int result)
{
    if (!stop_asked())
        watch(listener, ECHO_READ); /* the next newcomer */
    int client = result < 0 ? -1 : result;
    if (client == -1)
        errno = -result;
    if (!net_admit(client, listener))
        return; /* nobody came, or there is no room: it was closed */
    struct conn *conn = conn_open(client);
    if (conn == NULL || (conn->buf = malloc(ECHO_CHUNK)) == NULL) {
        net_turn_away(client, "memory");
        free(conn);
        return;
    }
    clients[client] = conn;
    watch(client, ECHO_READ);
}

/* result is what recv() or send() would return; an error is negated. */
static void advance(struct conn *conn, int result)
{
    if (conn->waits_for == ECHO_WRITE && result == -EPIPE) {
        conn->ended = true;   /* it takes no more; its own stream goes on */
    } else if (result <= 0) { /* end of stream, or the client failed */
        clients[conn->fd] = NULL;
        conn_close(conn);
        return;
    }
    if (conn->waits_for == ECHO_READ && !conn->ended) {
        work_do(); /* --work; by default nothing */
        conn->filled = (size_t)result;
        conn->waits_for = ECHO_WRITE;
    } else {
        conn->waits_for = ECHO_READ;
    }
    watch(conn->fd, conn->waits_for);
}

static void serve(const struct listeners *listeners)
{
    clients = calloc(net_descriptor_limit(), sizeof(struct conn *));
    if (clients == NULL)
        fatal_errno(model.name, "cannot start");
    errno = -io_uring_queue_init(REQUESTS, &ring,
                                 IORING_SETUP_SINGLE_ISSUER |
                                     IORING_SETUP_DEFER_TASKRUN);
    if (errno != 0)
        fatal_errno(model.name, "io_uring (needs Linux 6.1 and sysctl "
                                "kernel.io_uring_disabled=0)");
    for (size_t i = 0; i < listeners->n; i++)
        watch(listeners->fds[i], ECHO_READ);
    while (!stop_done()) { /* until SIGTERM, and the last has left */
        struct io_uring_cqe *cqe;
        unsigned head;
        unsigned n = 0;
        io_uring_submit_and_wait(&ring, 1);
        io_uring_for_each_cqe (&ring, head, cqe) { /* none after a signal */
            int fd = (int)cqe->user_data;
            if (clients[fd] == NULL)
                welcome(fd, cqe->res); /* no client, so a listener */
            else
                advance(clients[fd], cqe->res);
            n++;
        }
        io_uring_cq_advance(&ring, n);
    }
    io_uring_queue_exit(&ring);
    free(clients);
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_wait(); /* for those still here; the exit status */
}
