/*
 * delay: an echo server whose answers take a known time, for
 * bench/selfcheck. One client at a time. It never sleeps: a timer is late,
 * and a core that slept takes tens of microseconds to wake.
 */
#include "common/clock.h"
#include "common/net.h"
#include "common/options.h"
#include "common/protocol.h"
#include "common/stop.h"

#include <errno.h>
#include <sys/socket.h>

static long delay_us = 1000;

static const struct option_number numbers[] = {
    {"delay-us", "US",
     "answer US microseconds after a message has come "
     "(default 1000)",
     0, 10000000, &delay_us},
    {0},
};

static const struct model model = {
    .name = "delay",
    .about = "Echo server whose answers take a known time.",
    .max_clients = 1,
    .numbers = numbers,
};

/* Returns as recv() does. */
static ssize_t receive_awake(int client, char *buf, size_t size)
{
    ssize_t n;

    do
        n = recv(client, buf, size, MSG_DONTWAIT);
    while (n == -1 && errno == EAGAIN && !stop_asked());
    return n;
}

static void answer(int client)
{
    char buf[ECHO_CHUNK];
    ssize_t n;

    while ((n = receive_awake(client, buf, sizeof(buf))) > 0) {
        uint64_t due_ns = clock_now_ns() + (uint64_t)delay_us * 1000;
        while (clock_now_ns() < due_ns)
            ;
        if (net_send_all(client, buf, (size_t)n) == -1)
            return;
    }
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    while (!stop_asked()) {
        int client = accept4(listeners.fds[0], NULL, NULL, SOCK_CLOEXEC);
        if (!net_admit(client, listeners.fds[0]))
            continue;
        answer(client);
        net_close(client);
    }
    return stop_wait();
}
