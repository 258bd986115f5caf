/* common/connect: names, addresses in order, and a client that reaches
 * itself. */
#include "common/connect.h"
#include "demo/clients.h"
#include "tests/program.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(connect, .timeout = 60);

/* A TCP socket bound to 127.0.0.HOST; *port is the kernel's choice when 0.
 */
static int bind_here(int host, in_port_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = *port};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl((127U << 24) + (unsigned)host);
    cr_assert(bind(fd, (struct sockaddr *)&address, size) == 0);
    cr_assert(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    *port = address.sin_port;
    return fd;
}

/* A list as getaddrinfo() makes it: 127.0.0.FIRST, then 127.0.0.SECOND. */
struct names {
    struct sockaddr_in in[2];
    struct addrinfo list[2];
};

static void make_names(struct names *names, in_port_t port, int first,
                       int second)
{
    const int hosts[2] = {first, second};

    memset(names, 0, sizeof(*names));
    for (int i = 0; i < 2; i++) {
        names->in[i].sin_family = AF_INET;
        names->in[i].sin_port = port;
        names->in[i].sin_addr.s_addr = htonl((127U << 24) +
                                             (unsigned)hosts[i]);
        names->list[i].ai_family = AF_INET;
        names->list[i].ai_socktype = SOCK_STREAM;
        names->list[i].ai_addr = (struct sockaddr *)&names->in[i];
        names->list[i].ai_addrlen = sizeof(names->in[i]);
    }
    names->list[0].ai_next = &names->list[1];
}

Test(connect, resolves_names_and_numbers)
{
    struct addrinfo *found;

    cr_assert_null(connect_resolve("127.0.0.1", 5050, &found));
    const struct sockaddr_in *in = (struct sockaddr_in *)found->ai_addr;
    cr_assert_eq(in->sin_port, htons(5050));
    cr_assert_null(found->ai_next);
    freeaddrinfo(found);
    cr_assert_null(connect_resolve("::1", 5050, &found));
    cr_assert_eq(found->ai_family, AF_INET6);
    freeaddrinfo(found);
    cr_assert_null(connect_resolve("localhost", 5050, &found));
    freeaddrinfo(found);
    cr_assert_not_null(connect_resolve("no.such.invalid", 5050, &found));
}

Test(connect, programs_say_that_there_is_no_such_host)
{
    static const char *const runs[][2] = {
        {"iterative/client", "--host no.such.invalid hello"},
        {"select/chat", "--host no.such.invalid --name me"},
        {"tests/villain", "--host no.such.invalid nothing"},
    };

    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        struct program program;
        cr_assert(program_start(&program, runs[i][0], runs[i][1]));
        cr_assert(program_says(&program, ": --host no.such.invalid: "));
        cr_assert_eq(program_end(&program, 0), 1, "%s", runs[i][0]);
    }
}

Test(connect, tries_all_addresses_in_order)
{
    struct names names;
    in_port_t port = 0;
    int listener = bind_here(1, &port);

    cr_assert_eq(listen(listener, 8), 0);
    make_names(&names, port, 2, 1); /* nobody on the first */
    int fd = connect_any(names.list, -1);
    cr_assert_neq(fd, -1, "%s", strerror(errno));
    cr_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
    close(fd);

    int first = bind_here(2, &port);
    cr_assert_eq(listen(first, 8), 0);
    fd = connect_any(names.list, 1000);
    struct sockaddr_in peer;
    socklen_t size = sizeof(peer);
    cr_assert_eq(getpeername(fd, (struct sockaddr *)&peer, &size), 0);
    cr_assert_eq(peer.sin_addr.s_addr, names.in[0].sin_addr.s_addr);
    close(fd);
    close(first);
    close(listener);
}

Test(connect, tells_that_it_was_refused)
{
    struct names names;
    in_port_t port = 0;
    int nobody = bind_here(1, &port); /* bound, and does not listen */

    make_names(&names, port, 1, 1);
    cr_assert_eq(connect_any(names.list, 1000), -1);
    cr_assert_eq(errno, ECONNREFUSED);
    names.list[1].ai_family = AF_UNIX; /* fails in another way */
    cr_assert_eq(connect_any(names.list, 1000), -1);
    cr_assert_eq(errno, ECONNREFUSED, "%s", strerror(errno));
    close(nobody);
}

/* A queue that is full: the kernel does not answer. */
Test(connect, does_not_wait_longer_than_it_may)
{
    struct names names;
    in_port_t port = 0;
    int fds[4];
    int listener = bind_here(1, &port);

    cr_assert_eq(listen(listener, 0), 0);
    make_names(&names, port, 1, 1);
    for (int i = 0; i < 4; i++)
        fds[i] = connect_begin(names.list);
    cr_assert_eq(connect_check(fds[3]), -1);
    cr_assert_eq(errno, EINPROGRESS, "%s", strerror(errno));
    cr_assert_eq(connect_any(names.list, 50), -1);
    cr_assert_eq(errno, ETIMEDOUT, "%s", strerror(errno));
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    close(listener);
}

Test(connect, begins_and_checks)
{
    struct names names;
    in_port_t port = 0;
    int listener = bind_here(1, &port);

    cr_assert_eq(listen(listener, 8), 0);
    make_names(&names, port, 1, 1);
    int fd = connect_begin(names.list);
    struct pollfd one = {.fd = fd, .events = POLLOUT};
    cr_assert_eq(poll(&one, 1, PROGRAM_PATIENCE_MS), 1);
    cr_assert_eq(connect_check(fd), 0);
    cr_assert_not(connect_reached_itself(fd));
    close(fd);
    close(listener);
}

/* Of the two addresses of this name, the server has the second. */
Test(connect, programs_try_all_addresses)
{
    struct program server, program;
    char arguments[80];

    cr_assert(
        program_start(&server, "select/chat", "--port 0 --name server"));
    in_port_t port = program_port(&server);
    setenv("LD_PRELOAD", "build/tests/preload_names.so", 1);
    snprintf(arguments, sizeof(arguments),
             "--host two.test --trace --port %d", port);
    cr_assert(program_start(&program, "iterative/client", arguments));
    cr_assert(program_says(&program, "127.0.0.2, "));
    cr_assert(program_says(&program, "= -1 ECONNREFUSED\nconnect("));
    cr_assert(program_says(&program, "127.0.0.1, "));
    cr_assert(program_says(&program, "= 0\n"));
    program_hang_up(&program);
    cr_assert_eq(program_end(&program, 0), 0);

    snprintf(arguments, sizeof(arguments),
             "--host two.test --name me --port %d", port);
    cr_assert(program_start(&program, "select/chat", arguments));
    cr_assert(program_says(&program, "server: me has come"));
    program_hang_up(&program);
    cr_assert_eq(program_end(&program, 0), 0);
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

Test(connect, the_generator_tries_all_addresses)
{
    struct program server, program;
    char arguments[80];

    cr_assert(program_start(&server, "epoll/server", "--port 0"));
    snprintf(arguments, sizeof(arguments), "--duration=20ms two.test:%d",
             program_port(&server));
    setenv("LD_PRELOAD", "build/tests/preload_names.so", 1);
    cr_assert(program_start(&program, "bench/load", arguments));
    /* A busy machine may serve nobody in 20 ms, but refuses nobody. */
    cr_assert(program_says(&program, "errors      0\n"));
    program_end(&program, 0);
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

/* --- a client that reaches itself ------------------------------------- */

Test(connect, knows_a_connection_to_itself)
{
    in_port_t port = 0;
    struct names names;
    int fd = bind_here(1, &port);

    make_names(&names, port, 1, 1);
    cr_assert_eq(
        connect(fd, names.list[0].ai_addr, names.list[0].ai_addrlen), 0);
    cr_assert_eq(send(fd, "x", 1, 0), 1); /* and it echoes perfectly */
    cr_assert(connect_reached_itself(fd));
    cr_assert_eq(connect_check(fd), -1);
    cr_assert_eq(errno, ECONNREFUSED);
    close(fd);
}

/* A network of our own, where a client's port can only be 5050. Needs to be
 * root: Criterion's process has threads, so it can't have users of its own.
 */
static void enter_network(void)
{
    static const char range[] = "/proc/sys/net/ipv4/ip_local_port_range";
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};

    if (unshare(CLONE_NEWNET) == -1)
        cr_skip_test("needs a network namespace: %s", strerror(errno));
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0, "%s", strerror(errno));
    close(fd);
    fd = open(range, O_WRONLY);
    if (fd == -1 || write(fd, "5050 5050", 9) != 9)
        cr_skip_test("%s: %s", range, strerror(errno));
    close(fd);
}

Test(connect, does_not_talk_to_itself)
{
    struct addrinfo *found;

    enter_network();
    cr_assert_null(connect_resolve("127.0.0.1", 5050, &found));
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(connect_any(found, 1000), -1, "reached itself");
        cr_assert_eq(errno, ECONNREFUSED, "%s", strerror(errno));
    }
    freeaddrinfo(found);
}

Test(connect, no_program_talks_to_itself)
{
    static const char *const runs[][3] = {
        {"iterative/client", "--port 5050 hello", "Connection refused"},
        {"select/chat", "--port 5050 --name me", "Connection refused"},
        {"tests/villain", "--port 5050 nothing", "Connection refused"},
        {"bench/load", "--time 1s 127.0.0.1:5050", "nobody could connect"},
        {"bench/load", "--duration=9s 127.0.0.1:5050", "refused 10"},
    };

    enter_network();
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        struct program program;
        cr_assert(program_start(&program, runs[i][0], runs[i][1]));
        program_hang_up(&program);
        cr_assert(program_says(&program, runs[i][2]), "%s", runs[i][0]);
        cr_assert_eq(program_end(&program, 0), 1, "%s", runs[i][0]);
    }
}

Test(connect, no_client_of_the_demo_talks_to_itself)
{
    struct client client = {0};
    int reactor = clients_open();

    enter_network();
    cr_assert_eq(clients_connect(&client, reactor, "127.0.0.1", 5050, 1), 0,
                 "%s", strerror(errno));
    struct pollfd news = {.fd = reactor, .events = POLLIN};
    while (client.connections[0].phase == CONNECTION_COMING &&
           poll(&news, 1, PROGRAM_PATIENCE_MS) == 1)
        clients_pump(reactor);
    cr_assert_eq(client.connections[0].phase, CONNECTION_REFUSED);
    clients_free(&client);
    close(reactor);
}
