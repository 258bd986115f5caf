#include "bench/race/floor.h"

#include "bench/record/stats.h"
#include "common/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BYTES = 64, BATCHES = 25, BATCH = 50 };

static int connect_pair(int listener, int ends[2])
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t length = sizeof(address);
    const int yes = 1;

    if (bind(listener, (struct sockaddr *)&address, length) == -1 ||
        listen(listener, 1) == -1 ||
        getsockname(listener, (struct sockaddr *)&address, &length) == -1)
        return -1;
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (ends[0] == -1 ||
        connect(ends[0], (struct sockaddr *)&address, length) == -1)
        return -1;
    ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    for (int i = 0; i < 2; i++)
        if (setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &yes,
                       sizeof(yes)) == -1)
            return -1; /* ends[1] may be -1, which fails here, too */
    return 0;
}

int floor_open(struct floor *floor)
{
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    *floor = (struct floor){{-1, -1}};
    int result = listener == -1 ? -1 : connect_pair(listener, floor->ends);
    int reason = errno;
    if (listener != -1)
        close(listener);
    if (result == -1)
        floor_close(floor);
    errno = reason;
    return result;
}

void floor_close(struct floor *floor)
{
    for (int i = 0; i < 2; i++) {
        if (floor->ends[i] != -1)
            close(floor->ends[i]);
        floor->ends[i] = -1;
    }
}

/* One way. A small message on an empty connection goes in one piece. */
static int pass(int from, int to)
{
    static char message[BYTES];

    return send(from, message, BYTES, MSG_NOSIGNAL) == BYTES &&
                   recv(to, message, BYTES, MSG_WAITALL) == BYTES
               ? 0
               : -1;
}

static double batch_us(const struct floor *floor)
{
    uint64_t begun_ns = clock_now_ns();

    for (int i = 0; i < BATCH; i++)
        if (pass(floor->ends[0], floor->ends[1]) == -1 ||
            pass(floor->ends[1], floor->ends[0]) == -1)
            return -1;
    return (double)(clock_now_ns() - begun_ns) / 1e3 / BATCH;
}

double floor_measure_us(const struct floor *floor, int cpu)
{
    double batches[BATCHES];
    cpu_set_t before, wanted;
    int moved = cpu > 0 &&
                sched_getaffinity(0, sizeof(before), &before) == 0;

    if (moved) {
        CPU_ZERO(&wanted);
        CPU_SET((size_t)cpu - 1, &wanted);
        sched_setaffinity(0, sizeof(wanted), &wanted);
    }
    double result = 0;
    for (int i = 0; i < BATCHES && result >= 0; i++)
        result = batches[i] = batch_us(floor);
    if (moved)
        sched_setaffinity(0, sizeof(before), &before);
    if (result < 0)
        return -1;
    return stats_summary(batches, BATCHES).median;
}
