/*
 * One connection of the load generator: what it sends and what must come
 * back. Nothing here waits, and nothing here knows of the other clients.
 */
#ifndef BENCH_LOAD_CLIENT_H
#define BENCH_LOAD_CLIENT_H

#include "bench/load/target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MESSAGE_MAX = 1 << 20, /* bytes */
    RECEIVE_MAX = 1 << 16, /* bytes that one recv() takes at most */
    /*
     * Where a message begins in the pattern: differs between clients and
     * from message to message, so that a byte of somebody else, of another
     * message or of another place is found out. Prime, so that all of the
     * places are used; small, so that short messages stay in the
     * processor's first cache.
     */
    PATTERN_PLACES = 16381,
    PATTERN_MAX = PATTERN_PLACES + MESSAGE_MAX,
};

/* What all clients send from: random bytes, the same in every run. */
struct pattern {
    size_t size; /* bytes of a message, 1 ... MESSAGE_MAX */
    unsigned char bytes[PATTERN_MAX];
};

/* Fills the pattern as far as messages of this size need it. */
void pattern_fill(struct pattern *pattern, size_t size);

/* How a step ended. From OUTCOME_REFUSED on the client has failed. */
enum outcome {
    OUTCOME_DONE,
    OUTCOME_WAIT,    /* not yet */
    OUTCOME_REFUSED, /* or it has reached itself: nobody listens */
    OUTCOME_RESET,
    OUTCOME_TIMED_OUT,
    OUTCOME_SHORT,      /* the server closed before the whole echo */
    OUTCOME_WRONG_BYTE, /* or one byte too many */
    OUTCOME_OTHER,      /* errno says what */
    OUTCOMES,
};

enum client_state {
    CLIENT_NEW, /* no connection yet */
    CLIENT_CONNECTING,
    CLIENT_READY,   /* connected (or, connecting for every message, not),
                       and nothing is under way */
    CLIENT_WAITING, /* a message is under way */
    CLIENT_LEAVING, /* has ended its stream, waits for the server's end */
    CLIENT_RESTING, /* has failed, and will try again */
    CLIENT_LOST,    /* has failed, and stays away; or has left */
};

struct client {
    enum client_state state;
    int fd;            /* -1 while there is no connection */
    bool idle;         /* holds a connection and says nothing */
    bool wants_room;   /* is watched for room to send, too */
    bool served;       /* has had an echo */
    bool parked;       /* its message is not waited for: nobody answered
                          within the patience */
    bool behind;       /* open loop: its next message is due, see due.h */
    uint32_t place;    /* of the message in the pattern */
    uint32_t sent;     /* bytes of the message under way */
    uint32_t received; /* of these, bytes that came back */
    uint64_t due_ns;   /* when the message under way was planned */
    uint64_t asked_ns; /* when it was begun */
    uint64_t next_ns;  /* open loop: when the next is planned */
    uint64_t echoes;   /* whole ones in the turn's window */
};

/* The client of a number, without a connection. */
struct client load_client_new(uint32_t number, bool idle);

/*
 * Begins to connect, or goes on with it.
 *
 * number   of the connection, see target_socket()
 * Returns  OUTCOME_DONE: connected; OUTCOME_WAIT: ask again when there is
 *          room to send; or the failure. fd may be open in every case.
 */
enum outcome load_client_connect(struct client *client,
                                 const struct target *target,
                                 uint64_t number);

/* Turns to the next message. */
void load_client_begin(struct client *client);

/*
 * Sends what there is room for. Adds what was sent to *bytes.
 *
 * Returns  OUTCOME_DONE: the message has been sent; OUTCOME_WAIT: there is
 *          no room for the rest; or the failure.
 */
enum outcome load_client_send(struct client *client,
                              const struct pattern *pattern,
                              uint64_t *bytes);

/*
 * Receives what is there and compares. Adds what was received to *bytes.
 *
 * buf      RECEIVE_MAX bytes to work in
 * Returns  OUTCOME_DONE: the whole message is back; OUTCOME_WAIT; or the
 *          failure.
 */
enum outcome load_client_receive(struct client *client,
                                 const struct pattern *pattern,
                                 unsigned char *buf, uint64_t *bytes);

/* Closes the connection, if there is one. */
void load_client_close(struct client *client);

#endif
