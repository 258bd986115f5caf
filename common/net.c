#include "common/net.h"

#include "common/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *model;     /* for messages */
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

static int listen_on(const struct addrinfo *address, bool many)
{
    int on = 1;
    int fd = socket(address->ai_family,
                    SOCK_STREAM | SOCK_CLOEXEC | (many ? SOCK_NONBLOCK : 0),
                    0);
    if (fd == -1)
        return -1;

    /* Restart at once, though old connections linger in TIME_WAIT. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1)
        goto fail;
    /* A reply is not held back to be joined by the next; Linux passes the
     * listener's setting on to those whom it accepts. */
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
        goto fail;
    if (bind(fd, address->ai_addr, address->ai_addrlen) == -1)
        goto fail;
    if (listen(fd, SOMAXCONN) == -1)
        goto fail;
    return fd;

fail:
    close(fd);
    return -1;
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
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct listeners listeners = {.n = options->nports};

    model = options->model;
    max_clients = options->max_clients;
    for (size_t i = 0; i < options->nports; i++) {
        struct addrinfo *address;
        char port[8];
        snprintf(port, sizeof(port), "%d", options->ports[i]);
        int error = getaddrinfo(options->host, port, &hints, &address);
        if (error != 0)
            fatal(model, "--host %s: %s", options->host,
                  gai_strerror(error));
        listeners.fds[i] = listen_on(address, options->many_ports);
        if (listeners.fds[i] == -1)
            fatal_errno(model, "cannot listen on %s port %s", options->host,
                        port);
        freeaddrinfo(address);
    }

    if (!have_reserve() ||
        stop_prepare(listeners.fds, listeners.n, max_clients,
                     options->drain_ms) == -1)
        fatal_errno(model, "cannot start");
    for (size_t i = 0; i < listeners.n; i++)
        printf("listening %s\n", net_here(listeners.fds[i]).name);
    if (fflush(stdout) == EOF)
        fatal_errno(model, "cannot write to stdout");
    return listeners;
}

void net_turn_away(int client, const char *limit)
{
    int reason = errno;

    if (!atomic_exchange(&turning_away, true))
        fprintf(stderr, "%s: %s: %s: newcomers are closed until a client "
                "leaves\n", model, limit, strerror(reason));
    net_close(client);
}

/*
 * Out of descriptors, accept() fails although, or even before, somebody
 * comes. The reserve is given up for the newcomer; if it can be had again,
 * a client has left meanwhile and there is room after all.
 */
static int accept_on_reserve(int listener)
{
    int spare = atomic_exchange(&reserve, -1);
    if (spare == -1)
        return -1;
    close(spare);
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (have_reserve() || client == -1)
        return client;
    net_turn_away(client, "accept");
    have_reserve();
    return -1;
}

static void rest(void)
{
    const struct timespec a_moment = {.tv_nsec = 10000000};

    nanosleep(&a_moment, NULL);
}

static bool out_of_resources(void)
{
    return errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
           errno == ENOMEM;
}

int net_accept(int listener)
{
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client == -1 && out_of_resources()) {
        client = accept_on_reserve(listener);
        if (client == -1 && out_of_resources())
            rest(); /* nothing to give up: at least don't spin */
    }
    if (client == -1)
        return -1;
    if (stop_count() >= max_clients) {
        errno = EUSERS;
        net_turn_away(client, "--max-clients");
        return -1;
    }
    if (stop_add_client(client) == -1) {
        net_turn_away(client, "accept");
        return -1;
    }
    turning_away = false;
    have_reserve(); /* unless somebody else took it at the limit */
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

    stop_remove_client(client);
    close(client);
    errno = saved_errno;
}
