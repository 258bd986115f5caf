/*
 * A test's client: sends bytes that tell where they belong, and checks that
 * the same come back.
 *
 * A function that can go wrong returns NULL when all went well, and
 * otherwise what happened, to follow the words "the client": "was not
 * echoed within 10 s (0 of 1 bytes came back)". The text is valid until the
 * next call. Nothing here waits longer than PATIENCE_MS without progress.
 */
#ifndef TESTS_CLIENT_H
#define TESTS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PATIENCE_MS = 10000, /* a machine may be busy: a deadline, not a wait */
    QUIET_MS = 300,      /* what has not come by then is not coming */
    FILL_MAX = 64 << 20, /* bytes: far more than the kernel buffers */
};

/*
 * Connects, with TCP_NODELAY, non-blocking.
 *
 * host     a name or a numeric address; all that a name has are tried
 * Returns  a socket to be closed by the caller; -1 with errno: refused,
 *          EINVAL: no such name, or not connected within PATIENCE_MS
 *          (ETIMEDOUT).
 */
int client_connect(const char *host, uint16_t port);

/* Connects to the first address, with room for so many bytes that it has
 * not read. Returns a socket, or -1. */
int client_connect_narrow(const char *host, uint16_t port, int room);

/*
 * Fills data with n bytes of the stream of that seed, from offset on: all
 * byte values occur, NUL too, and no stretch of it repeats another.
 */
void client_pattern(void *data, size_t n, unsigned seed, uint64_t offset);

/*
 * Sends n bytes of the stream and takes the echo at the same time. Each
 * byte is compared. The connection stays open.
 */
const char *client_echo(int fd, size_t n, unsigned seed);

/* Sends all n bytes. */
const char *client_send(int fd, const void *data, size_t n);

/* Takes n bytes of the stream of that seed, from offset on. */
const char *client_receive(int fd, size_t n, unsigned seed,
                           uint64_t offset);

/* A client that sends and takes its echo at the same time. */
struct client_echo {
    int fd;
    unsigned seed;
    uint64_t size;   /* sends so many bytes of the stream */
    uint64_t wanted; /* is done when so many have come back */
    uint64_t sent, received;
    bool ended; /* the server has ended the stream */
};

/* Goes on until it has received what is wanted. */
const char *client_run(struct client_echo *echo);

/* Goes on until the server ends the stream. */
const char *client_run_to_end(struct client_echo *echo);

/* How many of the bytes that it has sent the peer's kernel has. */
uint64_t client_acknowledged(const struct client_echo *echo);

/*
 * Sends the stream without reading until no more fits: until the socket has
 * not been writable for QUIET_MS, or FILL_MAX bytes are sent.
 *
 * message  bytes in each send(), at most 65536; client_fill(): as many
 * Returns  how many bytes were sent.
 */
size_t client_fill(int fd, unsigned seed);
size_t client_fill_by(int fd, size_t message, unsigned seed);

/* Half-closes and expects the end of stream, with nothing before it. */
const char *client_finish(int fd);

/* Expects the end of stream, with nothing before it. */
const char *client_end(int fd);

/* Waits until the peer's kernel has all that was sent. */
const char *client_arrived(int fd);

/* What a client hears that says nothing. */
enum client_news {
    CLIENT_SILENCE, /* nothing within the time given */
    CLIENT_BYTES,   /* there is something to read */
    CLIENT_CLOSED,  /* end of stream, or reset */
};
enum client_news client_listen(int fd, int wait_ms);

/* Has the server ended the stream, whatever is still to be read of it? */
bool client_is_over(int fd);

/* Closes with a reset in place of an end of stream. */
void client_reset(int fd);

#endif
