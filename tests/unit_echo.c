/* common/echo: the blocking echo and the single step. */
#include "common/census.h"
#include "common/echo.h"
#include "common/net.h"
#include "tests/client.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HERE, THERE }; /* the two ends of a pair: the client, the server */
enum { SEED = 3 };

/* conn_close() tells the census of each client that leaves. */
static void prepare(void)
{
    cr_assert(census_prepare(1) == 0);
}

TestSuite(echo, .init = prepare, .timeout = 60);

static void open_pair(int ends[2])
{
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    /* as accept4() makes them for all that go by steps */
    cr_assert(fcntl(ends[THERE], F_SETFL, O_NONBLOCK) == 0);
}

static void open_blocking_pair(int ends[2])
{
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
}

Test(echo, a_step_brings_back_what_came)
{
    int ends[2];
    char back[8] = "";

    open_pair(ends);
    struct conn *conn = conn_open(ends[THERE]);
    cr_assert(conn != NULL && conn->waits_for == ECHO_READ);
    cr_assert(send(ends[HERE], "a\0b", 3, 0) == 3);
    cr_assert(echo_step(conn) == ECHO_READ && !conn->drained);
    cr_assert(recv(ends[HERE], back, sizeof(back), 0) == 3);
    cr_assert(memcmp(back, "a\0b", 3) == 0);
    conn_close(conn);
}

Test(echo, a_step_never_waits)
{
    int ends[2];

    open_pair(ends); /* nothing to read */
    struct conn *conn = conn_open(ends[THERE]);
    cr_assert(echo_step(conn) == ECHO_READ);
    cr_assert(conn->drained, "recv() had nothing: EAGAIN");
    conn_close(conn);
}

Test(echo, a_step_takes_a_chunk_at_most)
{
    static char data[3 * ECHO_CHUNK];
    int ends[2];

    open_pair(ends);
    struct conn *conn = conn_open(ends[THERE]);
    cr_assert(send(ends[HERE], data, sizeof(data), 0) == sizeof(data));
    for (int i = 0; i < 3; i++) {
        echo_step(conn);
        cr_assert(recv(ends[HERE], data, sizeof(data), MSG_DONTWAIT) ==
                  ECHO_CHUNK);
    }
    conn_close(conn);
}

Test(echo, the_end_of_stream_is_done)
{
    int ends[2];

    open_pair(ends);
    struct conn *conn = conn_open(ends[THERE]);
    shutdown(ends[HERE], SHUT_WR);
    cr_assert(echo_step(conn) == ECHO_DONE);
    cr_assert(conn->waits_for == ECHO_DONE);
    conn_close(conn);
    cr_assert(client_end(ends[HERE]) == NULL, "conn_close() closes");
}

Test(echo, a_client_who_has_left_is_done_without_a_signal)
{
    int ends[2];

    open_pair(ends);
    struct conn *conn = conn_open(ends[THERE]);
    cr_assert(send(ends[HERE], "x", 1, 0) == 1);
    close(ends[HERE]);
    cr_assert(echo_step(conn) == ECHO_READ); /* EPIPE, and no SIGPIPE */
    cr_assert(echo_step(conn) == ECHO_DONE);
    conn_close(conn);
}

/* As a stop does it: what still comes is read, or closing would reset the
 * connection. */
Test(echo, what_comes_when_our_stream_has_ended_is_dropped)
{
    static char data[3 * ECHO_CHUNK];
    int ends[2];

    open_pair(ends);
    struct conn *conn = conn_open(ends[THERE]);
    shutdown(ends[THERE], SHUT_WR);
    cr_assert(send(ends[HERE], data, sizeof(data), 0) == sizeof(data));
    while (echo_step(conn) == ECHO_READ && !conn->drained)
        ;
    cr_assert(conn->waits_for == ECHO_READ && conn->buf == NULL);
    shutdown(ends[HERE], SHUT_WR);
    cr_assert(echo_step(conn) == ECHO_DONE);
    conn_close(conn);
    cr_assert(client_end(ends[HERE]) == NULL);
}

Test(echo, blocking_until_the_end_though_our_stream_has_ended)
{
    static char data[3 * ECHO_CHUNK];
    int ends[2];
    char byte;

    open_blocking_pair(ends);
    shutdown(ends[THERE], SHUT_WR);
    cr_assert(send(ends[HERE], data, sizeof(data), 0) == sizeof(data));
    shutdown(ends[HERE], SHUT_WR);
    echo_blocking(ends[THERE]);
    cr_assert(recv(ends[THERE], &byte, 1, MSG_DONTWAIT) == 0,
              "all was read");
}

/* Other clients' pending bytes must survive this. */
static void echo_another(void)
{
    int ends[2];

    open_pair(ends);
    struct conn *conn = conn_open(ends[THERE]);
    cr_assert(client_send(ends[HERE], "another", 7) == NULL);
    cr_assert(echo_step(conn) == ECHO_READ && conn->buf == NULL);
    conn_close(conn);
    close(ends[HERE]);
}

/* The way back holds so little that a reply has to wait. */
static struct conn *open_stuck(int ends[2])
{
    int small = 1; /* the kernel makes it its smallest */

    open_pair(ends);
    setsockopt(ends[THERE], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    return conn_open(ends[THERE]);
}

/* The other end does not read; the kernel decides how much fits. */
Test(echo, a_short_write_is_continued)
{
    size_t back = 0;
    int ends[2];

    struct conn *conn = open_stuck(ends);
    size_t sent = client_fill(ends[HERE], SEED);
    while (echo_step(conn) == ECHO_READ)
        ;
    cr_assert(conn->waits_for == ECHO_WRITE, "pending: %d",
              (int)conn->waits_for);
    cr_assert(conn->drained, "send() had no room: EAGAIN");
    echo_another();
    size_t held = conn->filled - conn->sent;
    cr_assert(echo_step(conn) == ECHO_WRITE &&
                  conn->filled - conn->sent == held,
              "a step with a reply pending must not read");
    shutdown(ends[HERE], SHUT_WR);
    while (back < sent) {
        cr_assert(client_receive(ends[HERE], 1, SEED, back) == NULL);
        back++;
        cr_assert(echo_step(conn) != ECHO_DONE || back == sent ||
                      client_listen(ends[HERE], 0) == CLIENT_BYTES,
                  "done, with %zu of %zu bytes back", back, sent);
    }
    cr_assert(conn->buf == NULL, "memory for what has gone back");
    while (echo_step(conn) != ECHO_DONE)
        ;
    conn_close(conn);
    cr_assert(client_end(ends[HERE]) == NULL);
}

/* Nothing that malloc() could still give out is left after this. */
static void use_up_memory(void)
{
    const struct rlimit none = {0, RLIM_INFINITY};

    setrlimit(RLIMIT_AS, &none);
    for (size_t size = 1 << 20; size > 0; size /= 2)
        while (malloc(size) != NULL)
            ;
}

Test(echo, no_memory_for_what_is_pending_is_the_end_of_that_client)
{
    int status = -1;
    int ends[2];

    struct conn *conn = open_stuck(ends);
    client_fill(ends[HERE], SEED);
    pid_t pid = fork(); /* Criterion wants memory for its report */
    if (pid == 0) {
        use_up_memory();
        while (echo_step(conn) == ECHO_READ)
            ;
        _exit(conn->waits_for == ECHO_DONE ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    cr_assert(status == 0, "not done, but pending in no memory: %d",
              status);
}

static void *serve(void *arg)
{
    int fd = (int)(intptr_t)arg;

    echo_blocking(fd);
    close(fd);
    return NULL;
}

Test(echo, blocking_until_the_end_of_stream)
{
    pthread_t thread;
    int ends[2];

    open_blocking_pair(ends);
    cr_assert(pthread_create(&thread, NULL, serve,
                             (void *)(intptr_t)ends[THERE]) == 0);
    cr_assert(client_echo(ends[HERE], 1000000, 5) == NULL);
    cr_assert(client_finish(ends[HERE]) == NULL);
    pthread_join(thread, NULL);
}

Test(echo, blocking_until_the_client_has_left)
{
    pthread_t thread;
    int ends[2];

    open_blocking_pair(ends);
    cr_assert(pthread_create(&thread, NULL, serve,
                             (void *)(intptr_t)ends[THERE]) == 0);
    client_fill(ends[HERE], 5);
    close(ends[HERE]);
    pthread_join(thread, NULL); /* it came back, and no SIGPIPE */
}
