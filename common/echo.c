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

/* A call returned -1: is it only not the time yet? */
static bool not_yet(void)
{
    return errno == EAGAIN || errno == EINTR;
}

enum echo_wait echo_step(struct conn *conn)
{
    conn->drained = false;
    if (conn->sent == conn->filled) {
        ssize_t n = recv(conn->fd, conn->buf, sizeof(conn->buf),
                         MSG_DONTWAIT);
        if (n == -1 && not_yet()) {
            conn->drained = true;
            return conn->waits_for = ECHO_READ;
        }
        if (n <= 0)
            return conn->waits_for = ECHO_DONE;
        conn->filled = (size_t)n;
        conn->sent = 0;
        work_do();
    }

    ssize_t n = send(conn->fd, conn->buf + conn->sent,
                     conn->filled - conn->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n == -1 && !not_yet())
        return conn->waits_for = ECHO_DONE;
    if (n == -1)
        conn->drained = true;
    else
        conn->sent += (size_t)n;
    return conn->waits_for =
               conn->sent < conn->filled ? ECHO_WRITE : ECHO_READ;
}

void conn_close(struct conn *conn)
{
    net_close(conn->fd);
    free(conn);
}
