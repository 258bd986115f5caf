#include "common/echo.h"

#include "common/net.h"
#include "common/work.h"

#include <errno.h>
#include <stdlib.h>
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
    if (conn == NULL)
        return NULL;
    conn->fd = fd;
    conn->waits_for = ECHO_READ;
    conn->drained = false;
    conn->filled = 0;
    conn->sent = 0;
    return conn;
}

enum echo_wait echo_receive(struct conn *conn)
{
    ssize_t n;

    do { /* EINTR says nothing of the socket */
        n = recv(conn->fd, conn->buf, sizeof(conn->buf), MSG_DONTWAIT);
    } while (n == -1 && errno == EINTR);

    conn->drained = n == -1 && errno == EAGAIN;
    if (conn->drained)
        return conn->waits_for = ECHO_READ;
    if (n <= 0)
        return conn->waits_for = ECHO_DONE;
    conn->filled = (size_t)n;
    conn->sent = 0;
    return conn->waits_for = ECHO_WRITE;
}

enum echo_wait echo_send(struct conn *conn)
{
    ssize_t n;

    do {
        n = send(conn->fd, conn->buf + conn->sent,
                 conn->filled - conn->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n == -1 && errno == EINTR);

    conn->drained = n == -1 && errno == EAGAIN;
    if (n == -1 && !conn->drained)
        return conn->waits_for = ECHO_DONE;
    if (n > 0)
        conn->sent += (size_t)n;
    return conn->waits_for = conn->sent < conn->filled ? ECHO_WRITE
                                                       : ECHO_READ;
}

enum echo_wait echo_step(struct conn *conn)
{
    if (conn->sent == conn->filled) {
        if (echo_receive(conn) != ECHO_WRITE)
            return conn->waits_for;
        work_do();
    }
    return echo_send(conn);
}

void conn_close(struct conn *conn)
{
    net_close(conn->fd);
    free(conn);
}
