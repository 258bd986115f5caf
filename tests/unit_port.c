/* common/lab/tcp and port: whose listener is it? */
#include "common/clock.h"
#include "common/lab/launcher.h"
#include "common/lab/port.h"
#include "common/lab/tcp.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct server server, stale;

static void stop_servers(void)
{
    launcher_kill(&server);
    launcher_kill(&stale);
}

TestSuite(tcp, .timeout = 60);
TestSuite(port, .fini = stop_servers, .timeout = 60);

Test(tcp, reads_a_line_of_proc_net_tcp)
{
    struct tcp_row row;

    cr_assert_eq(
        tcp_read_line(
            "   1: 0100007F:13BA 00000000:0000 0A 00000000:00000002 "
            "00:00000000 "
            "00000000     0        0 38658 1 00000000e7d4dd30 100 0 0 10 0",
            &row),
        0);
    cr_assert_eq(row.local, 5050);
    cr_assert_eq(row.remote, 0);
    cr_assert_eq(row.state, TCP_LISTEN);
    cr_assert_eq(row.unread, 2);
    cr_assert_eq(row.inode, 38658);
    cr_assert_eq(row.family, AF_INET);
    cr_assert_eq(memcmp(row.address, "\x7f\0\0\1", 4), 0);
    cr_assert_eq(
        tcp_read_line(
            "12345: 00000000000000000000000001000000:13BA "
            "00000000000000000000000001000000:D431 01 00000000:0000000C "
            "00:00000000 00000000  1000        0 0 1 0",
            &row),
        0);
    cr_assert_eq(row.remote, 0xd431);
    cr_assert_eq(row.unread, 12);
    cr_assert_eq(row.inode, 0);
    cr_assert_eq(row.user, 1000);
    cr_assert_eq(row.family, AF_INET6);
    cr_assert_eq(memcmp(row.address, &in6addr_loopback, 16), 0);
}

Test(tcp, refuses_other_lines)
{
    struct tcp_row row;

    cr_assert_eq(tcp_read_line("  sl  local_address rem_address   st "
                               "tx_queue rx_queue tr tm->when "
                               "retrnsmt   uid  timeout inode",
                               &row),
                 -1);
    cr_assert_eq(tcp_read_line("", &row), -1);
    cr_assert_eq(tcp_read_line("1: 0100007F:13BA", &row), -1);
    cr_assert_eq(tcp_read_line("1: 0100007F:13BA 0:0 0A 1", &row), -1);
    cr_assert_eq(tcp_read_line("1: 0100007F:13BA 0:0 0A 1:2 3", &row), -1);
}

static int count(const struct tcp_row *row, void *context)
{
    const struct tcp_row *wanted = context;

    cr_assert_eq(row->state == TCP_LISTEN || row->remote != 0, true);
    return row->state == TCP_LISTEN && row->local == wanted->local &&
                   row->user == getuid()
               ? -1
               : 0;
}

/* Both ways tell of a listener. */
Test(tcp, lists_the_listeners)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int diag = tcp_open();

    cr_assert_eq(bind(fd, (struct sockaddr *)&address, length), 0);
    cr_assert_eq(listen(fd, 1), 0);
    getsockname(fd, (struct sockaddr *)&address, &length);
    struct tcp_row wanted = {.local = ntohs(address.sin_port)};
    cr_assert_eq(tcp_read_table(count, &wanted), -1, "not in /proc");
    if (diag != -1)
        cr_assert_eq(tcp_ask_listeners(diag, count, &wanted), -1);
    close(fd);
    cr_assert_eq(tcp_read_table(count, &wanted), 0);
    if (diag != -1)
        cr_assert_eq(tcp_ask_listeners(diag, count, &wanted), 0);
}

/* A shell's script in place of a server. */
static int start(const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    const struct launch_plan plan = {.argv = argv, .ready_ms = 2000};

    return launcher_start(&server, &plan);
}

static void start_stale(const char *option)
{
    const char *const argv[] = {"build/epoll/server", "--port=0", option,
                                NULL};
    const struct launch_plan plan = {.argv = argv};

    cr_assert_eq(launcher_start(&stale, &plan), 0, "%s", stale.error);
}

Test(port, of_a_process_of_the_tree_is_ours)
{
    cr_assert_eq(start("build/epoll/server --port 0; :"), 0, "%s",
                 server.error);
    cr_assert_str_eq(server.note, "");
    launcher_kill(&server);
    cr_assert_eq(start("build/epoll/server --port 0 --host ::1"), 0, "%s",
                 server.error);
}

/* A daemon has left the tree and the process group. */
Test(port, of_a_daemon_that_the_server_started_is_ours)
{
    cr_assert_eq(start("(setsid build/epoll/server --port 0 &); "
                       "exec sleep 100"),
                 0, "%s", server.error);
}

Test(port, may_be_told_by_a_name)
{
    cr_assert_eq(start("build/epoll/server --port 0 | "
                       "sed -u s/127.0.0.1/localhost/"),
                 0, "%s", server.error);
    cr_assert_str_eq(server.host, "localhost");
    cr_assert_str_eq(server.note, "");
}

/* A server that was left over from before is noticed, and named. */
Test(port, of_another_server_is_not_ours)
{
    char script[96], holder[64];

    start_stale(NULL);
    snprintf(script, sizeof(script),
             "echo listening 127.0.0.1:%d; exec sleep 100", stale.ports[0]);
    cr_assert_eq(start(script), -1);
    snprintf(holder, sizeof(holder), "but server (pid %d) does", stale.pid);
    cr_assert(strstr(server.error, holder) != NULL, "%s", server.error);
    cr_assert_eq(server.pid, 0);
}

Test(port, of_nobody_is_told)
{
    cr_assert_eq(start("echo listening 127.0.0.1:1; exec sleep 100"), -1);
    cr_assert(strstr(server.error, "but nobody does"), "%s", server.error);
}

/* A server that listens a moment later is waited for. */
Test(port, may_be_told_too_early)
{
    uint16_t port = launcher_free_port();
    char script[128];

    snprintf(script, sizeof(script),
             "echo listening 127.0.0.1:%d; sleep 0.1; "
             "exec build/epoll/server --port %d >/dev/null",
             port, port);
    cr_assert_eq(start(script), 0, "%s", server.error);
}

Test(port, that_is_shared_is_told)
{
    char script[96];

    start_stale("--reuse-port");
    snprintf(script, sizeof(script),
             "build/epoll/server --reuse-port --port %d", stale.ports[0]);
    cr_assert_eq(start(script), -1);
    cr_assert(strstr(server.error, "but so does server"), "%s",
              server.error);
    const char *const argv[] = {"sh", "-c", script, NULL};
    const struct launch_plan plan = {.argv = argv, .shares_port = true};
    cr_assert_eq(launcher_start(&server, &plan), 0, "%s", server.error);
}

/* Ours listens everywhere, and another on the very address: a client of
 * 127.0.0.1 would reach that one. */
Test(port, belongs_to_the_nearest_listener)
{
    char script[160];

    start_stale("--reuse-port");
    snprintf(script, sizeof(script),
             "build/epoll/server --reuse-port --host 0.0.0.0 --port %d | "
             "sed -u s/0.0.0.0/127.0.0.1/",
             stale.ports[0]);
    cr_assert_eq(start(script), -1);
    cr_assert(strstr(server.error, "but server"), "%s", server.error);
}

Test(port, on_every_address_is_told)
{
    cr_assert_eq(start("build/epoll/server --port 0 --host 0.0.0.0 | "
                       "sed -u s/0.0.0.0/127.0.0.1/"),
                 0, "%s", server.error);
    cr_assert(strstr(server.note, "every address"), "%s", server.note);
    launcher_kill(&server);
    cr_assert_eq(start("build/epoll/server --port 0 --host 0.0.0.0"), 0);
    cr_assert_str_eq(server.note, "", "it says so itself");
}
