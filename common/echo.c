#include "common/echo.h"

#include "common/net.h"
#include "common/work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* EINTR, a signal, says nothing about the socket. */
static ssize_t receive(int client, void *buf, size_t size)
{
    ssize_t n;

    do
        n = recv(client, buf, size, 0);
    while (n == -1 && errno == EINTR);
    return n;
}

void echo_blocking(int client)
{
    unsigned char buf[ECHO_CHUNK];
    bool ended = false;
    ssize_t n;

    /* 0: end of stream; -1: the client failed */
    while ((n = receive(client, buf, sizeof(buf))) > 0) {
        if (ended)
            continue;
        work_do();
        if (net_send_all(client, buf, (size_t)n) == -1) {
            if (errno != EPIPE)
                return;
            ended = true;
        }
    }
}

struct conn *conn_open(int fd)
{
    struct conn *conn = malloc(sizeof(*conn));
    if (conn != NULL)
        *conn = (struct conn){.fd = fd, .waits_for = ECHO_READ};
    return conn;
}

/* All clients of a thread use it: nothing stays in it between two steps. */
static _Thread_local unsigned char shared[ECHO_CHUNK];

static enum echo_wait take(struct conn *conn)
{
    ssize_t n = receive(conn->fd, shared, sizeof(shared));

    conn->drained = n == -1 && errno == EAGAIN;
    if (conn->drained)
        return conn->waits_for = ECHO_READ;
    if (n <= 0)
        return conn->waits_for = ECHO_DONE;
    if (conn->ended)
        return conn->waits_for = ECHO_READ;
    conn->filled = (size_t)n;
    conn->sent = 0;
    return conn->waits_for = ECHO_WRITE;
}

/* Copies the message: the next client's will overwrite the shared buffer.
 */
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
                 MSG_NOSIGNAL);
    } while (n == -1 && errno == EINTR);

    conn->drained = n == -1 && errno == EAGAIN;
    if (conn->drained)
        return conn->waits_for = ECHO_WRITE;
    conn->ended = n == -1 && errno == EPIPE;
    if (conn->ended)
        return conn->waits_for = ECHO_READ;
    if (n == -1)
        return conn->waits_for = ECHO_DONE;
    conn->sent += (size_t)n;
    return conn->waits_for = conn->sent < conn->filled ? ECHO_WRITE
                                                       : ECHO_READ;
}

enum echo_wait echo_receive(struct conn *conn)
{
    return take(conn) == ECHO_WRITE ? keep(conn) : conn->waits_for;
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
    if (take(conn) != ECHO_WRITE)
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
