/* common/idle: who is shut, and how long to wait for the next. */
#include "common/idle.h"

#include "common/clock.h"
#include "common/stop.h"
#include "tests/client.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>

TestSuite(idle, .timeout = 60);

enum { FAR, HERE }; /* the ends of a connection: the client's, and ours */

static void prepare(uint64_t timeout_ms, bool loop)
{
    cr_assert(stop_prepare(10, 1000) == 0);
    cr_assert(idle_prepare(timeout_ms * NS_PER_MS, loop) == 0);
}

static void add(int ends[2])
{
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    idle_add_client(ends[HERE]);
}

static bool is_shut(const int ends[2])
{
    return client_listen(ends[FAR], 0) == CLIENT_CLOSED;
}

Test(idle, without_a_timeout_nobody_is_idle)
{
    int ends[2];

    prepare(0, true);
    add(ends);
    idle_touch(ends[HERE], POLLIN);
    cr_assert(idle_wait_ms() == -1);
    idle_remove_client(ends[HERE]);
    cr_assert(!is_shut(ends));
}

Test(idle, who_is_silent_is_shut_in_time_and_not_before)
{
    int ends[2];

    prepare(100, true);
    cr_assert(idle_wait_ms() == -1, "nobody is here");
    int64_t start_ms = clock_now_ms();
    add(ends);
    while (!is_shut(ends)) {
        int wait_ms = idle_wait_ms();
        cr_assert(wait_ms >= 1 && wait_ms <= 101, "%d ms", wait_ms);
        clock_rest_ms(5);
        cr_assert(clock_now_ms() - start_ms < PATIENCE_MS);
    }
    cr_assert(clock_now_ms() - start_ms >= 99, "%d ms",
              (int)(clock_now_ms() - start_ms));
}

Test(idle, a_byte_gives_a_client_its_time_again)
{
    int silent[2], talks[2], other[2];

    prepare(1000, true);
    add(talks);
    add(silent);
    add(other);
    clock_rest_ms(1100); /* all are over, and nobody has looked */
    idle_touch(talks[HERE], POLLIN);
    int64_t touched_ms = clock_now_ms();
    idle_sweep();
    cr_assert(is_shut(silent) && is_shut(other));
    cr_assert(!is_shut(talks) || clock_now_ms() - touched_ms >= 1000);
}

Test(idle, the_longest_silent_is_the_next)
{
    enum { HOUR_MS = 3600000, APART_MS = 200 };
    int ends[3][2];

    prepare(HOUR_MS, true);
    for (int i = 0; i < 3; i++) {
        add(ends[i]);
        clock_rest_ms(APART_MS);
    }
    int first_ms = idle_wait_ms();
    cr_assert(first_ms <= HOUR_MS - 3 * APART_MS + 1, "%d ms", first_ms);
    idle_touch(ends[0][HERE], POLLIN);
    int second_ms = idle_wait_ms();
    cr_assert(second_ms > first_ms &&
              second_ms <= HOUR_MS - 2 * APART_MS + 1);
    idle_remove_client(ends[1][HERE]);
    int third_ms = idle_wait_ms();
    cr_assert(third_ms > second_ms && third_ms <= HOUR_MS - APART_MS + 1);
    idle_remove_client(ends[2][HERE]);
    idle_remove_client(ends[0][HERE]);
    cr_assert(idle_wait_ms() == -1);
}

/* The loop had no time for it: it is not the client who was idle. */
Test(idle, who_waits_for_us_is_not_idle)
{
    int ends[2];

    prepare(50, true);
    add(ends);
    cr_assert(send(ends[FAR], "a", 1, 0) == 1);
    clock_rest_ms(60);
    idle_sweep();
    cr_assert(!is_shut(ends), "its byte had come");
    cr_assert(idle_wait_ms() >= 1);
}

/* Its bytes wait in our socket, but it is to read first. */
Test(idle, who_does_not_read_is_idle_whatever_it_has_sent)
{
    char data[4096] = {0};
    int ends[2];

    prepare(50, true);
    add(ends);
    cr_assert(send(ends[FAR], "a", 1, 0) == 1);
    while (send(ends[HERE], data, sizeof(data), MSG_DONTWAIT) > 0)
        ;
    idle_touch(ends[HERE], POLLOUT);
    clock_rest_ms(60);
    idle_sweep();
    cr_assert(recv(ends[HERE], data, 1, 0) == 1, "which still is there");
    cr_assert(recv(ends[HERE], data, 1, 0) == 0, "then the end");
}

Test(idle, who_has_gone_is_not_shut)
{
    int gone[2], other[2];

    prepare(20, true);
    add(gone);
    idle_remove_client(gone[HERE]);
    add(other);
    idle_remove_client(gone[HERE]); /* again, as one who never came */
    clock_rest_ms(30);
    idle_sweep();
    cr_assert(!is_shut(gone) && is_shut(other));
}

static void *sweep(void *arg)
{
    int *wait_ms = arg;

    *wait_ms = idle_wait_ms();
    return NULL;
}

Test(idle, a_loop_sees_to_its_own_clients)
{
    pthread_t thread;
    int wait_ms = 0;
    int ends[2];

    prepare(20, true);
    add(ends);
    clock_rest_ms(30);
    cr_assert(pthread_create(&thread, NULL, sweep, &wait_ms) == 0);
    cr_assert(pthread_join(thread, NULL) == 0);
    cr_assert(wait_ms == -1 && !is_shut(ends));
    idle_sweep();
    cr_assert(is_shut(ends));
}

static uint64_t option_us(int fd, int option)
{
    struct timeval limit;
    socklen_t size = sizeof(limit);

    cr_assert(getsockopt(fd, SOL_SOCKET, option, &limit, &size) == 0);
    return (uint64_t)limit.tv_sec * 1000000 + (uint64_t)limit.tv_usec;
}

Test(idle, a_blocking_call_has_the_kernel_count)
{
    int ends[2];
    char byte;

    prepare(1500, false);
    add(ends);
    cr_assert(option_us(ends[HERE], SO_RCVTIMEO) == 1500000);
    cr_assert(option_us(ends[HERE], SO_SNDTIMEO) == 1500000);
    cr_assert(idle_wait_ms() == -1);
    idle_remove_client(ends[HERE]);

    cr_assert(idle_prepare(1, false) == 0);
    add(ends);
    errno = 0;
    cr_assert(recv(ends[HERE], &byte, 1, 0) == -1 && errno == EAGAIN,
              "a nanosecond is not taken for `never'");
}
