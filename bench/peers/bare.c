/*
 * bare: the least that an echo loop can do: recv, send, epoll_wait.
 *
 * Waits in     epoll_wait() on all sockets at once, and in send()
 * A client is  an entry in the kernel's list
 * Compare with epoll/server.c
 *
 * A yardstick, and no server: it holds nothing for a client, so that one
 * that does not read makes all others wait.
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include "common/net.h"
#include "common/options.h"
#include "common/protocol.h"
#include "common/stop.h"

static const struct model model = {
    .name = "bare",
    .about = "Echo server: the least that an echo loop can do.",
    .max_clients = 20000,
    .no_idle_timeout = true,
};

enum { EVENTS = 64 }; /* the most to hear of at once; the rest waits */

static int epoll_fd;

static int watch(int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void welcome(int listener)
{
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (!net_admit(client, listener))
        return;
    if (watch(client) == -1)
        net_turn_away(client, "memory");
}

static void advance(int client)
{
    char buf[ECHO_CHUNK];
    ssize_t n = recv(client, buf, sizeof(buf), 0);

    if (n <= 0 || send(client, buf, (size_t)n, MSG_NOSIGNAL) != n)
        net_close(client);
}

static void serve(const struct listeners *listeners)
{
    struct epoll_event events[EVENTS];
    int listener = listeners->fds[0];

    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd == -1 || watch(listener) == -1)
        fatal_errno(model.name, "cannot start");
    while (!stop_done()) {
        int n = epoll_wait(epoll_fd, events, EVENTS, -1);
        for (int i = 0; i < n; i++) { /* n is -1 after a signal */
            if (events[i].data.fd == listener)
                welcome(listener);
            else
                advance(events[i].data.fd);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_wait();
}
