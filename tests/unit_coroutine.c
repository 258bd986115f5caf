/* epoll/coroutine: from inside, and its server as an application. */
#include "common/clock.h"
#include "common/lab/launcher.h"
#include "common/net.h"
#include "epoll/coroutine.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct listeners listen_here(void)
{
    const struct options options = {
        .model = "test",
        .host = "127.0.0.1",
        .ports = {0},
        .nports = 1,
        .many_ports = true,
        .max_clients = 16,
    };

    return net_listen(&options);
}

static int served;

/* Two words from each of three clients, in the order that they come: each
 * handler is left in mid-loop and taken up again, with its own variables.
 */
static void handle_words(int client)
{
    char word[16];
    int mine = ++served;

    for (int i = 0; i < 2; i++) {
        ssize_t n = coroutine_recv(client, word, sizeof(word));
        cr_assert_eq(n, 1);
        char answer[16];
        int length = snprintf(answer, sizeof(answer), "%d:%d:%c", mine, i,
                              word[0]);
        cr_assert_eq(coroutine_send_all(client, answer, (size_t)length), 0);
    }
    if (mine == 3)
        raise(SIGTERM);
}

/* Plays the clients from another process: a test's child only exits. */
static int play_clients(uint16_t port)
{
    static const char *const wanted[2][3] = {{"1:0:a", "2:0:a", "3:0:a"},
                                             {"1:1:b", "2:1:b", "3:1:b"}};
    char answer[16];
    int fds[3];

    for (int i = 0; i < 3; i++)
        fds[i] = program_dial(port);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 3; i++) {
            if (send(fds[i], round == 0 ? "a" : "b", 1, MSG_NOSIGNAL) !=
                    1 ||
                recv(fds[i], answer, 5, MSG_WAITALL) != 5 ||
                memcmp(answer, wanted[round][i], 5) != 0)
                return 1;
        }
    return 0;
}

Test(coroutine, handlers_take_turns, .timeout = 30)
{
    struct listeners listeners = listen_here();
    const struct service service = {listeners.fds[0], handle_words};
    uint16_t port = (uint16_t)net_here(listeners.fds[0]).port;

    pid_t pid = fork();
    if (pid == 0)
        _exit(play_clients(port));
    coroutine_serve("test", &service, 1);
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(status, 0);
    cr_assert_eq(served, 3);
}

static int greedy_turns; /* how often the greedy one was served */
static int turns_before_modest;

/* The first client has much to say, the second one byte. */
static void handle_fairly(int client)
{
    static int clients;
    char byte;
    bool greedy = clients++ == 0;

    while (coroutine_recv(client, &byte, 1) == 1 && greedy)
        greedy_turns++;
    if (!greedy) {
        turns_before_modest = greedy_turns;
        raise(SIGTERM);
    }
}

Test(coroutine, who_has_much_to_say_has_but_its_turn, .timeout = 30)
{
    static char much[10000];
    struct listeners listeners = listen_here();
    const struct service service = {listeners.fds[0], handle_fairly};
    uint16_t port = (uint16_t)net_here(listeners.fds[0]).port;

    cr_assert_eq(send(program_dial(port), much, sizeof(much), 0),
                 sizeof(much));
    cr_assert_eq(send(program_dial(port), much, 1, 0), 1);
    coroutine_serve("test", &service, 1);
    cr_assert_leq(turns_before_modest, 3);
    cr_assert_eq(greedy_turns, sizeof(much)); /* and loses nothing */
}

/* Uses up so many KiB of stack. */
/* NOLINTNEXTLINE(misc-no-recursion): that is what it is for */
static int dig(volatile char *above, int depth)
{
    volatile char here[1024];

    here[0] = *above;
    return depth == 0 ? here[0] : dig(here, depth - 1) + here[0];
}

static int first_client; /* our end of it */

static void handle_by_digging(int client)
{
    static int clients;
    volatile char byte = 0;

    if (++clients == 2) { /* its stack may lie below that of the first */
        send(first_client, "x", 1, MSG_NOSIGNAL);
        coroutine_recv(client, (char *)&byte, 1);
        return;
    }
    coroutine_recv(client, (char *)&byte, 1);
    raise(SIGTERM);
    /* Beyond its own stack, by less than a neighbour's. */
    dig(&byte, (COROUTINE_STACK_BYTES + COROUTINE_STACK_BYTES / 2) / 1024);
}

/* Without the guard the test would see no signal, and fail. */
Test(coroutine, a_stack_has_an_end, .signal = SIGSEGV, .timeout = 30)
{
    struct listeners listeners = listen_here();
    const struct service service = {listeners.fds[0], handle_by_digging};

    first_client = program_dial((uint16_t)net_here(listeners.fds[0]).port);
    program_dial((uint16_t)net_here(listeners.fds[0]).port);
    coroutine_serve("test", &service, 1);
}

/* --- the application -------------------------------------------------- */

static char reply[65536];

Test(coroutine, server_has_two_services, .timeout = 60)
{
    struct program server;
    char day[16], month[16], rest[64];

    cr_assert(program_start(&server, "epoll/coroutine_server",
                            "--port 0 --daytime-port 0"));
    uint16_t echo = program_port(&server);
    uint16_t daytime = program_port(&server);
    int held = program_dial(
        echo); /* a client of one does not bar the other */
    cr_assert_eq(send(held, "held", 4, MSG_NOSIGNAL), 4);
    cr_assert_eq(recv(held, reply, 4, MSG_WAITALL), 4);

    cr_assert_gt(program_ask(daytime, "", 0, 0, reply, sizeof(reply)), 20);
    cr_assert_eq(sscanf(reply, "%15[A-Za-z], %15[A-Za-z] %63[^\r]\r\n", day,
                        month, rest),
                 3, "%s", reply);
    cr_assert_eq(program_ask(echo, "hello", 5, 1, reply, sizeof(reply)), 5);
    cr_assert_str_eq(reply, "hello");
    close(held);
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

static long memory_kib(pid_t pid)
{
    char path[64], line[128];
    long kib = -1;

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "Pss: %ld", &kib) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return kib;
}

/* As coroutine.h says: 83 MB for 10,000; a sanitizer takes more. */
Test(coroutine, server_holds_ten_thousand_clients, .timeout = 120)
{
    enum { MOST = 10000 };
    static int fds[MOST];
    bool sanitized = strstr(launcher_folder(), "address") != NULL;
    struct program server;
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int n = limit.rlim_cur > MOST + 100 ? MOST : (int)limit.rlim_cur - 100;
    cr_assert(program_start(&server, "epoll/coroutine_server", "--port 0"));
    uint16_t port = program_port(&server);
    long before_kib = memory_kib(server.pid);
    for (int i = 0; i < n; i++) {
        cr_assert_geq(fds[i] = program_dial(port), 0, "client %d", i);
        cr_assert_eq(send(fds[i], reply, 4096, MSG_NOSIGNAL), 4096);
    }
    for (int i = 0; i < n; i++)
        cr_assert_eq(recv(fds[i], reply, 4096, MSG_WAITALL), 4096);
    long each_bytes = (memory_kib(server.pid) - before_kib) * 1024 / n;
    cr_assert(each_bytes < 10000 || sanitized, "%ld bytes", each_bytes);
    for (int i = 0; i < n; i++)
        close(fds[i]);
    int64_t deadline_ms = clock_now_ms() + PROGRAM_PATIENCE_MS;
    while (memory_kib(server.pid) > before_kib + 10000 && !sanitized) {
        cr_assert_lt(clock_now_ms(), deadline_ms, "not given back");
        clock_rest_ms(10);
    }
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}
