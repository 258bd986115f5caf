/*
 * Loaded before libc (LD_PRELOAD): send() takes one byte and no more, at
 * the calls that SHORT_SEND names as strace's when= does: "2" the second,
 * "3+3" every third. The kernel does so when memory is short; no program
 * may take it for an error. A packet (SOCK_SEQPACKET) goes whole or not at
 * all.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_uint calls;

static int is_meant(unsigned call)
{
    const char *when = getenv("SHORT_SEND");
    unsigned first = 0, step = 0;

    if (when == NULL || sscanf(when, "%u+%u", &first, &step) < 1)
        return 0;
    return call == first ||
           (step > 0 && call > first && (call - first) % step == 0);
}

static int is_stream(int fd)
{
    int type = 0;
    socklen_t size = sizeof(type);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
           type == SOCK_STREAM;
}

ssize_t send(int fd, const void *data, size_t n, int flags)
{
    if (n > 1 && is_stream(fd) && is_meant(++calls)) {
        dprintf(STDERR_FILENO, "send() of %zu takes 1 (INJECTED)\n", n);
        n = 1;
    }
    return sendto(fd, data, n, flags, NULL, 0);
}
