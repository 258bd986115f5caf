#include "common/connect.h"

#include "common/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char *connect_resolve(const char *host, uint16_t port,
                            struct addrinfo **addresses)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICSERV,
    };
    char service[8];

    snprintf(service, sizeof(service), "%d", port);
    int error = getaddrinfo(host, service, &hints, addresses);
    if (error == EAI_SYSTEM)
        return strerror(errno);
    return error == 0 ? NULL : gai_strerror(error);
}

/* Leaves errno alone. */
static void discard(int fd)
{
    int reason = errno;

    close(fd);
    errno = reason;
}

int connect_begin(const struct addrinfo *address)
{
    int on = 1;
    int fd = socket(address->ai_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd == -1)
        return -1;
    /* A short message is not held back to be joined by the next. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, address->ai_addr, address->ai_addrlen) == -1 &&
        errno != EINPROGRESS) {
        discard(fd);
        return -1;
    }
    return fd;
}

bool connect_reached_itself(int fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct sockaddr_storage here = {0}, peer = {0};
    socklen_t here_size = sizeof(here), peer_size = sizeof(peer);

    if (getsockname(fd, (struct sockaddr *)&here, &here_size) == -1 ||
        getpeername(fd, (struct sockaddr *)&peer, &peer_size) == -1 ||
        here_size != peer_size || memcmp(&here, &peer, here_size) != 0)
        return false;
    /* Closed in the usual way, it would keep the port in TIME_WAIT, where a
     * server may be about to start. */
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    return true;
}

int connect_check(int fd)
{
    struct sockaddr_storage peer;
    socklen_t peer_size = sizeof(peer);
    int error = 0;
    socklen_t error_size = sizeof(error);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size) == -1)
        return -1;
    if (error == 0 &&
        getpeername(fd, (struct sockaddr *)&peer, &peer_size) == -1)
        error = errno == ENOTCONN ? EINPROGRESS : errno;
    if (error == 0 && connect_reached_itself(fd))
        error = ECONNREFUSED;
    errno = error;
    return error == 0 ? 0 : -1;
}

/* Returns whether the socket is writable; false with errno. */
static bool wait_until_writable(int fd, int64_t deadline_ms)
{
    struct pollfd one = {.fd = fd, .events = POLLOUT};
    int n;

    do {
        int64_t left_ms = deadline_ms - clock_now_ms();
        if (deadline_ms == -1)
            left_ms = -1;
        else if (left_ms < 0)
            left_ms = 0;
        n = poll(&one, 1, (int)left_ms);
    } while (n == -1 && errno == EINTR);
    if (n == 0)
        errno = ETIMEDOUT;
    return n == 1;
}

static int connect_one(const struct addrinfo *address, int64_t deadline_ms)
{
    int fd = connect_begin(address);

    if (fd == -1)
        return -1;
    if (wait_until_writable(fd, deadline_ms) && connect_check(fd) == 0)
        return fd;
    discard(fd);
    return -1;
}

int connect_any(const struct addrinfo *addresses, int wait_ms)
{
    const int64_t deadline_ms = wait_ms == -1 ? -1
                                              : clock_now_ms() + wait_ms;
    int reason = EDESTADDRREQ; /* for an empty list */

    for (; addresses != NULL; addresses = addresses->ai_next) {
        int fd = connect_one(addresses, deadline_ms);
        if (fd != -1)
            return fd;
        if (reason != ECONNREFUSED)
            reason = errno;
    }
    errno = reason;
    return -1;
}
