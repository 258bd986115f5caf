#include "tests/villains.h"

#include "common/clock.h"
#include "common/protocol.h"
#include "tests/client.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STORM = 500, SEED = 13 };

/* Echoes a little, so that the server surely knows the client. */
static int connect_and_echo(const char *host, uint16_t port)
{
    int fd = client_connect(host, port);

    if (fd != -1)
        client_echo(fd, ECHO_CHUNK, SEED);
    return fd;
}

static ssize_t reset(const char *host, uint16_t port, int *fds, size_t max)
{
    int fd = connect_and_echo(host, port);

    (void)fds;
    (void)max;
    if (fd == -1)
        return -1;
    client_reset(fd);
    return 0;
}

/* Closing while replies are unread makes the kernel send a reset. */
static ssize_t vanish(const char *host, uint16_t port, int *fds, size_t max)
{
    int fd = client_connect(host, port);

    (void)fds;
    (void)max;
    if (fd == -1)
        return -1;
    client_fill(fd, SEED);
    close(fd);
    return 0;
}

/* Nothing is unread yet: an ordinary end, and nobody there for the reply.
 */
static ssize_t leave(const char *host, uint16_t port, int *fds, size_t max)
{
    unsigned char data[16 * ECHO_CHUNK];
    int fd = client_connect(host, port);

    (void)fds;
    (void)max;
    if (fd == -1)
        return -1;
    client_pattern(data, sizeof(data), SEED, 0);
    client_send(fd, data, sizeof(data));
    close(fd);
    return 0;
}

static ssize_t never_read(const char *host, uint16_t port, int *fds,
                          size_t max)
{
    int fd = client_connect(host, port);

    (void)max;
    if (fd == -1)
        return -1;
    client_fill(fd, SEED);
    fds[0] = fd;
    return 1;
}

static ssize_t slow(const char *host, uint16_t port, int *fds, size_t max)
{
    int fd = client_connect(host, port);

    (void)fds;
    (void)max;
    if (fd == -1)
        return -1;
    while (client_echo(fd, 1, SEED) == NULL)
        clock_rest_ms(1000);
    close(fd);
    return 0;
}

static ssize_t half(const char *host, uint16_t port, int *fds, size_t max)
{
    static const char message[] = "half a mess";
    int fd = client_connect(host, port);

    (void)max;
    if (fd == -1)
        return -1;
    client_send(fd, message, sizeof(message) - 1);
    fds[0] = fd;
    return 1;
}

static ssize_t half_close(const char *host, uint16_t port, int *fds,
                          size_t max)
{
    int fd = connect_and_echo(host, port);

    (void)max;
    if (fd == -1)
        return -1;
    shutdown(fd, SHUT_WR);
    fds[0] = fd;
    return 1;
}

static ssize_t nothing(const char *host, uint16_t port, int *fds,
                       size_t max)
{
    (void)max;
    fds[0] = client_connect(host, port);
    return fds[0] == -1 ? -1 : 1;
}

static ssize_t storm(const char *host, uint16_t port, int *fds, size_t max)
{
    (void)fds;
    (void)max;
    for (int i = 0; i < STORM; i++) {
        int fd = client_connect(host, port);
        if (fd == -1)
            return -1;
        if (i % 2 == 0)
            close(fd);
        else
            client_reset(fd);
    }
    return 0;
}

static ssize_t hog(const char *host, uint16_t port, int *fds, size_t max)
{
    size_t n = 0;

    while (n < max && (fds[n] = client_connect(host, port)) != -1)
        n++;
    return n > 0 ? (ssize_t)n : -1;
}

const struct villain villains[] = {
    {"reset", "echoes once, then resets the connection", reset},
    {"vanish", "sends, reads nothing, and is gone in mid-reply", vanish},
    {"leave", "sends and closes before the first reply", leave},
    {"never-read", "sends until nothing fits and never reads", never_read},
    {"slow", "sends a byte a second (slow loris)", slow},
    {"half", "sends half a message and holds on", half},
    {"half-close", "ends its stream and does not close", half_close},
    {"nothing", "connects and says nothing", nothing},
    {"storm", "connects and leaves 500 times, as fast as it can", storm},
    {"hog", "holds as many connections as it can get", hog},
    {0},
};

const struct villain *villains_find(const char *name)
{
    for (const struct villain *v = villains; v->name != NULL; v++)
        if (strcmp(v->name, name) == 0)
            return v;
    return NULL;
}
