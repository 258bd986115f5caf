/* common/idle: which clients are shut. */
#include "common/idle.h"

#include "common/clock.h"
#include "tests/client.h"
#include "tests/pair.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sys/socket.h>

TestSuite(idle, .timeout = 60);

static struct memory memory;

static void prepare(uint64_t timeout_ms, int ends[2])
{
    idle_prepare(timeout_ms * NS_PER_MS);
    cr_assert(pair_open(ends) == 0);
    idle_look(ends[HERE], &memory);
}

/* Looks after a while. Returns whether the client has been shut. */
static bool is_shut_after(int ms, const int ends[2])
{
    clock_rest_ms(ms);
    idle_look(ends[HERE], &memory);
    return client_listen(ends[FAR], 0) == CLIENT_CLOSED;
}

Test(idle, without_a_timeout_nobody_looks)
{
    idle_prepare(0);
    cr_assert(idle_interval_ms() == 0);
}

Test(idle, it_looks_often_enough)
{
    idle_prepare(8 * NS_PER_S);
    cr_assert(idle_interval_ms() == 1000);
    idle_prepare(3600 * NS_PER_S);
    cr_assert(idle_interval_ms() == 1000);
    idle_prepare(80 * NS_PER_MS);
    cr_assert(idle_interval_ms() == 10);
    idle_prepare(1);
    cr_assert(idle_interval_ms() > 0, "a nanosecond is not `never'");
}

Test(idle, a_silent_client_is_shut_in_time_and_not_before)
{
    int ends[2];

    int64_t start_ms = clock_now_ms();
    prepare(100, ends);
    while (!is_shut_after(5, ends))
        cr_assert(clock_now_ms() - start_ms < PATIENCE_MS);
    cr_assert(clock_now_ms() - start_ms >= 100, "%d ms",
              (int)(clock_now_ms() - start_ms));
}

/* A time below what the clock of the looks tells apart once shut every
 * client at the first look. */
Test(idle, a_client_that_has_just_moved_is_not_shut_however_short_the_time)
{
    int ends[2];

    memory = (struct memory){0};
    idle_prepare(1);
    cr_assert(pair_open(ends) == 0);
    idle_look(ends[HERE], &memory);
    cr_assert(client_listen(ends[FAR], 0) != CLIENT_CLOSED);
}

Test(idle, a_byte_gives_a_client_its_time_again)
{
    int ends[2];
    char byte;

    prepare(1000, ends);
    clock_rest_ms(1100);
    cr_assert(send(ends[FAR], "a", 1, 0) == 1);
    cr_assert(recv(ends[HERE], &byte, 1, 0) == 1);
    cr_assert(send(ends[HERE], "a", 1, 0) == 1);
    cr_assert(recv(ends[FAR], &byte, 1, 0) == 1);
    cr_assert(!is_shut_after(0, ends));
}

/* The loop had no time for it: it is not the client that was idle. */
Test(idle, a_client_that_waits_for_us_is_not_idle)
{
    int ends[2];

    prepare(50, ends);
    cr_assert(send(ends[FAR], "a", 1, 0) == 1);
    cr_assert(!is_shut_after(60, ends));
    cr_assert(!is_shut_after(60, ends));
}

/* Its bytes wait in our socket, but it must read its reply first. */
Test(idle, a_client_that_does_not_read_is_idle_whatever_it_has_sent)
{
    static char data[1 << 20];
    int ends[2];

    prepare(300, ends);
    cr_assert(send(ends[FAR], data, 1000, 0) == 1000);
    for (int i = 0; i < 20; i++) { /* the kernel's buffers may grow */
        clock_rest_ms(20);
        while (send(ends[HERE], data, sizeof(data), MSG_DONTWAIT) > 0)
            ;
    }
    int64_t start_ms = clock_now_ms();
    while (send(ends[HERE], "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL) != -1 ||
           errno != EPIPE) {
        idle_look(ends[HERE], &memory);
        clock_rest_ms(20);
        cr_assert(clock_now_ms() - start_ms < PATIENCE_MS);
    }
}

Test(idle, what_is_no_tcp_connection_is_left_alone)
{
    int ends[2];
    char byte;

    idle_prepare(1);
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    idle_look(ends[HERE], &memory);
    cr_assert(send(ends[FAR], "a", 1, 0) == 1);
    cr_assert(recv(ends[HERE], &byte, 1, 0) == 1);
}
