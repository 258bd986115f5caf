#include "common/idle.h"

#include "common/clock.h"
#include "common/tcp.h"

#include <sys/socket.h>

enum { LOOKS = 8, SHORTEST_MS = 2, LONGEST_MS = 1000 };

static long timeout_ms; /* 0: nobody is ever idle */

void idle_prepare(uint64_t ns)
{
    timeout_ms = (long)((ns + NS_PER_MS - 1) / NS_PER_MS);
}

long idle_interval_ms(void)
{
    long ms = timeout_ms / LOOKS;

    if (timeout_ms == 0)
        return 0;
    if (ms < SHORTEST_MS)
        return SHORTEST_MS;
    return ms < LONGEST_MS ? ms : LONGEST_MS;
}

void idle_look(int client, struct memory *memory)
{
    const int64_t now_ms = clock_now_ms();
    struct tcp tcp;

    if (timeout_ms == 0 || !tcp_look(client, &tcp))
        return;
    uint64_t moved = tcp.arrived + tcp.taken;
    /* It has taken all that was sent to it, and more is to come. */
    bool waits_for_us = tcp.taken >= tcp.written &&
                        tcp.written < tcp.arrived;
    if (memory->moved_ms == 0 || moved != memory->moved || waits_for_us) {
        memory->moved = moved;
        memory->moved_ms = now_ms;
    }
    if (now_ms - memory->moved_ms >= timeout_ms)
        shutdown(client, SHUT_RDWR); /* wakes whatever waits for it */
}
