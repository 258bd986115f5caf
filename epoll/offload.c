/*
 * epoll/offload: one loop for the sockets, worker processes for the work.
 *
 * Waits in     epoll_wait() on all sockets, those of the workers among them
 * A client is  an entry in the kernel's list, a conn, at times a request
 * Stops at     the cores: more work than they can do waits in a queue
 * Differs by   fork() beforehand, send() and recv() to the workers
 * Chapter      docs/7-further.md
 *
 * The message itself travels to a worker and back, as the arguments and the
 * result of a call do in a pool of processes. A worker that dies costs the
 * client whose request it had, and is replaced.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"
#include "common/work.h"

enum {
    EVENTS = 64, /* the most to hear of at once; the rest waits */
    MAX_WORKERS = 256,
    RETRY_MS = 100, /* until fork() or send() to a worker is tried again */
};

static long nworkers; /* 0: one for each core */

static const struct option_number numbers[] = {
    {"workers", "N", "worker processes (default: one for each core)", 1,
     MAX_WORKERS, &nworkers},
    {0},
};

static const struct model model = {
    .name = "epoll/offload",
    .about = "Echo server: one loop for the sockets, worker processes for "
             "the work.\vTo copy, and then a client beside it:\n"
             "  build/epoll/offload --work cpu:2s --workers 2\n"
             "  build/iterative/client hello",
    .many_ports = true, /* it waits on several listeners */
    .max_clients = 20000,
    .numbers = numbers,
};

struct worker {
    pid_t pid; /* 0: there is none */
    int fd;    /* to it; it has the other end */
    bool busy;
    struct client *client; /* whose request it has; NULL: it has left */
};

struct client {
    struct conn *conn;
    bool requests;         /* its message is queued or with a worker */
    struct worker *worker; /* that has it; NULL: it is queued */
    TAILQ_ENTRY(client) link;
};

static TAILQ_HEAD(requests, client) queue = TAILQ_HEAD_INITIALIZER(queue);
static struct worker workers[MAX_WORKERS];
static struct client **clients; /* by descriptor */
static int epoll_fd;

/*
 * op is EPOLL_CTL_ADD or EPOLL_CTL_MOD. what is ECHO_DONE while a request
 * is under way: epoll then tells only that the connection is gone
 * (EPOLLHUP, EPOLLERR), for which nobody needs to ask.
 */
static int watch(int fd, int op, enum echo_wait what)
{
    struct epoll_event event = {
        .events = what == ECHO_WRITE  ? EPOLLOUT
                  : what == ECHO_READ ? EPOLLIN
                                      : 0,
        .data.fd = fd,
    };

    return epoll_ctl(epoll_fd, op, fd, &event);
}

/* --- a worker --------------------------------------------------------- */

/* A call returned -1: is it only to be made again? */
static bool not_yet(void)
{
    return errno == EAGAIN || errno == EINTR;
}

/* A worker closes what belongs to the parent. A client's stream ends only
 * when all processes have closed its socket. */
static void close_from(int lowest)
{
    if (close_range((unsigned)lowest, ~0U, 0) == 0)
        return;
    for (int fd = lowest; fd < (int)net_descriptor_limit(); fd++)
        close(fd); /* before Linux 5.9, one by one */
}

/* The life of a worker. Its socket keeps messages whole. */
static _Noreturn void labour(int fd)
{
    unsigned char buf[ECHO_CHUNK];
    ssize_t n;

    for (;;) {
        do {
            n = recv(fd, buf, sizeof(buf), 0);
        } while (n == -1 && not_yet());
        if (n <= 0)
            _exit(0); /* the parent has gone */
        work_do();    /* --work; by default nothing */
        while (send(fd, buf, (size_t)n, MSG_NOSIGNAL) == -1)
            if (!not_yet())
                _exit(0);
    }
}

static int pair(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

/* Makes a worker. Returns 0; or -1 with errno: there can be none now. */
static int hire(struct worker *worker)
{
    int ends[2];

    if (pair(ends) == -1) {
        net_give_way(); /* frees the descriptor kept in reserve */
        if (pair(ends) == -1)
            return -1;
    }
    pid_t pid = watch(ends[0], EPOLL_CTL_ADD, ECHO_READ) == -1 ? -1
                                                               : fork();
    if (pid == 0) {
        /* A stop is for the parent, which needs its workers until the
         * last client has left; so is the timer of its clients. */
        signal(SIGTERM, SIG_IGN);
        signal(SIGINT, SIG_IGN);
        signal(SIGALRM, SIG_IGN);
        dup2(ends[1], STDERR_FILENO + 1);
        close_from(STDERR_FILENO + 2);
        labour(STDERR_FILENO + 1);
    }
    close(ends[1]);
    if (pid == -1) {
        close(ends[0]);
        return -1;
    }
    *worker = (struct worker){.pid = pid, .fd = ends[0]};
    return 0;
}

/* Returns false when a worker is still missing. */
static bool hire_missing(void)
{
    bool all = true;

    for (long i = 0; i < nworkers; i++)
        if (workers[i].pid == 0 && hire(&workers[i]) == -1)
            all = false;
    return all;
}

/* Ends a worker, dead or alive. Returns how it ended, as waitpid(). */
static int dismiss(struct worker *worker)
{
    int status = 0;

    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, worker->fd, NULL);
    close(worker->fd);
    kill(worker->pid, SIGKILL);
    while (waitpid(worker->pid, &status, 0) == -1 && errno == EINTR)
        ; /* a signal: SIGTERM, SIGALRM */
    *worker = (struct worker){0};
    return status;
}

/* --- clients and their requests --------------------------------------- */

static void drop(struct client *client)
{
    if (client->worker != NULL)
        client->worker->client = NULL; /* the result will be dropped */
    else if (client->requests)
        TAILQ_REMOVE(&queue, client, link);
    clients[client->conn->fd] = NULL;
    conn_close(client->conn);
    free(client);
}

/* Gives the oldest requests to workers that have none. */
static void hand_out(void)
{
    for (long i = 0; i < nworkers && !TAILQ_EMPTY(&queue); i++) {
        struct worker *worker = &workers[i];
        struct client *client = TAILQ_FIRST(&queue);
        if (worker->pid == 0 || worker->busy)
            continue;
        if (send(worker->fd, client->conn->buf, client->conn->filled,
                 MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
            continue; /* it has died: collect() finds out and replaces it */
        TAILQ_REMOVE(&queue, client, link);
        client->worker = worker;
        worker->client = client;
        worker->busy = true;
    }
}

/* What to do after a step; before is what the client waited for. */
static void settle(struct client *client, enum echo_wait before,
                   enum echo_wait next)
{
    if (next == ECHO_DONE)
        drop(client);
    else if (next != before)
        watch(client->conn->fd, EPOLL_CTL_MOD, next);
}

/* A message has come: work for the next worker that has none. */
static void request(struct client *client)
{
    watch(client->conn->fd, EPOLL_CTL_MOD, ECHO_DONE);
    client->requests = true;
    TAILQ_INSERT_TAIL(&queue, client, link);
}

static void advance(struct client *client)
{
    struct conn *conn = client->conn;
    enum echo_wait before = conn->waits_for;

    if (client->requests) {
        drop(client); /* EPOLLHUP, EPOLLERR: it is gone */
        return;
    }
    enum echo_wait next = before == ECHO_WRITE ? echo_send(conn)
                                               : echo_receive(conn);
    if (before == ECHO_READ && next == ECHO_WRITE)
        request(client);
    else
        settle(client, before, next);
}

/* A worker has answered, or died. Returns the client whose request it had;
 * NULL: that client has left. */
static struct client *take_back(struct worker *worker)
{
    struct client *client = worker->client;

    worker->busy = false;
    worker->client = NULL;
    if (client != NULL) {
        client->worker = NULL;
        client->requests = false;
    }
    return client;
}

/* A worker has died: it crashed, or somebody has killed it. */
static void replace(struct worker *worker)
{
    struct client *client = take_back(worker);
    pid_t pid = worker->pid;
    int status = dismiss(worker);

    fprintf(stderr, "%s: worker %d died (%s)%s\n", model.name, pid,
            WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exit",
            client != NULL ? ": the client with its request is closed"
                           : "");
    if (client != NULL)
        drop(client);
    hire(worker); /* where it fails, serve() tries again */
}

/* A worker's socket is readable: a result, or 0, as the worker has died. */
static void collect(struct worker *worker)
{
    unsigned char buf[ECHO_CHUNK];
    ssize_t n = recv(worker->fd, buf, sizeof(buf), MSG_DONTWAIT);

    if (n == -1 && not_yet())
        return;
    if (n <= 0) {
        replace(worker);
        return;
    }
    struct client *client = take_back(worker);
    if (client != NULL) {
        memcpy(client->conn->buf, buf, (size_t)n);
        settle(client, ECHO_DONE, echo_send(client->conn));
    }
}

static void welcome(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (!net_admit(fd, listener))
        return; /* nobody came, or there is no room: it was closed */
    struct client *client = calloc(1, sizeof(*client));
    struct conn *conn = conn_open(fd);
    if (client == NULL || conn == NULL ||
        watch(fd, EPOLL_CTL_ADD, ECHO_READ) == -1) {
        net_turn_away(fd, "memory");
        free(client);
        free(conn);
        return;
    }
    client->conn = conn;
    clients[fd] = client;
}

/* --- the loop --------------------------------------------------------- */

static void dispatch(int fd)
{
    for (long i = 0; i < nworkers; i++)
        if (workers[i].pid != 0 && workers[i].fd == fd) {
            collect(&workers[i]);
            return;
        }
    if (clients[fd] != NULL)
        advance(clients[fd]);
    else
        welcome(fd); /* neither worker nor client, so a listener */
}

static void serve(const struct listeners *listeners)
{
    struct epoll_event events[EVENTS];

    if (nworkers == 0)
        nworkers = options_cores(MAX_WORKERS);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    clients = calloc(net_descriptor_limit(), sizeof(struct client *));
    if (epoll_fd == -1 || clients == NULL)
        fatal_errno(model.name, "cannot start");
    for (size_t i = 0; i < listeners->n; i++) {
        int listener = listeners->fds[i];
        fcntl(listener, F_SETFL, O_NONBLOCK); /* accept4() never waits */
        if (watch(listener, EPOLL_CTL_ADD, ECHO_READ) == -1)
            fatal_errno(model.name, "epoll_ctl");
    }
    while (!stop_done()) { /* until SIGTERM, and the last has left */
        bool all = hire_missing();
        hand_out();
        int n = epoll_wait(epoll_fd, events, EVENTS,
                           all && TAILQ_EMPTY(&queue) ? -1 : RETRY_MS);
        for (int i = 0; i < n; i++) /* n is -1 after a signal */
            dispatch(events[i].data.fd);
    }
    for (long i = 0; i < nworkers; i++)
        if (workers[i].pid != 0)
            dismiss(&workers[i]); /* no client waits for its result */
    free(clients);
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_wait(); /* for those still here; the exit status */
}
