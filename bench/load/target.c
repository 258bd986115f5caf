#include "bench/load/target.h"

#include "common/connect.h"
#include "common/options.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PROBE_MS = 2000 }; /* for all addresses of a name together */

/* Is it among the ports that the kernel gives to clients? */
static bool is_client_port(long port)
{
    long first = 0, last = UINT16_MAX;
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");

    if (file != NULL) {
        if (fscanf(file, "%ld %ld", &first, &last) != 2)
            first = 0;
        fclose(file);
    }
    return port >= first && port <= last;
}

bool target_is_self(const struct target *target, int fd)
{
    return target->may_be_us && connect_reached_itself(fd);
}

/* Takes the address that answers, where the name has several. Where none
 * does, the first: each client then tells why. */
static void choose(struct target *target, const struct addrinfo *found)
{
    socklen_t length = sizeof(target->address);
    int fd = found->ai_next == NULL ? -1 : connect_any(found, PROBE_MS);

    memcpy(&target->address, found->ai_addr, found->ai_addrlen);
    target->length = found->ai_addrlen;
    if (fd == -1)
        return;
    if (getpeername(fd, (struct sockaddr *)&target->address, &length) == 0)
        target->length = length;
    close(fd);
}

const char *target_resolve(const char *text, struct target *target)
{
    const char *colon = strrchr(text, ':');
    struct addrinfo *found;
    char host[NI_MAXHOST];
    long port;

    if (colon == NULL || colon == text ||
        options_number(colon + 1, 1, UINT16_MAX, &port) == -1)
        return "HOST:PORT is accepted, as in 127.0.0.1:5050";
    bool brackets = text[0] == '[' && colon[-1] == ']';
    snprintf(host, sizeof(host), "%.*s",
             (int)(colon - text) - (brackets ? 2 : 0),
             text + (brackets ? 1 : 0));
    const char *wrong = connect_resolve(host, (uint16_t)port, &found);
    if (wrong != NULL)
        return wrong;
    choose(target, found);
    freeaddrinfo(found);

    const struct sockaddr_in *in = (struct sockaddr_in *)&target->address;
    target->loopback = in->sin_family == AF_INET &&
                       ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    target->sources = 1;
    target->may_be_us = is_client_port(port);
    return NULL;
}

static int bind_source(int fd, uint32_t turn)
{
    const struct sockaddr_in source = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK + turn),
    };
    int on = 1;

    /* The port is chosen at connect(), when the target is known: until then
     * a port would have to be free for all targets. */
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
                   sizeof(on)) == -1)
        return -1;
    return bind(fd, (const struct sockaddr *)&source, sizeof(source));
}

int target_socket(const struct target *target, uint64_t number)
{
    const struct linger at_once = {.l_onoff = 1};
    int on = 1;
    int fd = socket(target->address.ss_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd == -1)
        return -1;
    /* The end of a message is not held back until its beginning has been
     * acknowledged. */
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
        goto fail;
    if (target->reset && setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once,
                                    sizeof(at_once)) == -1)
        goto fail;
    if (target->sources + target->first_source > 1 &&
        bind_source(fd, target->first_source +
                            (uint32_t)(number % target->sources)) == -1)
        goto fail;
    return fd;

fail:
    close(fd);
    return -1;
}
