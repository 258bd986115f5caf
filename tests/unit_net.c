/* common/net: listen, accept, send all. */
#include "common/net.h"

#include "common/census.h"
#include "common/stop.h"
#include "tests/client.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(net, .timeout = 60);

static struct listeners listeners;

static void listen_for(long max_clients, bool many_ports)
{
    const struct options options = {
        .model = "unit",
        .host = "127.0.0.1",
        .nports = 1,
        .many_ports = many_ports,
        .max_clients = max_clients,
        .drain_ms = 1000,
    };

    listeners = net_listen(&options);
}

static uint16_t port_of(int listener)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof(address);

    cr_assert(getsockname(listener, (struct sockaddr *)&address, &size) ==
              0);
    return ntohs(address.sin_port);
}

static int connect_client(void)
{
    int fd = client_connect("127.0.0.1", port_of(listeners.fds[0]));

    cr_assert(fd != -1, "cannot connect: %s", strerror(errno));
    return fd;
}

/* Returns a client, or -1. */
static int take_newcomer(int listener)
{
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    return net_admit(client, listener) ? client : -1;
}

Test(net, says_where_it_listens)
{
    char expected[64];

    cr_redirect_stdout();
    listen_for(10, false);
    snprintf(expected, sizeof(expected), "listening 127.0.0.1:%d\n",
             port_of(listeners.fds[0]));
    cr_assert_stdout_eq_str(expected);
}

Test(net, listeners_beside_share_the_port)
{
    int first = 0;
    int second = 0;

    cr_redirect_stdout();
    listen_for(64, true);
    struct listeners beside = net_listen_beside(&listeners);
    cr_assert_eq(beside.n, listeners.n);
    cr_assert_eq(port_of(beside.fds[0]), port_of(listeners.fds[0]));
    fcntl(listeners.fds[0], F_SETFL, O_NONBLOCK);
    fcntl(beside.fds[0], F_SETFL, O_NONBLOCK);
    for (int i = 0; i < 64; i++)
        connect_client();
    while (take_newcomer(listeners.fds[0]) != -1)
        first++;
    while (take_newcomer(beside.fds[0]) != -1)
        second++;
    cr_assert(first > 0 && second > 0 && first + second == 64);
}

Test(net, servers_share_a_port_when_both_are_asked_to)
{
    struct options options = {
        .model = "unit",
        .host = "127.0.0.1",
        .nports = 1,
        .max_clients = 10,
        .reuse_port = true,
    };

    cr_redirect_stdout();
    listeners = net_listen(&options);
    options.ports[0] = port_of(listeners.fds[0]);
    struct listeners others = net_listen(&options);
    cr_assert(port_of(others.fds[0]) == options.ports[0]);
}

Test(net, a_port_is_not_shared_unasked, .exit_code = EXIT_FAILURE)
{
    struct options options = {
        .model = "unit",
        .host = "127.0.0.1",
        .nports = 1,
        .max_clients = 10,
        .reuse_port = true,
    };

    cr_redirect_stdout();
    cr_redirect_stderr();
    listeners = net_listen(&options);
    options.ports[0] = port_of(listeners.fds[0]);
    options.reuse_port = false;
    net_listen(&options);
    exit(EXIT_SUCCESS); /* which is not what was expected */
}

/* Two clients once stopped a server whose log was not read, by coming and
 * leaving at its limit. */
Test(net, nobody_waits_for_the_reader_of_stderr)
{
    char data[4096] = "";
    int ends[2];

    cr_redirect_stdout();
    listen_for(1, false);
    cr_assert(pipe(ends) == 0);
    cr_assert(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
    while (write(ends[1], data, sizeof(data)) > 0)
        ;
    cr_assert(fcntl(ends[1], F_SETFL, 0) == 0);
    cr_assert(dup2(ends[1], STDERR_FILENO) != -1);
    int there = connect_client();
    net_turn_away(take_newcomer(listeners.fds[0]), "the test");
    cr_assert(client_end(there) == NULL);
}

Test(net, a_client_is_counted_and_sends_at_once)
{
    int on = 0;
    socklen_t size = sizeof(on);

    cr_redirect_stdout();
    listen_for(10, false);
    int there = connect_client();
    int client = take_newcomer(listeners.fds[0]);
    cr_assert(client != -1 && census_count() == 1);
    cr_assert(fcntl(client, F_GETFD) & FD_CLOEXEC);
    cr_assert(getsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, &size) ==
              0);
    cr_assert(on != 0, "TCP_NODELAY is not passed on by the listener");
    errno = ENOENT;
    net_close(client);
    cr_assert(errno == ENOENT && census_count() == 0);
    cr_assert(client_end(there) == NULL);
}

Test(net, at_max_clients_newcomers_are_closed)
{
    cr_redirect_stdout();
    cr_redirect_stderr();
    listen_for(1, false);
    int there = connect_client();
    int client = take_newcomer(listeners.fds[0]);
    for (int i = 0; i < 3; i++) {
        int newcomer = connect_client();
        cr_assert(take_newcomer(listeners.fds[0]) == -1);
        cr_assert(client_listen(newcomer, PATIENCE_MS) == CLIENT_CLOSED);
        close(newcomer);
    }
    net_close(client);
    close(there);
    connect_client();
    cr_assert(take_newcomer(listeners.fds[0]) != -1);
    fflush(stderr);
    cr_assert_stderr_eq_str(
        "unit: --max-clients: Too many users: newcomers "
        "are closed until a client leaves\n",
        "once for each spell");
}

/* Clients of ours count, too: connect first, then lower the limit. */
Test(net, without_descriptors_newcomers_are_closed)
{
    struct rlimit few;
    int highest;

    cr_redirect_stdout();
    cr_redirect_stderr();
    listen_for(10, false);
    int there[3] = {connect_client(), connect_client(), connect_client()};
    highest = dup(0);
    cr_assert(getrlimit(RLIMIT_NOFILE, &few) == 0);
    few.rlim_cur = (rlim_t)highest + 1;
    cr_assert(setrlimit(RLIMIT_NOFILE, &few) == 0);
    for (int i = 0; i < 2; i++) {
        cr_assert(take_newcomer(listeners.fds[0]) == -1, "no descriptor");
        cr_assert(take_newcomer(listeners.fds[0]) == -1, "the spare one");
        cr_assert(client_listen(there[i], PATIENCE_MS) == CLIENT_CLOSED);
    }
    close(highest);
    cr_assert(take_newcomer(listeners.fds[0]) == highest);
    cr_assert(client_listen(there[2], QUIET_MS) == CLIENT_SILENCE);
}

Test(net, a_listener_that_was_shut_is_made_never_to_be_ready)
{
    struct pollfd one = {.events = POLLIN};

    cr_redirect_stdout();
    listen_for(1, false);
    one.fd = listeners.fds[0];
    raise(SIGTERM);
    cr_assert(poll(&one, 1, 0) == 1, "a loop is woken");
    cr_assert(take_newcomer(listeners.fds[0]) == -1);
    cr_assert(poll(&one, 1, 0) == 0, "and does not spin");
    cr_assert(take_newcomer(listeners.fds[0]) == -1);
}

/* Loops that share their port with nobody, and then a server that shares
 * its own with others. */
static void join_loops(const char *host, const char *host_of_other)
{
    struct options options = {
        .model = "unit",
        .host = host,
        .nports = 1,
        .max_clients = 10,
    };

    cr_redirect_stdout();
    cr_redirect_stderr();
    listeners = net_listen(&options);
    net_listen_beside(&listeners);
    net_listen_beside(&listeners);
    options.host = host_of_other;
    options.ports[0] = port_of(listeners.fds[0]);
    options.reuse_port = true;
    net_listen(&options);
    exit(EXIT_SUCCESS);
}

Test(net, loops_are_not_joined_unasked, .exit_code = EXIT_FAILURE)
{
    join_loops("127.0.0.1", "127.0.0.1");
}

Test(net, loops_on_every_address_lose_none, .exit_code = EXIT_FAILURE)
{
    join_loops("0.0.0.0", "127.0.0.1");
}

Test(net, loops_do_not_keep_another_address_from_others,
     .exit_code = EXIT_SUCCESS)
{
    join_loops("127.0.0.1", "127.0.0.2");
}

/* In a view of the files that this process has alone. */
static void name_addresses(const char *hosts)
{
    char path[] = "/tmp/hosts-XXXXXX";
    int fd = mkstemp(path);

    cr_assert(write(fd, hosts, strlen(hosts)) == (ssize_t)strlen(hosts));
    close(fd);
    if (unshare(geteuid() == 0 ? CLONE_NEWNS
                               : CLONE_NEWUSER | CLONE_NEWNS) == -1 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
        mount(path, "/etc/hosts", NULL, MS_BIND, NULL) == -1) {
        unlink(path);
        cr_skip_test("/etc/hosts can't be replaced: %s", strerror(errno));
    }
    unlink(path);
}

static const struct options of_two = {
    .model = "unit",
    .host = "two",
    .nports = 1,
    .max_clients = 10,
};

#define TWO "127.0.0.2 two\n127.0.0.1 two\n127.0.0.2 two\n192.0.2.1 two\n"

Test(net, a_name_is_listened_on_at_all_its_addresses)
{
    struct options options = of_two;

    cr_redirect_stdout();
    cr_redirect_stderr();
    name_addresses(TWO);
    options.many_ports = true;
    listeners = net_listen(&options);
    cr_assert(listeners.n == 2, "%zu", listeners.n);
    cr_assert(port_of(listeners.fds[0]) == port_of(listeners.fds[1]));
    cr_assert(client_connect("127.0.0.1", port_of(listeners.fds[0])) != -1);
    cr_assert(client_connect("127.0.0.2", port_of(listeners.fds[0])) != -1);
}

Test(net, a_model_with_one_listener_says_that_a_name_has_others)
{
    cr_redirect_stdout();
    cr_redirect_stderr();
    name_addresses(TWO);
    listeners = net_listen(&of_two);
    cr_assert(listeners.n == 1);
    fflush(stderr);
    cr_assert_stderr_eq_str(
        "unit: --host two: has other addresses, too, and accept() waits on "
        "one alone\n");
}

Test(net, an_urgent_byte_stays_in_the_stream)
{
    char data[3];

    cr_redirect_stdout();
    listen_for(1, false);
    int there = connect_client();
    int client = take_newcomer(listeners.fds[0]);
    cr_assert(send(there, "a", 1, 0) == 1);
    cr_assert(send(there, "b", 1, MSG_OOB) == 1);
    cr_assert(send(there, "c", 1, 0) == 1);
    for (int i = 0; i < 3; i++)
        cr_assert(recv(client, &data[i], 1, 0) == 1);
    cr_assert(memcmp(data, "abc", 3) == 0);
}

/* "server 2>&1 | head -1": to tell of a limit is not worth a death. */
Test(net, a_limit_is_survived_though_nobody_reads_of_it)
{
    int ends[2];

    cr_redirect_stdout();
    listen_for(1, false);
    cr_assert(pipe(ends) == 0);
    cr_assert(dup2(ends[1], STDERR_FILENO) != -1);
    close(ends[0]);
    connect_client();
    cr_assert(take_newcomer(listeners.fds[0]) != -1);
    connect_client();
    cr_assert(take_newcomer(listeners.fds[0]) == -1);
}

struct sending {
    int fd;
    size_t n;
    int result;
};

static void *send_all(void *arg)
{
    static unsigned char data[1 << 20];
    struct sending *sending = arg;

    client_pattern(data, sizeof(data), 9, 0);
    sending->result = net_send_all(sending->fd, data, sending->n);
    return NULL;
}

Test(net, sends_all_however_slowly_it_is_read)
{
    pthread_t thread;
    int ends[2];

    cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    struct sending sending = {ends[1], 1 << 20, -1};
    cr_assert(pthread_create(&thread, NULL, send_all, &sending) == 0);
    cr_assert(client_receive(ends[0], sending.n, 9, 0) == NULL);
    pthread_join(thread, NULL);
    cr_assert(sending.result == 0);
}

static void nothing(int signo)
{
    (void)signo;
}

/* A signal makes send() come back with what it has sent so far, or EINTR.
 */
Test(net, sends_all_however_often_it_is_interrupted)
{
    enum { PART = 5000 };
    const struct sigaction act = {
        .sa_handler = nothing}; /* no SA_RESTART */
    pthread_t thread;
    int ends[2];

    cr_assert(sigaction(SIGUSR1, &act, NULL) == 0);
    cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    struct sending sending = {ends[1], 1000000, -1};
    cr_assert(pthread_create(&thread, NULL, send_all, &sending) == 0);
    for (size_t got = 0; got < sending.n; got += PART) {
        cr_assert(client_receive(ends[0], PART, 9, got) == NULL);
        if (got + PART <
            sending.n / 2) /* until then the thread must live */
            pthread_kill(thread, SIGUSR1);
    }
    pthread_join(thread, NULL);
    cr_assert(sending.result == 0);
}

Test(net, sending_to_who_has_left_fails_without_a_signal)
{
    int ends[2];

    cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    close(ends[0]);
    errno = 0;
    cr_assert(net_send_all(ends[1], "x", 1) == -1 && errno == EPIPE);
    cr_assert(net_send_all(ends[1], "", 0) == 0, "nothing to send");
}
