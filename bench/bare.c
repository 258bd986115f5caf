/*
 * bare: the least that a load generator can do, for bench/selfcheck: send,
 * recv and epoll_wait on N connections. It checks nothing and records no
 * latency; what the real one needs more for that is the difference.
 *
 * bare --clients=N --cpu=CPU HOST:PORT obeys `turn MS OPEN-MS` as
 * build/bench/load --turns does, and takes its other options for nothing.
 */
#include "common/clock.h"
#include "common/options.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static const char name[] = "bare";
static const char usage[] =
    "Usage: bare --clients=N --cpu=CPU 127.0.0.1:PORT\n"
    "The least of a load generator, for bench/selfcheck.";

enum { BYTES = 64, EVENTS = 64, CLIENTS = 10000 };

static char message[BYTES];
static int epoll_fd;
static int clients[CLIENTS];
static long nclients;

static int join(uint16_t port)
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

static void say(int fd)
{
    if (send(fd, message, BYTES, MSG_NOSIGNAL) != BYTES)
        fatal_errno(name, "send");
}

/* One round of epoll_wait(). Returns how many echoes it brought. */
static long go_round(bool sends)
{
    struct epoll_event events[EVENTS];
    char buf[BYTES];
    int n = epoll_wait(epoll_fd, events, EVENTS, 1000);

    if (n == -1)
        fatal_errno(name, "epoll_wait");
    if (n == 0)
        fatal(name, "no echo within a second");
    for (int i = 0; i < n; i++) {
        ssize_t got = recv(events[i].data.fd, buf, BYTES, 0);
        if (got == -1)
            fatal_errno(name, "recv");
        if (got != BYTES)
            fatal(name, "%zd bytes in place of %d", got, (int)BYTES);
        if (sends)
            say(events[i].data.fd);
    }
    return n;
}

static void turn(unsigned long drive_ms, unsigned long open_ms)
{
    uint64_t cpu_ns = clock_thread_cpu().total_ns;
    uint64_t now_ns = clock_now_ns();
    uint64_t open_ns = now_ns + open_ms * NS_PER_MS;
    uint64_t end_ns = now_ns + drive_ms * NS_PER_MS;
    uint64_t first_ns = open_ns, last_ns = open_ns;
    long echoes = 0, all = 0;

    for (long i = 0; i < nclients; i++)
        say(clients[i]);
    while (now_ns < end_ns) {
        long n = go_round(true);
        now_ns = clock_now_ns();
        all += n;
        if (now_ns < open_ns) {
            first_ns = now_ns;
        } else if (now_ns < end_ns) {
            echoes += n;
            last_ns = now_ns;
        }
    }
    for (long n = 0; n < nclients; n += go_round(false))
        ;
    printf("{\"echoes\":%ld,\"window_ns\":%" PRIu64
           ",\"all_echoes\":%ld,\"cpu_ns\":%" PRIu64
           ",\"errors\":{},\"latency\":{}}\n",
           echoes, last_ns - first_ns, all + nclients,
           clock_thread_cpu().total_ns - cpu_ns);
    fflush(stdout);
}

/* What is not known is for the real generator. Returns -1: no usage. */
static int parse(int argc, char **argv, long *port)
{
    const char *colon = argc < 2 ? NULL : strrchr(argv[argc - 1], ':');
    cpu_set_t cpus;
    long cpu;

    if (colon == NULL ||
        options_number(colon + 1, 1, UINT16_MAX, port) == -1)
        return -1;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--clients=", 10) == 0 &&
            options_number(argv[i] + 10, 1, CLIENTS, &nclients) == -1)
            return -1;
        if (strncmp(argv[i], "--cpu=", 6) != 0)
            continue;
        if (options_number(argv[i] + 6, 0, CPU_SETSIZE - 1, &cpu) == -1)
            return -1;
        CPU_ZERO(&cpus);
        CPU_SET((size_t)cpu, &cpus);
        sched_setaffinity(0, sizeof(cpus), &cpus);
    }
    return nclients > 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    unsigned long drive_ms, open_ms;
    char line[64];
    long port;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        puts(usage);
        return EXIT_SUCCESS;
    }
    if (parse(argc, argv, &port) == -1) {
        fprintf(stderr, "%s\n", usage);
        return EXIT_USAGE;
    }
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (long i = 0; i < nclients; i++) {
        clients[i] = join((uint16_t)port);
        if (clients[i] == -1)
            fatal_errno(name, "client %ld", i + 1);
    }
    printf("ready {\"clients\":%ld,\"served\":%ld}\n", nclients, nclients);
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin) != NULL &&
           sscanf(line, "turn %lu %lu", &drive_ms, &open_ms) == 2)
        turn(drive_ms, open_ms);
    return EXIT_SUCCESS;
}
