/*
 * libuv: one thread, the library waits, receives and sends.
 *
 * Waits in     uv_run(), which is epoll_wait()
 * A client is  a stream of the library
 * Stops at     the descriptor limit
 * Compare with epoll/server.c
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <uv.h>

#include "common/census.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"
#include "common/work.h"

static const struct model model = {
    .name = "libuv",
    .about = "Echo server: libuv's streams.",
    .many_ports = true,
    .max_clients = 20000,
    .no_idle_timeout = true,
};

static uv_loop_t loop;

static void forget(uv_handle_t *client)
{
    free(client);
}

static void leave(uv_stream_t *client)
{
    uv_os_fd_t fd;

    if (uv_is_closing((uv_handle_t *)client))
        return;
    uv_fileno((uv_handle_t *)client, &fd);
    census_leave(fd);
    uv_close((uv_handle_t *)client, forget);
}

/* No memory: the library then says UV_ENOBUFS in place of a message. */
static void lend(uv_handle_t *client, size_t suggested, uv_buf_t *buf)
{
    (void)client;
    buf->base = malloc(suggested);
    buf->len = suggested;
}

static void advance(uv_stream_t *client, ssize_t n, const uv_buf_t *buf);

static void sent(uv_write_t *request, int status)
{
    uv_stream_t *client = request->handle;

    free(request->data);
    free(request);
    if (status < 0)
        leave(client);
    else if (!uv_is_closing((uv_handle_t *)client))
        uv_read_start(client, lend, advance); /* if it was stopped */
}

/* Sends what buf holds and frees it when it is sent. */
static int reply(uv_stream_t *client, char *data, size_t n)
{
    uv_buf_t buf = uv_buf_init(data, (unsigned)n);
    uv_write_t *request = malloc(sizeof(*request));
    if (request == NULL)
        return UV_ENOMEM;
    request->data = data;
    int error = uv_write(request, client, &buf, 1, sent);
    if (error != 0)
        free(request);
    return error;
}

static void advance(uv_stream_t *client, ssize_t n, const uv_buf_t *buf)
{
    if (n > 0)
        work_do();
    if (n > 0 && reply(client, buf->base, (size_t)n) == 0) {
        if (uv_stream_get_write_queue_size(client) > 0)
            uv_read_stop(client); /* until it has read its replies */
        return;
    }
    free(buf->base);
    if (n != 0) /* 0 is EAGAIN; else end of stream, or the client failed */
        leave(client);
}

static void welcome(uv_poll_t *listener, int status, int events)
{
    uv_os_fd_t fd;

    (void)status;
    (void)events;
    uv_fileno((uv_handle_t *)listener, &fd);
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (!net_admit(client, fd)) {
        if (stop_asked()) /* the loop ends when nothing is watched */
            uv_poll_stop(listener);
        return;
    }
    uv_tcp_t *tcp = malloc(sizeof(*tcp));
    if (tcp == NULL) {
        net_turn_away(client, "memory");
        return;
    }
    uv_tcp_init(&loop, tcp);
    if (uv_tcp_open(tcp, client) != 0) {
        net_turn_away(client, "uv_tcp_open");
        uv_close((uv_handle_t *)tcp, forget);
        return;
    }
    uv_read_start((uv_stream_t *)tcp, lend, advance);
}

static void serve(const struct listeners *listeners)
{
    static uv_poll_t polls[MAX_PORTS];

    signal(SIGPIPE, SIG_IGN); /* the library sends without MSG_NOSIGNAL */
    if (uv_loop_init(&loop) != 0)
        fatal(model.name, "uv_loop_init failed");
    for (size_t i = 0; i < listeners->n; i++)
        if (uv_poll_init(&loop, &polls[i], listeners->fds[i]) != 0 ||
            uv_poll_start(&polls[i], UV_READABLE, welcome) != 0)
            fatal(model.name, "uv_poll_start failed");
    uv_run(&loop, UV_RUN_DEFAULT); /* until nothing is waited for */
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_wait();
}
