/*
 * What the kernel says about the machine's TCP sockets.
 *
 * It is asked by SOCK_DIAG (sock_diag(7)), as ss(8) does: /proc/net/tcp
 * writes out every socket of the machine, and after a benchmark 50,000 in
 * TIME_WAIT make that take 50 ms. It is read where the kernel has no
 * SOCK_DIAG. Neither needs privilege.
 */
#ifndef COMMON_LAB_TCP_H
#define COMMON_LAB_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ports in host order. */
struct tcp_row {
    uint64_t inode;      /* 0: no process has it yet, or any more */
    unsigned user;       /* that made it */
    uint8_t family;      /* AF_INET or AF_INET6 */
    uint8_t address[16]; /* the local one, network order */
    uint16_t local, remote;
    unsigned state;  /* TCP_ESTABLISHED, TCP_LISTEN ... (netinet/tcp.h) */
    uint32_t unread; /* bytes; of a listener, connections in its queue */
};

/* The two ends of a connection; the local one is its row's. */
struct tcp_ends {
    uint8_t family;
    const uint8_t *local_address, *remote_address; /* network order */
    uint16_t local, remote;                        /* host order */
};

/* Takes a row. Returns 0, or -1: that is enough, errno says why. */
typedef int tcp_take(const struct tcp_row *row, void *context);

/* Returns  a descriptor for SOCK_DIAG, to be closed; or -1: there is none.
 */
int tcp_open(void);

/*
 * Every listener of the machine. tcp_read_table() shows them, too.
 *
 * Returns  0; or -1 with errno, or because take() did.
 */
int tcp_ask_listeners(int diag, tcp_take *take, void *context);

/* The row of one connection, if there is one. Returns as above. */
int tcp_ask_connection(int diag, const struct tcp_ends *ends,
                       tcp_take *take, void *context);

/* Every row of /proc/net/tcp and tcp6. Returns as above. */
int tcp_read_table(tcp_take *take, void *context);

/*
 * Reads a line of /proc/net/tcp or tcp6.
 *
 * Returns  0, or -1: the heading, or no such line.
 */
int tcp_read_line(const char *line, struct tcp_row *row);

#endif
