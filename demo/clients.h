/*
 * The clients of the demo: A, B, C ... They live here and never wait. Each
 * does what it is told (connect, send, stop reading ...) and otherwise
 * takes its echo as it comes.
 *
 * A client is usually one connection; as a "bus" it holds many, which act
 * alike.
 *
 * The library rules of common/net.h hold. One thread.
 */
#ifndef DEMO_CLIENTS_H
#define DEMO_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CONNECTION_LAST = 32,  /* bytes kept of what came back */
    CONNECTION_TEXT = 256, /* bytes that are sent over and over */
};

enum connection_phase {
    CONNECTION_COMING, /* connect() is under way */
    CONNECTION_OPEN,
    CONNECTION_ENDING,  /* it has said that it will send no more */
    CONNECTION_CLOSED,  /* and the server has closed, too */
    CONNECTION_RESET,   /* it has reset the connection itself */
    CONNECTION_CUT,     /* the server has closed or reset it first */
    CONNECTION_REFUSED, /* connect() failed */
};

/* What one send sends. */
struct passage {
    char text[CONNECTION_TEXT]; /* of so many bytes, over and over */
    size_t text_bytes;
    uint64_t sent, left;
};

struct connection {
    int fd; /* -1 when it is over */
    enum connection_phase phase;
    uint8_t family;                          /* AF_INET or AF_INET6 */
    uint8_t address[16], server_address[16]; /* network order */
    uint16_t port; /* its own, by which the kernel shows it */
    uint16_t server_port;
    bool reading;      /* false: it stalls */
    bool differs;      /* what came back is not what was sent */
    uint64_t wanted;   /* bytes that it was told to send, in all */
    uint64_t sent;     /* of these, bytes that the kernel took */
    uint64_t received; /* bytes that came back */
    uint64_t sent_hash, received_hash;
    uint64_t echoes;   /* how often all that was sent had come back */
    uint64_t asked_ns; /* when the send began that is under way */
    uint64_t echo_ns;  /* how long the last echo took */
    char last[CONNECTION_LAST]; /* the end of what came back, with a NUL */
    struct passage *passages;   /* npassages, the next first; owned */
    size_t npassages;
    /* What the kernel says about it; written by observe.c. */
    bool seen; /* a sample was taken since connect() */
    bool accepted;
    uint32_t unread; /* bytes that wait in the kernel for the server */
};

/* A client of one server. Begin with zeroes. */
struct client {
    struct connection *connections; /* n; owned */
    size_t n;
};

/*
 * Where the connections report to, an epoll descriptor; readable when
 * clients_pump() has something to do.
 *
 * Returns  the descriptor, to be closed; or -1 with errno.
 */
int clients_open(void);

/* Takes and sends what can be now. Never waits. */
void clients_pump(int reactor);

/*
 * Connects; whatever the client held before is reset.
 *
 * host     numeric, as the server said
 * count    connections, 1 or more
 * Returns  0, or -1 with errno: no memory, no descriptors. A server that
 *          refuses is no error here: see phase.
 */
int clients_connect(struct client *client, int reactor, const char *host,
                    uint16_t port, size_t count);

/*
 * Sends, without waiting for the echo of what it sent before.
 *
 * text     what to send, over and over until there are n bytes; copied up
 *          to CONNECTION_TEXT
 * Returns  0, or -1 with errno: no memory. Then not all send.
 */
int clients_send(struct client *client, int reactor, const char *text,
                 size_t n);

/* Stops reading what comes back. */
void clients_stall(struct client *client, int reactor);

/* Reads again. */
void clients_read(struct client *client, int reactor);

/* Says "that was all" (protocol.h) and waits for the rest of its echo. */
void clients_close(struct client *client, int reactor);

/* Ends at once: the server's recv() says ECONNRESET. */
void clients_reset(struct client *client);

/* Resets what is open and frees. */
void clients_free(struct client *client);

/* Bytes that were sent, or are to be, and have not come back. */
uint64_t connection_owed(const struct connection *connection);

#endif
