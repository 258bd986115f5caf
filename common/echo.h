/*
 * The echo itself, once for all servers, in two forms.
 *
 * echo_blocking() is for a server that can afford to wait for one client:
 * it returns when the client is done. echo_step() is for a server that has
 * others to look after: it does what can be done now and says what to wait
 * for.
 *
 * When a reply can't be sent any more (EPIPE), because the client has left
 * or because a stop has ended the stream, what still comes is received and
 * dropped until the client's own end. If the socket were closed with some
 * of it unread, TCP would reset the connection, and the reset would take
 * back the replies that are still under way.
 */
#ifndef COMMON_ECHO_H
#define COMMON_ECHO_H

#include "common/protocol.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Echoes until the client ends its stream or fails. Waits in recv() and
 * send(). Uses ECHO_CHUNK bytes of stack.
 *
 * client   a blocking socket; borrowed, not closed
 */
void echo_blocking(int client);

/* What a client waits for, that is, what to watch its socket for. */
enum echo_wait {
    ECHO_READ,  /* more from the client */
    ECHO_WRITE, /* room for the rest of the reply */
    ECHO_DONE,  /* nothing: end of stream, or the connection failed */
};

/*
 * A client between two steps. What it sends is received into a buffer that
 * all clients of a thread share, and goes back at once. Only a client that
 * does not take all of it gets a buffer of its own, of at most ECHO_CHUNK
 * bytes, until the rest is sent. Meanwhile the server does not read from
 * it: a client that never reads costs this much memory and no more.
 */
struct conn {
    int fd;
    enum echo_wait waits_for;
    bool drained;       /* the last call would have blocked (EAGAIN) */
    bool ended;         /* no reply can be sent any more */
    size_t filled;      /* bytes that the last message has */
    size_t sent;        /* of these, bytes that went back */
    unsigned char *buf; /* the message while it is pending, else NULL */
};

/*
 * fd       a socket that does not block (SOCK_NONBLOCK)
 * Returns  a conn that waits for ECHO_READ, to be freed by conn_close(); or
 *          NULL with errno when there is no memory: fd is then untouched.
 */
struct conn *conn_open(int fd);

/*
 * One step: sends once if a reply is pending; otherwise receives once, then
 * sends once.
 *
 * Returns  conn->waits_for, brought up to date; ECHO_DONE, too, when there
 *          is no memory for what is pending.
 */
enum echo_wait echo_step(struct conn *conn);

/*
 * The two halves of a step, for a server that has the work for a message
 * done elsewhere in between.
 *
 * echo_receive()  receives once; nothing may be pending. Returns ECHO_WRITE
 *                 when a message is there, and pending: conn->buf,
 *                 conn->filled bytes.
 * echo_send()     sends once, of what is pending.
 */
enum echo_wait echo_receive(struct conn *conn);
enum echo_wait echo_send(struct conn *conn);

/* Closes the client's socket by net_close() and frees the conn. */
void conn_close(struct conn *conn);

#endif
