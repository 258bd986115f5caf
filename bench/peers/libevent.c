/*
 * libevent: one thread, the library waits, receives and sends.
 *
 * Waits in     event_base_dispatch(), which is epoll_wait()
 * A client is  a bufferevent of the library
 * Stops at     the descriptor limit
 * Compare with epoll/server.c
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <signal.h>
#include <sys/socket.h>

#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"
#include "common/work.h"

static const struct model model = {
    .name = "libevent",
    .about = "Echo server: libevent's bufferevents.",
    .many_ports = true,
    .max_clients = 20000,
    .no_idle_timeout = true,
};

enum { ENOUGH = 65536 }; /* bytes to send: no more until they are sent */

static struct event_base *base;

static void leave(struct bufferevent *client)
{
    int fd = bufferevent_getfd(client);

    bufferevent_free(client);
    net_close(fd);
}

static void advance(struct bufferevent *client, void *arg)
{
    struct evbuffer *replies = bufferevent_get_output(client);

    (void)arg;
    work_do();
    evbuffer_add_buffer(replies, bufferevent_get_input(client));
    if (evbuffer_get_length(replies) >= ENOUGH)
        bufferevent_disable(client, EV_READ);
}

static void sent(struct bufferevent *client, void *arg)
{
    (void)arg;
    bufferevent_enable(client, EV_READ);
}

static void flushed(struct bufferevent *client, void *arg)
{
    (void)arg;
    leave(client);
}

static void failed(struct bufferevent *client, short what, void *arg);

static void ended(struct bufferevent *client)
{
    if (evbuffer_get_length(bufferevent_get_output(client)) == 0)
        leave(client);
    else
        bufferevent_setcb(client, NULL, flushed, failed, NULL);
}

static void failed(struct bufferevent *client, short what, void *arg)
{
    (void)arg;
    if (what & BEV_EVENT_EOF)
        ended(client);
    else
        leave(client);
}

static void welcome(evutil_socket_t listener, short what, void *event)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    (void)what;
    if (!net_admit(fd, listener)) {
        if (stop_asked()) /* the loop ends when nothing is watched */
            event_del(event);
        return;
    }
    struct bufferevent *client = bufferevent_socket_new(base, fd, 0);
    if (client == NULL) {
        net_turn_away(fd, "memory");
        return;
    }
    bufferevent_setcb(client, advance, sent, failed, NULL);
    bufferevent_enable(client, EV_READ | EV_WRITE);
}

static void serve(const struct listeners *listeners)
{
    struct event *events[MAX_PORTS];

    signal(SIGPIPE, SIG_IGN); /* the library sends without MSG_NOSIGNAL */
    base = event_base_new();
    for (size_t i = 0; base != NULL && i < listeners->n; i++) {
        events[i] = event_new(base, listeners->fds[i], EV_READ | EV_PERSIST,
                              welcome, event_self_cbarg());
        if (events[i] == NULL || event_add(events[i], NULL) == -1)
            fatal(model.name, "event_add failed");
    }
    if (base == NULL || event_base_dispatch(base) == -1)
        fatal(model.name, "event_base_dispatch failed");
    for (size_t i = 0; i < listeners->n; i++)
        event_free(events[i]);
    event_base_free(base);
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_wait();
}
