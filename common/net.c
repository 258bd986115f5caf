#include "common/net.h"

#include "common/census.h"
#include "common/clock.h"
#include "common/connect.h"
#include "common/idle.h"
#include "common/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { REST_MS = 10 }; /* when there is nothing to give up */

static const char *model;       /* for messages */
static bool shares;             /* --reuse-port */
static atomic_int reserve = -1; /* a descriptor for when there is none */
static atomic_bool turning_away;

/* Has the reserve, or opens it again. Several threads may be here at once:
 * one wins. */
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

/* error is what the call returned that was to fill in the address. */
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

static int set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value));
}

/*
 * Linux passes some of a listener's settings on to its clients: that a
 * reply is not held back to be joined by the next (TCP_NODELAY), and that
 * an urgent byte stays in the stream (SO_OOBINLINE), where recv() would
 * leave it out.
 *
 * beside  other listeners may share the port, now or later
 * alone   an IPv6 listener takes no IPv4: that has a listener of its own
 */
static int listen_on(const struct sockaddr *address, socklen_t length,
                     bool beside, bool alone)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;

    /* Restart at once, though old connections linger in TIME_WAIT. */
    if (set(fd, SOL_SOCKET, SO_REUSEADDR, 1) == -1 ||
        set(fd, SOL_SOCKET, SO_OOBINLINE, 1) == -1 ||
        set(fd, IPPROTO_TCP, TCP_NODELAY, 1) == -1 ||
        (beside && set(fd, SOL_SOCKET, SO_REUSEPORT, 1) == -1) ||
        (alone && address->sa_family == AF_INET6 &&
         set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) == -1))
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

/*
 * The kernel lets a server of the same user join a port where all have set
 * SO_REUSEPORT, as loops must: so could one that was started with
 * --reuse-port, where the loops were not. Loops therefore hold a name in
 * the abstract namespace (unix(7)), which ends with the process, and a
 * server with --reuse-port asks for that name. Servers of other projects do
 * not.
 */
static struct sockaddr_un claim_on(const char *end)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "echo %s", end);
    return name;
}

/* Returns  a descriptor that holds the name; or -1 with errno, EADDRINUSE
 *          when another process holds it. */
static int claim_port(int listener)
{
    const struct sockaddr_un name = claim_on(net_here(listener).name);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd == -1)
        return -1;
    if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) == 0)
        return fd;
    close(fd);
    errno = EADDRINUSE;
    return -1;
}

static bool is_claimed(const char *end)
{
    const struct sockaddr_un name = claim_on(end);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool result = fd != -1 && connect(fd, (const struct sockaddr *)&name,
                                      sizeof(name)) == 0;

    if (fd != -1)
        close(fd);
    return result;
}

/*
 * May a server with --reuse-port join this port? 0, or -1. Loops that
 * listen on every address are asked, too: the kernel gives a client to the
 * listener that names its address, and they would lose all clients of this
 * one.
 */
static int ask_to_share(int listener)
{
    const struct net_end here = net_here(listener);
    char any[16], any6[16];

    snprintf(any, sizeof(any), "0.0.0.0:%d", here.port);
    snprintf(any6, sizeof(any6), "[::]:%d", here.port);
    bool claimed = is_claimed(here.name) || is_claimed(any6) ||
                   (here.name[0] != '[' && is_claimed(any));
    errno = EADDRINUSE;
    return claimed ? -1 : 0;
}

/* Has this address been in the list before? */
static bool is_twice(const struct addrinfo *list, const struct addrinfo *it)
{
    for (; list != it; list = list->ai_next)
        if (list->ai_addrlen == it->ai_addrlen &&
            memcmp(list->ai_addr, it->ai_addr, it->ai_addrlen) == 0)
            return true;
    return false;
}

/* --port 0 is decided at the first address, for all. */
static void set_port(const struct addrinfo *list, int port)
{
    const uint16_t wire = htons((uint16_t)port);

    for (; list != NULL; list = list->ai_next)
        if (list->ai_family == AF_INET6)
            ((struct sockaddr_in6 *)list->ai_addr)->sin6_port = wire;
        else
            ((struct sockaddr_in *)list->ai_addr)->sin_port = wire;
}

static void add_listener(struct listeners *listeners, int fd)
{
    if (listeners->n == MAX_LISTENERS)
        fatal(model, "more than %d ports and addresses", MAX_LISTENERS);
    listeners->fds[listeners->n++] = fd;
}

/* One of the addresses of a port. */
static void listen_at(struct listeners *listeners,
                      const struct options *options,
                      const struct addrinfo *address, bool one_of_several)
{
    int fd = listen_on(address->ai_addr, address->ai_addrlen,
                       options->reuse_port, one_of_several);
    if (fd != -1 && (!options->reuse_port || ask_to_share(fd) == 0)) {
        add_listener(listeners, fd);
        return;
    }
    int reason = errno;
    struct net_end end = end_of(0, address->ai_addr, address->ai_addrlen);
    if (one_of_several &&
        (reason == EADDRNOTAVAIL || reason == EAFNOSUPPORT)) {
        fprintf(stderr, "%s: --host %s: not on %s: %s\n", model,
                options->host, end.name, strerror(reason));
        return;
    }
    errno = reason;
    fatal_errno(model, "cannot listen on %s port %d", options->host,
                end.port);
}

/* All addresses of the host on one port; or, for a model that waits on one
 * listener alone, the first that there is. */
static void listen_to(struct listeners *listeners,
                      const struct options *options, uint16_t port)
{
    const size_t before = listeners->n;
    struct addrinfo *list;
    const char *reason = connect_resolve(options->host, port, &list);

    if (reason != NULL)
        fatal(model, "--host %s: %s", options->host, reason);
    for (struct addrinfo *it = list; it != NULL; it = it->ai_next) {
        if (is_twice(list, it))
            continue;
        if (listeners->n > before && !options->many_ports) {
            fprintf(stderr,
                    "%s: --host %s: has other addresses, too, and accept() "
                    "waits on one alone\n",
                    model, options->host);
            break;
        }
        listen_at(listeners, options, it, list->ai_next != NULL);
        if (listeners->n > before)
            set_port(list, net_here(listeners->fds[before]).port);
    }
    freeaddrinfo(list);
    if (listeners->n == before)
        fatal(model, "--host %s: no address of this machine",
              options->host);
}

static bool is_for_ipv6_alone(int fd)
{
    int alone = 0;
    socklen_t size = sizeof(alone);

    return getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &alone, &size) == 0 &&
           alone;
}

/* One more on the port of the first. */
static int listen_beside(int first)
{
    struct sockaddr_storage address = {0};
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t length = sizeof(address);

    /* The first allows it after bind() only: were it set before, as
     * --reuse-port asks, a second server would share the port unseen in
     * place of EADDRINUSE. */
    if (set(first, SOL_SOCKET, SO_REUSEPORT, 1) == -1 ||
        getsockname(first, any, &length) == -1)
        return -1;
    return listen_on(any, length, true, is_for_ipv6_alone(first));
}

struct listeners net_listen(const struct options *options)
{
    const struct stop_plan plan = {
        .max_clients = options->max_clients,
        .drain_ms = options->drain_ms,
        .echoes = options->echoes,
    };
    struct listeners listeners = {0};

    /* Each send() has MSG_NOSIGNAL; this is for stderr, whose reader may
     * have left when a limit is reported there. */
    signal(SIGPIPE, SIG_IGN);
    model = options->model;
    shares = options->reuse_port;
    for (size_t i = 0; i < options->nports; i++)
        listen_to(&listeners, options, options->ports[i]);
    if (!have_reserve() || stop_prepare(&plan) == -1)
        fatal_errno(model, "cannot start");
    for (size_t i = 0; i < listeners.n; i++) {
        if (stop_add_listener(listeners.fds[i]) == -1)
            fatal_errno(model, "cannot start");
        printf("listening %s\n", net_here(listeners.fds[i]).name);
    }
    if (fflush(stdout) == EOF)
        fatal_errno(model, "cannot write to stdout");
    idle_prepare(options->idle_ns);
    stop_look_for_idle();
    return listeners;
}

struct listeners net_listen_beside(const struct listeners *first)
{
    struct listeners listeners = {.n = first->n};
    static bool claimed; /* until the process ends */

    for (size_t i = 0; i < listeners.n && !shares && !claimed; i++)
        if (claim_port(first->fds[i]) == -1)
            fatal_errno(model, "cannot have %s alone",
                        net_here(first->fds[i]).name);
    claimed = true;
    for (size_t i = 0; i < listeners.n; i++) {
        listeners.fds[i] = listen_beside(first->fds[i]);
        if (listeners.fds[i] == -1 ||
            stop_add_listener(listeners.fds[i]) == -1)
            fatal_errno(model, "cannot share a port");
    }
    return listeners;
}

size_t net_descriptor_limit(void)
{
    return census_descriptor_limit();
}

/* The census first: after close() another thread may get the same
 * descriptor. */
static void drop(int client)
{
    census_leave(client);
    close(client);
}

/* Its reader may have stopped reading, and clients can bring about as many
 * lines as they like: all would wait for it. */
static bool stderr_has_room(void)
{
    struct pollfd one = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&one, 1, 0) == 1;
}

void net_turn_away(int client, const char *limit)
{
    int reason = errno;

    if (stderr_has_room() && !atomic_exchange(&turning_away, true))
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
        clock_rest_ms(REST_MS); /* do not spin */
    else
        close(spare);
}

bool net_admit(int client, int listener)
{
    if (client == -1) {
        if (stop_asked())
            stop_silence(listener);
        else if (out_of_resources())
            net_give_way();
        return false;
    }
    /* A newcomer may have got the descriptor that was the reserve. */
    if (!have_reserve()) {
        net_turn_away(client, "accept");
        have_reserve();
        return false;
    }
    if (census_enter(client) == -1) {
        net_turn_away(client, errno == EUSERS ? "--max-clients" : "accept");
        return false;
    }
    return true;
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
    turning_away = false; /* a limit that was met leaves room again */
    errno = saved_errno;
}
