#include "common/echo.h"

#include "common/idle.h"
#include "common/net.h"
#include "common/work.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void echo_blocking(int client)
{
    unsigned char buf[ECHO_CHUNK];

    for (;;) {
        ssize_t n = recv(client, buf, sizeof(buf), 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* end of stream, or the client failed: done with it */
        work_do();
        if (net_send_all(client, buf, (size_t)n) == -1)
            return;
    }
}

struct conn *conn_open(int fd)
{
    struct conn *conn = malloc(sizeof(*conn));
    if (conn != NULL)
        *conn = (struct conn){.fd = fd, .waits_for = ECHO_READ};
    return conn;
}

/* Of all clients of a thread: nothing stays in it between two steps. */
static _Thread_local unsigned char shared[ECHO_CHUNK];

static enum echo_wait receive(struct conn *conn)
{
    ssize_t n;

    do { /* EINTR says nothing of the socket */
        n = recv(conn->fd, shared, sizeof(shared), MSG_DONTWAIT);
    } while (n == -1 && errno == EINTR);

    conn->drained = n == -1 && errno == EAGAIN;
    if (conn->drained)
        return conn->waits_for = ECHO_READ;
    if (n <= 0)
        return conn->waits_for = ECHO_DONE;
    conn->filled = (size_t)n;
    conn->sent = 0;
    idle_touch(conn->fd, POLLOUT);
    return conn->waits_for = ECHO_WRITE;
}

/* The next client's message will overwrite the shared buffer. */
static enum echo_wait keep(struct conn *conn)
{
    conn->buf = malloc(conn->filled);
    if (conn->buf == NULL)
        return conn->waits_for = ECHO_DONE;
    memcpy(conn->buf, shared, conn->filled);
    return conn->waits_for;
}

static enum echo_wait reply(struct conn *conn, const unsigned char *buf)
{
    ssize_t n;

    do {
        n = send(conn->fd, buf + conn->sent, conn->filled - conn->sent,
                 MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n == -1 && errno == EINTR);

    conn->drained = n == -1 && errno == EAGAIN;
    if (conn->drained)
        return conn->waits_for = ECHO_WRITE;
    if (n == -1)
        return conn->waits_for = ECHO_DONE;
    conn->sent += (size_t)n;
    conn->waits_for = conn->sent < conn->filled ? ECHO_WRITE : ECHO_READ;
    idle_touch(conn->fd, conn->waits_for == ECHO_WRITE ? POLLOUT : POLLIN);
    return conn->waits_for;
}

enum echo_wait echo_receive(struct conn *conn)
{
    return receive(conn) == ECHO_WRITE ? keep(conn) : conn->waits_for;
}

enum echo_wait echo_send(struct conn *conn)
{
    if (reply(conn, conn->buf) == ECHO_READ) {
        free(conn->buf);
        conn->buf = NULL;
    }
    return conn->waits_for;
}

enum echo_wait echo_step(struct conn *conn)
{
    if (conn->buf != NULL)
        return echo_send(conn);
    if (receive(conn) != ECHO_WRITE)
        return conn->waits_for;
    work_do();
    return reply(conn, shared) == ECHO_WRITE ? keep(conn) : conn->waits_for;
}

void conn_close(struct conn *conn)
{
    net_close(conn->fd);
    free(conn->buf);
    free(conn);
}
