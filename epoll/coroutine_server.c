/*
 * epoll/coroutine_server: the loop of iterative, riding on epoll.
 *
 * Waits in     epoll_wait() on all sockets at once
 * A client is  a coroutine: a stack of its own
 * Stops at     the descriptor limit
 * Differs by   a stack for each client; what would wait gives way
 * Chapter      docs/6-epoll.md
 */
#include <errno.h>
#include <stdbool.h>
#include <time.h>

#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"
#include "common/work.h"
#include "epoll/coroutine.h"

static long daytime_port = -1; /* none */

static const struct option_number numbers[] = {
    {"daytime-port", "N", "a second service, the time of day, on port N", 0,
     UINT16_MAX, &daytime_port},
    {0},
};

static const struct model model = {
    .name = "epoll/coroutine_server",
    .about = "Echo server: the loop of iterative, riding on epoll."
             "\vTwo services in one program, to copy:\n"
             "  build/epoll/coroutine_server --daytime-port 5013\n"
             "  build/iterative/client --port 5050 hi\n"
             "  build/iterative/client --port 5013 </dev/null",
    .many_ports = true,
    .max_clients = 20000,
    .numbers = numbers,
};

/* echo_blocking(), line by line, with calls that give way. */
static void echo(int client)
{
    unsigned char buf[ECHO_CHUNK];
    bool ended = false;
    ssize_t n;

    /* 0: end of stream; -1: the client failed */
    while ((n = coroutine_recv(client, buf, sizeof(buf))) > 0) {
        if (ended)
            continue;
        work_do();
        if (coroutine_send_all(client, buf, (size_t)n) == -1) {
            if (errno != EPIPE)
                return;
            ended = true;
        }
    }
}

/* RFC 867: who connects is told the time, in words, and that is all. */
static void daytime(int client)
{
    char text[64];
    time_t now = time(NULL);
    size_t n = strftime(text, sizeof(text), "%A, %B %e, %Y %H:%M:%S-%Z\r\n",
                        localtime(&now));

    coroutine_send_all(client, text, n);
}

static void serve(const struct listeners *listeners)
{
    struct service services[MAX_PORTS];

    for (size_t i = 0; i < listeners->n; i++)
        services[i] = (struct service){listeners->fds[i], echo};
    if (daytime_port != -1)
        services[listeners->n - 1].handler = daytime; /* the last port */
    coroutine_serve(model.name, services, listeners->n);
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    if (daytime_port != -1 && options.nports == MAX_PORTS)
        fatal(model.name, "--daytime-port: more than %d ports", MAX_PORTS);
    if (daytime_port != -1)
        options.ports[options.nports++] = (uint16_t)daytime_port;
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_wait();
}
