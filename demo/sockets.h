/*
 * What the kernel says about the sockets of servers that we started: how
 * long the accept queue is, which connections are accepted, which have
 * unread bytes, and which client each belongs to.
 *
 * The rows are those of /proc/net/tcp (common/lab/tcp.h says how they are
 * asked for). A listener's receive queue is its accept queue; a connection
 * that waits there has the inode 0 and its unread bytes in its receive
 * queue.
 */
#ifndef DEMO_SOCKETS_H
#define DEMO_SOCKETS_H

#include "demo/clients.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ports in host order. */
struct sockets_row {
    uint64_t inode; /* 0: no process has it yet, or any more */
    uint16_t local, remote;
    unsigned state;  /* TCP_ESTABLISHED, TCP_LISTEN ... (netinet/tcp.h) */
    uint32_t unread; /* bytes; of a listener, connections in its queue */
    uint32_t next;   /* 1 + the next row with the same remote; 0: none */
};

/* The name of a row's other end. A system call is shown with this name. */
struct sockets_name {
    uint16_t local;  /* the server's port */
    uint16_t remote; /* the client's port; 0: the listener on local */
    char text[16];   /* "client A", "listener" */
    const struct connection *connection; /* borrowed; NULL of a listener */
};

/* One sample, all servers together. Begin with zeroes. */
struct sockets {
    struct sockets_row *rows; /* n, by inode; owned */
    size_t n, capacity;
    /* 1 + the first row of a remote port; 0: none. */
    uint32_t by_remote[UINT16_MAX + 1];
    struct sockets_name *names; /* nnames, sorted; owned */
    size_t nnames, names_capacity;
    int diag; /* the descriptor for SOCK_DIAG; 0: none yet, -1: never */
};

/* Forgets all names. */
void sockets_forget_names(struct sockets *sockets);

/*
 * Gives a name to a listener, or to a connection while it is open.
 *
 * Returns  0, or -1 with errno: no memory.
 */
int sockets_name_listener(struct sockets *sockets, uint16_t port,
                          const char *name);
int sockets_name_connection(struct sockets *sockets,
                            const struct connection *connection,
                            const char *name);

/*
 * Takes a new sample of all that have a name.
 *
 * Returns  0, or -1 with errno: no memory, no /proc.
 */
int sockets_read(struct sockets *sockets);

/* The same, from /proc/net/tcp and tcp6 alone. */
int sockets_read_proc(struct sockets *sockets);

/* The row of a connection, at the server's end; NULL when there is none. */
const struct sockets_row *
sockets_find_connection(const struct sockets *sockets,
                        const struct connection *connection);

/* The row with this inode, which is not 0; NULL when there is none. */
const struct sockets_row *sockets_find_inode(const struct sockets *sockets,
                                             uint64_t inode);

/* The name of a row's other end; NULL when it has none. */
const char *sockets_find_name(const struct sockets *sockets,
                              const struct sockets_row *row);

/* Frees all. */
void sockets_free(struct sockets *sockets);

#endif
