#include "demo/clients.h"

#include "common/clock.h"
#include "common/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNK = 65536, EVENTS = 64 };

/* FNV-1a: two streams that differ would have to meet by accident. */
static uint64_t hash(uint64_t h, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
    return h;
}

int clients_open(void)
{
    return epoll_create1(EPOLL_CLOEXEC);
}

uint64_t connection_owed(const struct connection *c)
{
    return c->wanted > c->received ? c->wanted - c->received : 0;
}

static bool is_open(const struct connection *c)
{
    return c->phase <= CONNECTION_ENDING;
}

static void watch(struct connection *c, int reactor, int op)
{
    struct epoll_event event = {.data.ptr = c};

    if (c->reading)
        event.events |= EPOLLIN;
    if (c->phase == CONNECTION_COMING || c->sent < c->wanted)
        event.events |= EPOLLOUT;
    epoll_ctl(reactor, op, c->fd, &event);
}

static void end(struct connection *c, enum connection_phase phase)
{
    if (c->fd != -1)
        close(c->fd);
    c->fd = -1;
    c->phase = phase;
}

/* Keeps the last bytes that came back, to be shown. */
static void remember(struct connection *c, const char *bytes, size_t n)
{
    size_t keep = sizeof(c->last) - 1;
    size_t old = strlen(c->last);

    if (n > keep) {
        bytes += n - keep;
        n = keep;
    }
    if (old + n > keep) {
        memmove(c->last, c->last + (old + n - keep), keep - n);
        old = keep - n;
    }
    for (size_t i = 0; i < n; i++)
        c->last[old + i] = (char)(bytes[i] != '\0' ? bytes[i] : '?');
    c->last[old + n] = '\0';
}

static void take(struct connection *c, const char *bytes, size_t n)
{
    c->received += n;
    c->received_hash = hash(c->received_hash, bytes, n);
    remember(c, bytes, n);
    if (c->received > c->sent)
        c->differs = true;
    if (c->received != c->wanted)
        return;
    if (c->received_hash != c->sent_hash)
        c->differs = true;
    c->echoes++;
    c->echo_ns = clock_now_ns() - c->asked_ns;
}

static void receive(struct connection *c)
{
    static char bytes[CHUNK]; /* one thread */
    ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (n > 0)
        take(c, bytes, (size_t)n);
    else if (n == 0)
        end(c, c->phase == CONNECTION_ENDING ? CONNECTION_CLOSED
                                             : CONNECTION_CUT);
    else if (errno != EAGAIN && errno != EINTR)
        end(c, c->phase == CONNECTION_COMING ? CONNECTION_REFUSED
                                             : CONNECTION_CUT);
}

/* The next bytes of a passage; at most CHUNK. */
static size_t fill(const struct passage *passage, char bytes[CHUNK])
{
    size_t n = passage->left < CHUNK ? (size_t)passage->left : CHUNK;

    for (size_t i = 0; i < n; i++)
        bytes[i] = passage->text[(passage->sent + i) % passage->text_bytes];
    return n;
}

static void note_sent(struct connection *c, const char *bytes, size_t n)
{
    struct passage *passage = &c->passages[0];

    c->sent_hash = hash(c->sent_hash, bytes, n);
    c->sent += n;
    passage->sent += n;
    passage->left -= n;
    if (passage->left == 0)
        memmove(passage, passage + 1, --c->npassages * sizeof(*passage));
}

static void transmit(struct connection *c)
{
    static char bytes[CHUNK]; /* one thread */

    while (c->npassages > 0) {
        size_t n = fill(&c->passages[0], bytes);
        ssize_t sent = send(c->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent == -1)
            break; /* full; or failed, which recv() will tell */
        note_sent(c, bytes, (size_t)sent);
    }
    if (c->sent == c->wanted && c->phase == CONNECTION_ENDING)
        shutdown(c->fd, SHUT_WR);
}

static void arrive(struct connection *c)
{
    if (connect_check(c->fd) == 0)
        c->phase = CONNECTION_OPEN;
    else if (errno != EINPROGRESS)
        end(c, CONNECTION_REFUSED);
}

static void advance(struct connection *c, uint32_t events, int reactor)
{
    if (c->fd == -1)
        return;
    if (c->phase == CONNECTION_COMING)
        arrive(c);
    if (c->fd != -1 && (events & EPOLLOUT) != 0 && c->sent < c->wanted)
        transmit(c);
    /* An error is fetched though it stalls, or is told for ever. */
    if (c->fd != -1 &&
        (c->reading || (events & (EPOLLERR | EPOLLHUP)) != 0))
        receive(c);
    if (c->fd != -1)
        watch(c, reactor, EPOLL_CTL_MOD);
}

void clients_pump(int reactor)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(reactor, events, EVENTS, 0);

    for (int i = 0; i < n; i++)
        advance(events[i].data.ptr, events[i].events, reactor);
}

/* Takes an address apart; returns the port. */
static uint16_t read_address(const struct sockaddr_storage *from,
                             uint8_t to[16])
{
    struct sockaddr_in6 v6;
    struct sockaddr_in v4;

    if (from->ss_family == AF_INET6) {
        memcpy(&v6, from, sizeof(v6));
        memcpy(to, &v6.sin6_addr, sizeof(v6.sin6_addr));
        return ntohs(v6.sin6_port);
    }
    memcpy(&v4, from, sizeof(v4));
    memcpy(to, &v4.sin_addr, sizeof(v4.sin_addr));
    return ntohs(v4.sin_port);
}

/* How the kernel knows the two ends of a connection that is under way. */
static void note_addresses(struct connection *c,
                           const struct addrinfo *server)
{
    struct sockaddr_storage ends[2] = {0};
    socklen_t length = sizeof(ends[0]);

    memcpy(&ends[0], server->ai_addr, server->ai_addrlen);
    c->family = (uint8_t)server->ai_family;
    read_address(&ends[0], c->server_address);
    if (getsockname(c->fd, (struct sockaddr *)&ends[1], &length) == 0)
        c->port = read_address(&ends[1], c->address);
}

static int dial(struct connection *c, const char *host, uint16_t port)
{
    struct addrinfo *address;

    if (connect_resolve(host, port, &address) != NULL) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    c->fd = connect_begin(address);
    int reason = errno;
    if (c->fd != -1)
        note_addresses(c, address);
    else if (reason == ECONNREFUSED)
        c->phase = CONNECTION_REFUSED;
    freeaddrinfo(address);
    errno = reason;
    return c->phase != CONNECTION_REFUSED && c->fd == -1 ? -1 : 0;
}

int clients_connect(struct client *client, int reactor, const char *host,
                    uint16_t port, size_t count)
{
    clients_free(client);
    client->connections = calloc(count, sizeof(*client->connections));
    if (client->connections == NULL)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct connection *c = &client->connections[i];
        c->server_port = port;
        c->reading = true;
        if (dial(c, host, port) == -1)
            return -1;
        client->n++;
        if (c->fd != -1)
            watch(c, reactor, EPOLL_CTL_ADD);
    }
    return 0;
}

/* The same once more: a key may be pressed thousands of times. */
static bool prolong(struct connection *c, const struct passage *more)
{
    if (c->npassages == 0)
        return false;
    struct passage *last = &c->passages[c->npassages - 1];
    if (last->text_bytes != more->text_bytes ||
        memcmp(last->text, more->text, more->text_bytes) != 0 ||
        (last->sent + last->left) % last->text_bytes != 0)
        return false;
    last->left += more->left;
    return true;
}

static int append(struct connection *c, const struct passage *more)
{
    if (prolong(c, more))
        return 0;
    struct passage *longer = reallocarray(c->passages, c->npassages + 1,
                                          sizeof(*longer));
    if (longer == NULL)
        return -1;
    longer[c->npassages++] = *more;
    c->passages = longer;
    return 0;
}

int clients_send(struct client *client, int reactor, const char *text,
                 size_t n)
{
    struct passage more = {.left = n};

    more.text_bytes = strlen(text) < CONNECTION_TEXT ? strlen(text)
                                                     : CONNECTION_TEXT;
    memcpy(more.text, text, more.text_bytes);
    for (size_t i = 0; i < client->n; i++) {
        struct connection *c = &client->connections[i];
        if (c->phase > CONNECTION_OPEN)
            continue;
        if (append(c, &more) == -1)
            return -1;
        if (connection_owed(c) == 0)
            c->asked_ns = clock_now_ns();
        c->wanted += n;
        if (c->phase == CONNECTION_OPEN)
            transmit(c);
        watch(c, reactor, EPOLL_CTL_MOD);
    }
    return 0;
}

static void set_reading(struct client *client, int reactor, bool reading)
{
    for (size_t i = 0; i < client->n; i++) {
        struct connection *c = &client->connections[i];
        c->reading = reading;
        if (c->fd != -1)
            watch(c, reactor, EPOLL_CTL_MOD);
    }
}

void clients_stall(struct client *client, int reactor)
{
    set_reading(client, reactor, false);
}

void clients_read(struct client *client, int reactor)
{
    set_reading(client, reactor, true);
}

void clients_close(struct client *client, int reactor)
{
    for (size_t i = 0; i < client->n; i++) {
        struct connection *c = &client->connections[i];
        if (!is_open(c))
            continue;
        c->phase = CONNECTION_ENDING;
        transmit(c);
    }
    set_reading(client, reactor, true); /* or its end would not be seen */
}

void clients_reset(struct client *client)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    for (size_t i = 0; i < client->n; i++) {
        struct connection *c = &client->connections[i];
        if (!is_open(c))
            continue;
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        end(c, CONNECTION_RESET);
    }
}

void clients_free(struct client *client)
{
    clients_reset(client);
    for (size_t i = 0; i < client->n; i++)
        free(client->connections[i].passages);
    free(client->connections);
    client->connections = NULL;
    client->n = 0;
}
