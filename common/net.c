#include "common/net.h"

#include "common/clock.h"
#include "common/idle.h"
#include "common/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REST_MS = 10 }; /* when there is nothing to give up */

static const char *model; /* for messages */
static bool many_ports;
static long max_clients;
static atomic_int reserve = -1; /* a descriptor for when there is none */
static atomic_bool turning_away;

/* Has the reserve, or can have it again. Loops may meet here: one wins. */
static bool have_reserve(void)
{
    int none = -1;

    if (reserve != -1)
        return true;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd == -1)
        return false;
    if (!atomic_compare_exchange_strong(&reserve, &none, fd))
        close(fd);
    return true;
}

/* beside: share the port with other listeners, there or to come. */
static int listen_on(const struct sockaddr *address, socklen_t length,
                     bool beside)
{
    int on = 1;
    int fd = socket(
        address->sa_family,
        SOCK_STREAM | SOCK_CLOEXEC | (many_ports ? SOCK_NONBLOCK : 0), 0);
    if (fd == -1)
        return -1;

    /* Restart at once, though old connections linger in TIME_WAIT. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1)
        goto fail;
    /* A reply is not held back to be joined by the next; Linux passes the
     * listener's setting on to those whom it accepts. */
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
        goto fail;
    if (beside &&
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == -1)
        goto fail;
    if (bind(fd, address, length) == -1)
        goto fail;
    if (listen(fd, SOMAXCONN) == -1)
        goto fail;
    return fd;

fail:
    close(fd);
    return -1;
}

/* The only listener of this process on a port, or its first; --port 0 is
 * decided here. */
static int listen_first(const struct options *options, size_t i)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *address;
    char port[8];

    snprintf(port, sizeof(port), "%d", options->ports[i]);
    int error = getaddrinfo(options->host, port, &hints, &address);
    if (error != 0)
        fatal(model, "--host %s: %s", options->host, gai_strerror(error));
    int fd = listen_on(address->ai_addr, address->ai_addrlen,
                       options->reuse_port);
    if (fd == -1)
        fatal_errno(model, "cannot listen on %s port %s", options->host,
                    port);
    freeaddrinfo(address);
    return fd;
}

/* One more on the port of the first. */
static int listen_beside(int first)
{
    struct sockaddr_storage address = {0};
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t length = sizeof(address);
    int on = 1;

    /* The first allows it after bind() only: were it set before, as
     * --reuse-port asks, a second server would share the port unseen in
     * place of EADDRINUSE. */
    if (setsockopt(first, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) ==
            -1 ||
        getsockname(first, any, &length) == -1)
        return -1;
    return listen_on(any, length, true);
}

/* error is that of the call that was to give the address. */
static struct net_end end_of(int error, const struct sockaddr *address,
                             socklen_t length)
{
    struct net_end end = {.name = "?"};
    char host[48]; /* INET6_ADDRSTRLEN, rounded up */
    char port[8];

    if (error == -1 ||
        getnameinfo(address, length, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return end;
    bool brackets = address->sa_family == AF_INET6;
    snprintf(end.name, sizeof(end.name), "%s%s%s:%s", brackets ? "[" : "",
             host, brackets ? "]" : "", port);
    end.port = atoi(port);
    return end;
}

struct net_end net_here(int fd)
{
    struct sockaddr_storage address = {0};
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t length = sizeof(address);
    int error = getsockname(fd, any, &length);

    return end_of(error, any, length);
}

struct net_end net_peer(int fd)
{
    struct sockaddr_storage address = {0};
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t length = sizeof(address);
    int error = getpeername(fd, any, &length);

    return end_of(error, any, length);
}

struct listeners net_listen(const struct options *options)
{
    struct listeners listeners = {.n = options->nports};

    /* send() is told so each time; this is for stderr, where a limit is
     * told of: its reader may have left. */
    signal(SIGPIPE, SIG_IGN);
    model = options->model;
    many_ports = options->many_ports;
    max_clients = options->max_clients;
    for (size_t i = 0; i < listeners.n; i++)
        listeners.fds[i] = listen_first(options, i);
    if (!have_reserve() ||
        stop_prepare(max_clients, options->drain_ms) == -1 ||
        idle_prepare(options->idle_ns, many_ports) == -1)
        fatal_errno(model, "cannot start");
    for (size_t i = 0; i < listeners.n; i++) {
        if (stop_add_listener(listeners.fds[i]) == -1)
            fatal_errno(model, "cannot start");
        printf("listening %s\n", net_here(listeners.fds[i]).name);
    }
    if (fflush(stdout) == EOF)
        fatal_errno(model, "cannot write to stdout");
    return listeners;
}

struct listeners net_listen_beside(const struct listeners *first)
{
    struct listeners listeners = {.n = first->n};

    for (size_t i = 0; i < listeners.n; i++) {
        listeners.fds[i] = listen_beside(first->fds[i]);
        if (listeners.fds[i] == -1 ||
            stop_add_listener(listeners.fds[i]) == -1)
            fatal_errno(model, "cannot share a port");
    }
    return listeners;
}

static void drop(int client)
{
    idle_remove_client(client);
    stop_remove_client(client);
    close(client);
}

void net_turn_away(int client, const char *limit)
{
    int reason = errno;

    if (!atomic_exchange(&turning_away, true))
        fprintf(stderr,
                "%s: %s: %s: newcomers are closed until a client "
                "leaves\n",
                model, limit, strerror(reason));
    drop(client);
}

static bool out_of_resources(void)
{
    return errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
           errno == ENOMEM;
}

void net_give_way(void)
{
    int spare = atomic_exchange(&reserve, -1);

    if (spare == -1)
        clock_rest_ms(REST_MS); /* at least don't spin */
    else
        close(spare);
}

int net_accept(int listener)
{
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client == -1 && out_of_resources()) {
        net_give_way();
        client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (client == -1 && out_of_resources())
            clock_rest_ms(REST_MS);
        if (client == -1)
            have_reserve();
    }
    return client == -1 ? -1 : net_admit(client);
}

int net_admit(int client)
{
    /* A newcomer may have got the descriptor that was the reserve. */
    bool room = have_reserve();
    long here = room ? stop_add_client(client) : -1;

    if (here == -1) {
        net_turn_away(client, "accept");
        have_reserve();
        return -1;
    }
    if (here > max_clients) {
        errno = EUSERS;
        net_turn_away(client, "--max-clients");
        return -1;
    }
    idle_add_client(client);
    return client;
}

int net_send_all(int fd, const void *data, size_t n)
{
    const unsigned char *next = data;

    while (n > 0) {
        ssize_t sent = send(fd, next, n, MSG_NOSIGNAL);
        if (sent == -1 && errno == EINTR)
            continue;
        if (sent == -1)
            return -1;
        next += sent;
        n -= (size_t)sent;
    }
    return 0;
}

void net_close(int client)
{
    int saved_errno = errno;

    drop(client);
    turning_away = false; /* if there was a limit, here is room again */
    errno = saved_errno;
}
