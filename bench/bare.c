/*
 * bare: the least that a load generator can do, for bench/selfcheck: send,
 * recv and epoll_wait on N connections. It checks nothing and records no
 * latency; what the real one needs more for that is the difference.
 *
 * bare CLIENTS MILLISECONDS PORT prints round trips a second, as wrk does.
 */
#include "common/clock.h"
#include "common/options.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static const char name[] = "bare";
static const char usage[] = "Usage: bare CLIENTS MILLISECONDS PORT\n"
                            "The least of a load generator, for "
                            "bench/selfcheck.";

enum { BYTES = 64, EVENTS = 64, WARMUP_MS = 50, ARGS = 3 };

static char message[BYTES];

static int join(int epoll_fd, uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    const int yes = 1;
    struct epoll_event event = {.events = EPOLLIN};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    event.data.fd = fd;
    if (fd == -1 ||
        connect(fd, (const struct sockaddr *)&address, sizeof(address)) ==
            -1 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) == -1 ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == -1)
        return -1;
    return fd;
}

static uint64_t turn(int epoll_fd)
{
    struct epoll_event events[EVENTS];
    char buf[BYTES];
    int n = epoll_wait(epoll_fd, events, EVENTS, 1000);
    uint64_t echoes = 0;

    for (int i = 0; i < n; i++) {
        if (recv(events[i].data.fd, buf, BYTES, 0) != BYTES ||
            send(events[i].data.fd, message, BYTES, MSG_NOSIGNAL) != BYTES)
            fatal_errno(name, "an echo");
        echoes++;
    }
    return echoes;
}

/* Round trips from now on for so long. */
static double rate(int epoll_fd, uint64_t ns)
{
    uint64_t begun_ns = clock_now_ns();
    uint64_t now_ns = begun_ns;
    uint64_t echoes = 0;

    while (now_ns - begun_ns < ns) {
        echoes += turn(epoll_fd);
        now_ns = clock_now_ns();
    }
    return (double)echoes / ((double)(now_ns - begun_ns) / 1e9);
}

int main(int argc, char **argv)
{
    static const long max[ARGS] = {10000, 60000, UINT16_MAX};
    long values[ARGS];
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        puts(usage);
        return EXIT_SUCCESS;
    }
    for (int i = 0; i < ARGS; i++)
        if (argc != ARGS + 1 ||
            options_number(argv[i + 1], 1, max[i], &values[i]) == -1) {
            fprintf(stderr, "%s\n", usage);
            return EXIT_USAGE;
        }
    for (long i = 0; i < values[0]; i++) {
        int fd = join(epoll_fd, (uint16_t)values[2]);
        if (fd == -1 || send(fd, message, BYTES, MSG_NOSIGNAL) != BYTES)
            fatal_errno(name, "client %ld", i + 1);
    }
    rate(epoll_fd, WARMUP_MS * NS_PER_MS);
    printf("Requests/sec: %.0f\n",
           rate(epoll_fd, (uint64_t)values[1] * NS_PER_MS));
    return EXIT_SUCCESS;
}
