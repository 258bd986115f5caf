/*
 * delay: an echo server whose answers take a known time, for
 * bench/selfcheck. One client at a time; it computes until the time has
 * come, for a sleep would add what the timer is late.
 */
#include "common/clock.h"
#include "common/net.h"
#include "common/options.h"
#include "common/protocol.h"
#include "common/stop.h"

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

static void answer(int client)
{
    char buf[ECHO_CHUNK];
    ssize_t n;

    while ((n = recv(client, buf, sizeof(buf), 0)) > 0) {
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
        int client = net_accept(listeners.fds[0]);
        if (client == -1)
            continue;
        answer(client);
        net_close(client);
    }
    return stop_status();
}
