/*
 * epoll/coroutine_server: the loop of iterative, riding on epoll.
 *
 * Waits in     epoll_wait() on all sockets at once
 * A client is  a coroutine: a stack of its own
 * Stops at     the descriptor limit
 * Differs by   coroutine_give_way() in place of a wait, epoll_wait()
 * Chapter      docs/7-further.md
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"
#include "common/work.h"
#include "epoll/coroutine.h"

static const struct model model = {
    .name = "epoll/coroutine_server",
    .about = "Echo server: the loop of iterative, riding on epoll.",
    .many_ports = true, /* it waits on several listeners */
    .max_clients = 20000,
};

enum { EVENTS = 64 }; /* the most to hear of at once; the rest waits */

static int epoll_fd;

/* serve() is to resume the running coroutine when fd is ready. op is
 * EPOLL_CTL_ADD or EPOLL_CTL_MOD. */
static int watch(int fd, int op, uint32_t what)
{
    struct epoll_event event = {
        .events = what,
        .data.ptr = coroutine_running(),
    };

    return epoll_ctl(epoll_fd, op, fd, &event);
}

/* A call returned -1: is it only to be made again? */
static bool not_yet(void)
{
    return errno == EAGAIN || errno == EINTR;
}

static ssize_t receive(int client, void *buf, size_t size)
{
    ssize_t n;

    do {
        coroutine_give_way(); /* until something is there */
        n = recv(client, buf, size, 0);
    } while (n == -1 && not_yet());
    return n;
}

static int send_all(int client, const unsigned char *next, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(client, next, n, MSG_NOSIGNAL);
        if (sent == -1 && !not_yet())
            return -1;
        if (sent == -1) {
            watch(client, EPOLL_CTL_MOD, EPOLLOUT);
            coroutine_give_way(); /* until there is room */
            watch(client, EPOLL_CTL_MOD, EPOLLIN);
            continue;
        }
        next += sent;
        n -= (size_t)sent;
    }
    return 0;
}

/* echo_blocking(), line by line, by calls that give way. */
static void echo(int client)
{
    unsigned char buf[ECHO_CHUNK];
    bool ended = false;
    ssize_t n;

    /* 0: end of stream; -1: the client failed */
    while ((n = receive(client, buf, sizeof(buf))) > 0) {
        if (ended)
            continue;
        work_do(); /* --work; by default nothing */
        if (send_all(client, buf, (size_t)n) == -1) {
            if (errno != EPIPE)
                return;
            ended = true;
        }
    }
}

/* The life of a client's coroutine. */
static void talk(int client)
{
    if (watch(client, EPOLL_CTL_ADD, EPOLLIN) == -1) {
        net_turn_away(client, "memory");
        return;
    }
    echo(client);
    net_close(client);
}

static void welcome(int listener)
{
    int client = accept4(listener, NULL, NULL,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (!net_admit(client, listener))
        return; /* nobody came, or there is no room: it was closed */
    if (coroutine_start(talk, client) == -1)
        net_turn_away(client, "memory");
}

/* The life of a listener's coroutine. */
static void await_newcomers(int listener)
{
    fcntl(listener, F_SETFL, O_NONBLOCK); /* accept4() never waits */
    if (watch(listener, EPOLL_CTL_ADD, EPOLLIN) == -1)
        fatal_errno(model.name, "epoll_ctl");
    for (;;) {
        coroutine_give_way(); /* until somebody comes */
        welcome(listener);
    }
}

static void serve(const struct listeners *listeners)
{
    struct epoll_event events[EVENTS];

    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd == -1)
        fatal_errno(model.name, "cannot start");
    for (size_t i = 0; i < listeners->n; i++)
        if (coroutine_start(await_newcomers, listeners->fds[i]) == -1)
            fatal_errno(model.name, "cannot start");
    while (!stop_done()) { /* until SIGTERM, and the last has left */
        int n = epoll_wait(epoll_fd, events, EVENTS, -1);
        for (int i = 0; i < n; i++) /* n is -1 after a signal */
            coroutine_resume(events[i].data.ptr);
    }
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_wait(); /* for those still here; the exit status */
}
