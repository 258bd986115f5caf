/*
 * epoll/uring: one thread, the kernel does it and tells when it is done.
 *
 * Waits in     io_uring_enter() for what was asked for, on all sockets
 * A client is  requests in a ring that the kernel shares, and a struct
 * Stops at     the descriptor limit
 * Chapter      docs/6-epoll.md
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/echo.h"
#include "common/idle.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"
#include "common/work.h"

static const struct model model = {
    .name = "epoll/uring",
    .about = "Echo server: one thread, the kernel tells what it has done.",
    .many_ports = true,
    .max_clients = 20000,
};

enum {
    REQUESTS = 1024, /* places in the ring; a full one is handed over */
    BUFFERS = 64,    /* lent to the kernel, a power of two */
    ENOUGH = 32768,  /* bytes to send: no more until they are sent */
};

/* What is asked of the kernel. */
enum request { ACCEPT, RECEIVE, SEND, CANCEL };

struct client {
    int fd;
    bool receiving, cancelling, sending; /* is with the kernel */
    bool ended;              /* nothing more will come, or it failed */
    unsigned char *in, *out; /* what has come; what is being sent of it */
    size_t nin, nout, sent;  /* bytes: of in; of out; of these, sent */
};

static struct client *clients; /* by descriptor */
static struct io_uring ring;
static struct io_uring_buf_ring *lent;
static unsigned char buffers[BUFFERS][ECHO_CHUNK];

/* Only noted here: all requests of a turn go to the kernel in one call. */
static void watch(int fd, enum request what)
{
    struct io_uring_sqe *sqe;

    while ((sqe = io_uring_get_sqe(&ring)) == NULL)
        io_uring_submit(&ring);
    if (what == ACCEPT) {
        io_uring_prep_multishot_accept(sqe, fd, NULL, NULL, SOCK_CLOEXEC);
    } else if (what == RECEIVE) {
        io_uring_prep_recv_multishot(sqe, fd, NULL, 0, 0);
        sqe->flags |= IOSQE_BUFFER_SELECT;
    } else if (what == SEND) {
        const struct client *client = &clients[fd];
        io_uring_prep_send(sqe, fd, client->out + client->sent,
                           client->nout - client->sent, MSG_NOSIGNAL);
    } else {
        io_uring_prep_cancel64(sqe, (uint64_t)fd << 8 | RECEIVE, 0);
    }
    io_uring_sqe_set_data64(sqe, (uint64_t)fd << 8 | what);
}

static void lend(unsigned id)
{
    io_uring_buf_ring_add(lent, buffers[id], ECHO_CHUNK, (unsigned short)id,
                          io_uring_buf_ring_mask(BUFFERS), 0);
    io_uring_buf_ring_advance(lent, 1);
}

static void welcome(int listener, const struct io_uring_cqe *cqe)
{
    bool more = cqe->flags & IORING_CQE_F_MORE;
    int fd = cqe->res < 0 ? -1 : net_admit(cqe->res);
    if (cqe->res < 0 && !stop_asked())
        net_give_way();
    if (!more && !stop_asked())
        watch(listener, ACCEPT);
    if (fd == -1)
        return;
    clients[fd] = (struct client){.fd = fd, .receiving = true};
    watch(fd, RECEIVE);
}

/* gcc 12 takes what is kept in an array of structs for lost. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

/* A lent buffer that a slow client kept would be missing to all others. */
static void keep(struct client *client, const unsigned char *buf, size_t n)
{
    unsigned char *in = realloc(client->in, client->nin + n);
    if (in == NULL) {
        client->ended = true;
        return;
    }
    memcpy(in + client->nin, buf, n);
    client->nin += n;
    client->in = in;
}

static void received(struct client *client, const struct io_uring_cqe *cqe)
{
    if (!(cqe->flags & IORING_CQE_F_MORE))
        client->receiving = client->cancelling = false;
    if (stop_over())
        client->ended = true; /* else all that is in the ring is served */
    if (cqe->flags & IORING_CQE_F_BUFFER) {
        unsigned id = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
        if (cqe->res > 0 && !client->ended) {
            work_do();
            keep(client, buffers[id], (size_t)cqe->res);
        }
        lend(id);
    }
    /* No buffer was left, or we wanted it so: it is asked for again. */
    if (cqe->res <= 0 && cqe->res != -ENOBUFS && cqe->res != -ECANCELED)
        client->ended = true;
}

static void sent(struct client *client, int result)
{
    client->sending = false;
    if (result >= 0) {
        client->sent += (size_t)result;
    } else {
        client->ended = true; /* it has left: nobody to send the rest to */
        client->sent = client->nout;
        client->nin = 0;
    }
}

/* One send at a time, or the order would be lost. */
static void send_next(struct client *client)
{
    if (client->sent == client->nout) {
        free(client->out);
        client->out = client->in;
        client->nout = client->nin;
        client->in = NULL;
        client->sent = client->nin = 0;
    }
    client->sending = client->nout > 0;
    if (client->sending)
        watch(client->fd, SEND);
}

static void advance(struct client *client)
{
    if (!client->sending)
        send_next(client);
    bool enough = client->ended ||
                  client->nin + client->nout - client->sent >= ENOUGH;
    if (client->receiving && enough && !client->cancelling) {
        client->cancelling = true;
        watch(client->fd, CANCEL);
    }
    if (!client->receiving && !enough) {
        client->receiving = true;
        watch(client->fd, RECEIVE);
    }
    if (client->ended && !client->sending && !client->receiving) {
        free(client->out);
        net_close(client->fd);
        return;
    }
    idle_touch(client->fd, (short)((enough ? 0 : POLLIN) |
                                   (client->sending ? POLLOUT : 0)));
}

static void complete(const struct io_uring_cqe *cqe)
{
    enum request what = cqe->user_data & 0xff;
    int fd = (int)(cqe->user_data >> 8);

    if (what == CANCEL)
        return; /* what was cancelled says so itself */
    if (what == ACCEPT) {
        welcome(fd, cqe);
        return;
    }
    if (what == RECEIVE)
        received(&clients[fd], cqe);
    else
        sent(&clients[fd], cqe->res);
    advance(&clients[fd]);
}

/* Before the first newcomer: the kernel may not allow it. */
static void open_ring(void)
{
    struct io_uring_buf_reg reg = {.ring_entries = BUFFERS};
    size_t bytes = BUFFERS * sizeof(struct io_uring_buf);

    errno = -io_uring_queue_init(REQUESTS, &ring,
                                 IORING_SETUP_SINGLE_ISSUER |
                                     IORING_SETUP_DEFER_TASKRUN);
    if (errno != 0)
        fatal_errno(model.name, "io_uring (needs Linux 6.1 and sysctl "
                                "kernel.io_uring_disabled=0)");
    lent = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (lent == MAP_FAILED)
        fatal_errno(model.name, "cannot start");
    reg.ring_addr = (uintptr_t)lent;
    errno = -io_uring_register_buf_ring(&ring, &reg, 0);
    if (errno != 0)
        fatal_errno(model.name, "io_uring: cannot lend buffers");
    io_uring_buf_ring_init(lent);
    for (unsigned id = 0; id < BUFFERS; id++)
        lend(id);
}

static void serve(const struct listeners *listeners)
{
    clients = calloc(stop_descriptors(), sizeof(struct client));
    if (clients == NULL)
        fatal_errno(model.name, "cannot start");
    for (size_t i = 0; i < listeners->n; i++) {
        fcntl(listeners->fds[i], F_SETFL, 0); /* or EAGAIN, not a wait */
        watch(listeners->fds[i], ACCEPT);
    }
    while (!stop_done()) {
        struct io_uring_cqe *cqe;
        unsigned head;
        unsigned n = 0;
        int wait_ms = idle_wait_ms();
        struct __kernel_timespec wait = {wait_ms / 1000,
                                         wait_ms % 1000 * 1000000L};
        io_uring_submit_and_wait_timeout(
            &ring, &cqe, 1, wait_ms == -1 ? NULL : &wait, NULL);
        io_uring_for_each_cqe (&ring, head, cqe) { /* none after a signal */
            complete(cqe);
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
    open_ring();
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_status();
}
