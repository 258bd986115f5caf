#include "bench/load/client.h"

#include "bench/record/rng.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* From client to client and from message to message; any two numbers that
 * keep the first thousands of both apart. */
enum { CLIENT_STRIDE = 127, MESSAGE_STRIDE = 5261 };

void pattern_fill(struct pattern *pattern, size_t size)
{
    struct rng rng = {1};
    size_t needed = PATTERN_PLACES + size;

    pattern->size = size;
    for (size_t i = 0; i < needed; i += sizeof(uint64_t)) {
        uint64_t random = rng_next(&rng);
        size_t left = needed - i;
        memcpy(pattern->bytes + i, &random,
               left < sizeof(random) ? left : sizeof(random));
    }
}

struct client load_client_new(uint32_t number, bool idle)
{
    return (struct client){
        .fd = -1,
        .idle = idle,
        .place = (uint32_t)((uint64_t)number * CLIENT_STRIDE %
                            PATTERN_PLACES),
    };
}

static enum outcome outcome_of_errno(void)
{
    switch (errno) {
    case EAGAIN:
    case EINTR:
    case EINPROGRESS:
    case EALREADY:
        return OUTCOME_WAIT;
    case ECONNREFUSED:
        return OUTCOME_REFUSED;
    case ECONNRESET:
    case EPIPE:
        return OUTCOME_RESET;
    case ETIMEDOUT:
        return OUTCOME_TIMED_OUT;
    default:
        return OUTCOME_OTHER;
    }
}

static enum outcome connected(const struct client *client,
                              const struct target *target)
{
    return target_is_self(target, client->fd) ? OUTCOME_REFUSED
                                              : OUTCOME_DONE;
}

enum outcome load_client_connect(struct client *client,
                                 const struct target *target,
                                 uint64_t number)
{
    const struct sockaddr *address =
        (const struct sockaddr *)&target->address;

    if (client->fd == -1) {
        client->fd = target_socket(target, number);
        if (client->fd == -1)
            return OUTCOME_OTHER;
        if (connect(client->fd, address, target->length) == 0)
            return connected(client, target);
        if (errno != EINPROGRESS)
            return outcome_of_errno();
    }
    /* Asked once more, connect() says how far it has come. Over loopback
     * that is: done, and a turn of the loop is saved. */
    if (connect(client->fd, address, target->length) == 0)
        return connected(client, target);
    return outcome_of_errno();
}

void load_client_begin(struct client *client)
{
    client->sent = 0;
    client->received = 0;
    client->place += MESSAGE_STRIDE;
    if (client->place >= PATTERN_PLACES)
        client->place -= PATTERN_PLACES;
}

enum outcome load_client_send(struct client *client,
                              const struct pattern *pattern,
                              uint64_t *bytes)
{
    size_t left = pattern->size - client->sent;
    ssize_t n = send(client->fd,
                     pattern->bytes + client->place + client->sent, left,
                     MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n == -1)
        return outcome_of_errno();
    client->sent += (uint32_t)n;
    *bytes += (uint64_t)n;
    return (size_t)n == left ? OUTCOME_DONE : OUTCOME_WAIT;
}

enum outcome load_client_receive(struct client *client,
                                 const struct pattern *pattern,
                                 unsigned char *buf, uint64_t *bytes)
{
    ssize_t n;

    do {
        n = recv(client->fd, buf, RECEIVE_MAX, MSG_DONTWAIT);
        if (n == -1)
            return outcome_of_errno();
        if (n == 0)
            return OUTCOME_SHORT;
        *bytes += (uint64_t)n;
        if ((size_t)n > client->sent - client->received)
            return OUTCOME_WRONG_BYTE;
        if (memcmp(buf, pattern->bytes + client->place + client->received,
                   (size_t)n) != 0)
            return OUTCOME_WRONG_BYTE;
        client->received += (uint32_t)n;
    } while (n == RECEIVE_MAX && client->received < pattern->size);
    return client->received == pattern->size ? OUTCOME_DONE : OUTCOME_WAIT;
}

void load_client_close(struct client *client)
{
    if (client->fd != -1)
        close(client->fd);
    client->fd = -1;
    client->wants_room = false;
}
