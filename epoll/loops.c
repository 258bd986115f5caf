/*
 * epoll/loops: one thread per core, each with an epoll and a listener.
 *
 * Waits in     epoll_wait() in each thread, on its own sockets
 * A client is  an entry in the kernel's list for one thread, and a conn
 * Stops at     the descriptor limit, which all threads share
 * Differs by   pthread_create(), SO_REUSEPORT
 * Chapter      docs/7-further.md
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"

enum { MAX_LOOPS = 64 };

static long nloops; /* 0: one for each core */

static const struct option_number numbers[] = {
    {"loops", "N", "run N loops, a thread each (default: one per core)", 1,
     MAX_LOOPS, &nloops},
    {0},
};

static const struct model model = {
    .name = "epoll/loops",
    .about = "Echo server: one thread per core, each with an epoll.",
    .many_ports = true, /* it waits on several listeners */
    .max_clients = 20000,
    .numbers = numbers,
};

enum { EVENTS = 64 }; /* the most to hear of at once; the rest waits */

/* No thread accepts before all have an epoll: newcomers might take the
 * last descriptors. */
static pthread_barrier_t all_are_ready;

static _Thread_local struct conn **clients; /* by descriptor */
static _Thread_local size_t nclients;
static _Thread_local int epoll_fd;

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
    nclients++;
}

static void advance(struct conn *conn)
{
    enum echo_wait before = conn->waits_for;
    enum echo_wait next = echo_step(conn); /* recv(), send() */

    if (next == ECHO_DONE) {
        clients[conn->fd] = NULL;
        nclients--;
        conn_close(conn); /* which takes it from the kernel's list */
    } else if (next != before) {
        watch(conn->fd, EPOLL_CTL_MOD, next);
    }
}

/* The life of a thread. */
static void *run(void *arg)
{
    const struct listeners *listeners = arg;
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
    pthread_barrier_wait(&all_are_ready);
    while (!stop_asked() || nclients > 0) {
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
    return NULL;
}

static void serve(const struct listeners *listeners)
{
    static struct listeners own[MAX_LOOPS]; /* of each thread */
    pthread_t threads[MAX_LOOPS];

    if (nloops == 0)
        nloops = options_cores(MAX_LOOPS);
    pthread_barrier_init(&all_are_ready, NULL, (unsigned)nloops);
    own[0] = *listeners;
    for (long i = 1; i < nloops; i++)
        own[i] = net_listen_beside(listeners); /* SO_REUSEPORT */
    for (long i = 0; i < nloops; i++) {
        int error = pthread_create(&threads[i], NULL, run, &own[i]);
        if (error != 0) {
            errno = error; /* which pthread_create() does not set */
            fatal_errno(model.name, "pthread_create");
        }
    }
    for (long i = 0; i < nloops; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_wait(); /* for those still here; the exit status */
}
