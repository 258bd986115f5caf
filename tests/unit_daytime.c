/* epoll/daytime: two services, and neither waits for the other's clients.
 */
#include "tests/program.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char reply[4096];
static struct program server;
static uint16_t echo, daytime;

static void open_server(void)
{
    cr_assert(program_start(&server, "epoll/daytime", "--port 0 --port 0"));
    echo = program_port(&server);
    daytime = program_port(&server);
    cr_assert_neq(daytime, 0);
}

static void is_a_time(void)
{
    char day[16], month[16], rest[64];

    cr_assert_eq(sscanf(reply, "%15[A-Za-z], %15[A-Za-z] %63[^\r]\r\n", day,
                        month, rest),
                 3, "%s", reply);
}

Test(daytime, has_two_services, .timeout = 60)
{
    open_server();
    int held = program_dial(echo);
    cr_assert_eq(send(held, "held", 4, MSG_NOSIGNAL), 4);
    cr_assert_eq(recv(held, reply, 4, MSG_WAITALL), 4);

    cr_assert_gt(program_ask(daytime, "", 0, 0, reply, sizeof(reply)), 20);
    is_a_time();
    cr_assert_eq(program_ask(echo, "hello", 5, 1, reply, sizeof(reply)), 5);
    cr_assert_str_eq(reply, "hello");
    close(held);
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

/* Unread, what the client sends would reset the connection. */
Test(daytime, tells_the_time_to_a_client_that_talks, .timeout = 60)
{
    static char much[4096];

    open_server();
    for (int i = 0; i < 100; i++) {
        int fd = program_dial(daytime);
        cr_assert_eq(send(fd, much, sizeof(much), MSG_NOSIGNAL),
                     sizeof(much));
        cr_assert_eq(send(fd, much, sizeof(much), MSG_NOSIGNAL),
                     sizeof(much));
        ssize_t n = recv(fd, reply, sizeof(reply) - 1, MSG_WAITALL);
        cr_assert_gt(n, 20);
        reply[n] = '\0';
        is_a_time();
        close(fd);
    }
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}
