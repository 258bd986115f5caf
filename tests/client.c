#include "tests/client.h"

#include "common/clock.h"
#include "common/connect.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 65536 };

static const char *problem(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static const char *problem(const char *format, ...)
{
    static _Thread_local char text[200];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return text;
}

/* Waits for events. Returns those that came, 0 when the time is over. */
static short wait_for(int fd, short events, int wait_ms)
{
    int64_t deadline_ms = clock_now_ms() + wait_ms;
    struct pollfd one = {.fd = fd, .events = events};

    for (;;) {
        int64_t left_ms = deadline_ms - clock_now_ms();
        int n = poll(&one, 1, left_ms > 0 ? (int)left_ms : 0);
        if (n == -1 && errno == EINTR)
            continue;
        return (short)(n == 1 ? one.revents : 0);
    }
}

int client_connect(const char *host, uint16_t port)
{
    struct addrinfo *addresses;

    if (connect_resolve(host, port, &addresses) != NULL) {
        errno = EINVAL;
        return -1;
    }
    int fd = connect_any(addresses, PATIENCE_MS);
    int reason = errno;
    freeaddrinfo(addresses);
    errno = reason;
    return fd;
}

int client_connect_narrow(const char *host, uint16_t port, int room)
{
    struct addrinfo *addresses;
    int result = -1;

    if (connect_resolve(host, port, &addresses) != NULL)
        return -1;
    int fd = socket(addresses->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd != -1 &&
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) == 0)
        result = connect(fd, addresses->ai_addr, addresses->ai_addrlen);
    freeaddrinfo(addresses);
    if (result == -1 && fd != -1)
        close(fd);
    return result == 0 ? fd : -1;
}

/* Byte `at` of a stream: splitmix64, eight bytes a turn. */
static unsigned char byte_of(unsigned seed, uint64_t at)
{
    uint64_t z = (at / 8 + 1) * 0x9e3779b97f4a7c15 + seed;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (unsigned char)((z ^ (z >> 31)) >> (at % 8 * 8));
}

void client_pattern(void *data, size_t n, unsigned seed, uint64_t offset)
{
    unsigned char *bytes = data;

    for (size_t i = 0; i < n; i++)
        bytes[i] = byte_of(seed, offset + i);
}

static const char *compare(const unsigned char *data, size_t n,
                           unsigned seed, uint64_t offset)
{
    for (size_t i = 0; i < n; i++)
        if (data[i] != byte_of(seed, offset + i))
            return problem("got byte %" PRIu64
                           " back as 0x%02x in place of 0x%02x",
                           offset + i, data[i], byte_of(seed, offset + i));
    return NULL;
}

/* most     bytes in one send(), at most PIECE */
static const char *send_some(struct client_echo *echo, size_t most)
{
    unsigned char data[PIECE];
    uint64_t left = echo->size - echo->sent;
    size_t n = left < most ? (size_t)left : most;

    client_pattern(data, n, echo->seed, echo->sent);
    ssize_t sent = send(echo->fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent == -1 && errno != EAGAIN && errno != EINTR)
        return problem("could not send (%s) after %llu bytes",
                       strerror(errno), (unsigned long long)echo->sent);
    if (sent > 0)
        echo->sent += (uint64_t)sent;
    return NULL;
}

static const char *receive_some(struct client_echo *echo)
{
    unsigned char data[PIECE];
    uint64_t left = echo->wanted - echo->received;
    size_t n = left < sizeof(data) ? (size_t)left : sizeof(data);
    ssize_t got = recv(echo->fd, data, n, MSG_DONTWAIT);

    if (got == -1 && (errno == EAGAIN || errno == EINTR))
        return NULL;
    echo->ended = got == 0;
    if (got <= 0)
        return problem("was %s after %llu of %llu bytes",
                       got == 0 ? "closed" : strerror(errno),
                       (unsigned long long)echo->received,
                       (unsigned long long)echo->sent);
    const char *wrong = compare(data, (size_t)got, echo->seed,
                                echo->received);
    echo->received += (uint64_t)got;
    return wrong;
}

const char *client_run(struct client_echo *echo)
{
    const char *wrong = NULL;

    while (wrong == NULL && echo->received < echo->wanted) {
        short events = echo->sent < echo->size ? POLLIN | POLLOUT : POLLIN;
        short ready = wait_for(echo->fd, events, PATIENCE_MS);
        if (ready == 0)
            return problem("was not echoed within %d s (%llu of %llu bytes "
                           "came back)",
                           PATIENCE_MS / 1000,
                           (unsigned long long)echo->received,
                           (unsigned long long)echo->sent);
        if (ready & (POLLIN | POLLHUP | POLLERR))
            wrong = receive_some(echo);
        if (wrong == NULL && (ready & POLLOUT) && echo->sent < echo->size)
            wrong = send_some(echo, PIECE);
    }
    return wrong;
}

const char *client_run_to_end(struct client_echo *echo)
{
    echo->wanted = UINT64_MAX;
    const char *wrong = client_run(echo);
    return echo->ended ? NULL : wrong;
}

uint64_t client_acknowledged(const struct client_echo *echo)
{
    int under_way = 0;

    ioctl(echo->fd, SIOCOUTQ, &under_way);
    return echo->sent - (uint64_t)under_way;
}

const char *client_echo(int fd, size_t n, unsigned seed)
{
    struct client_echo echo = {
        .fd = fd, .seed = seed, .size = n, .wanted = n};

    return client_run(&echo);
}

const char *client_receive(int fd, size_t n, unsigned seed, uint64_t offset)
{
    struct client_echo echo = {
        .fd = fd,
        .seed = seed,
        .sent = offset + n,
        .received = offset,
        .wanted = offset + n,
    };

    return client_run(&echo);
}

const char *client_send(int fd, const void *data, size_t n)
{
    const unsigned char *next = data;

    while (n > 0) {
        if (wait_for(fd, POLLOUT, PATIENCE_MS) == 0)
            return problem("could not send within %d s",
                           PATIENCE_MS / 1000);
        ssize_t sent = send(fd, next, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent == -1 && errno != EAGAIN && errno != EINTR)
            return problem("could not send: %s", strerror(errno));
        if (sent > 0) {
            next += sent;
            n -= (size_t)sent;
        }
    }
    return NULL;
}

size_t client_fill_by(int fd, size_t message, unsigned seed)
{
    struct client_echo echo = {.fd = fd, .seed = seed, .size = FILL_MAX};

    while (echo.sent < FILL_MAX &&
           wait_for(fd, POLLOUT, QUIET_MS) == POLLOUT)
        if (send_some(&echo, message) != NULL)
            break;
    return (size_t)echo.sent;
}

size_t client_fill(int fd, unsigned seed)
{
    return client_fill_by(fd, PIECE, seed);
}

const char *client_end(int fd)
{
    char byte;
    short ready = wait_for(fd, POLLIN, PATIENCE_MS);

    if (ready == 0)
        return problem("did not see the end of stream within %d s",
                       PATIENCE_MS / 1000);
    ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);
    if (n == -1)
        return problem("got no end of stream but: %s", strerror(errno));
    return n == 0 ? NULL : problem("got more back than it had sent");
}

const char *client_finish(int fd)
{
    if (shutdown(fd, SHUT_WR) == -1)
        return problem("could not half-close: %s", strerror(errno));
    return client_end(fd);
}

const char *client_arrived(int fd)
{
    int64_t deadline_ms = clock_now_ms() + PATIENCE_MS;
    int under_way;

    /* No event tells of an acknowledgement: ask. */
    while (ioctl(fd, SIOCOUTQ, &under_way) == 0 && under_way > 0) {
        if (clock_now_ms() > deadline_ms)
            return problem("could not hand over %d bytes within %d s",
                           under_way, PATIENCE_MS / 1000);
        clock_rest_ms(1);
    }
    return NULL;
}

enum client_news client_listen(int fd, int wait_ms)
{
    char byte;

    if (wait_for(fd, POLLIN, wait_ms) == 0)
        return CLIENT_SILENCE;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1 ? CLIENT_BYTES
                                                            : CLIENT_CLOSED;
}

bool client_is_over(int fd)
{
    return wait_for(fd, POLLRDHUP, 0) != 0;
}

void client_reset(int fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
}
