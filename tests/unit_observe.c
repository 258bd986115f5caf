/* demo/observe, syscalls and screen: what the demo sees of servers. */
#include "common/clock.h"
#include "common/lab/launcher.h"
#include "demo/observe.h"
#include "demo/screen.h"
#include "demo/syscalls.h"
#include "demo/text.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <locale.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- pure ------------------------------------------------------------ */

Test(observe, tells_who_runs_and_who_waits)
{
    static struct sockets none;
    struct observe_task task = {.pid = getpid(), .tid = getpid()};
    char line[64];

    observe_describe("running\n", &none, &task);
    cr_assert(task.running);
    cr_assert_str_eq(task.call, "running");
    observe_describe("-1 0x7ffd 0x7f\n", &none, &task);
    cr_assert_not(task.running);
    cr_assert_str_eq(task.call, "waiting in the kernel");
    snprintf(line, sizeof(line), "%d 0x1 0x0 0x0 0x0 0x0 0x0 0x7f 0x7f\n",
             SYS_clock_nanosleep);
    observe_describe(line, &none, &task);
    cr_assert_str_eq(task.call, "sleep()");
    observe_describe("99999 0x0 0x0 0x0 0x0 0x0 0x0\n", &none, &task);
    cr_assert_str_eq(task.call, "system call 99999");
}

Test(text, lets_no_control_character_pass)
{
    char clean[64];
    char dirty[64];

    setlocale(LC_ALL, "C.UTF-8");
    /* The three are U+202E, right-to-left override. */
    snprintf(dirty, sizeof(dirty),
             "a\033]0;title\a\r\nb\177\xc2\x9b"
             "2J%c%c%c\xff\xed\xa0\x80",
             0xe2, 0x80, 0xae);
    cr_assert_str_eq(text_clean(clean, sizeof(clean), dirty),
                     "a?]0;title???b??2J?"
                     "????");
    cr_assert_str_eq(text_clean(clean, sizeof(clean), "안녕 – é"),
                     "안녕 – é");
    cr_assert_str_eq(text_clean(clean, 5, "안녕"), "안",
                     "never half a character");
    setlocale(LC_ALL, "C");
    cr_assert_str_eq(text_clean(clean, sizeof(clean), "\xc3\xa9\033[m"),
                     "???[m");
}

Test(screen, sends_what_changed_and_no_escape_of_others)
{
    struct screen screen = {0};
    char *bytes = NULL;
    size_t n = 0;

    setlocale(LC_ALL, "C.UTF-8");
    cr_assert_eq(screen_resize(&screen, 20, 3), 0);
    screen_text(&screen, 1, 2, 10, SCREEN_BOLD, "a\033[2Jb");
    screen_text(&screen, 2, 15, 100, SCREEN_PLAIN, "cut-off-here");
    screen_text(&screen, 7, 0, 100, SCREEN_PLAIN, "outside");
    FILE *memory = open_memstream(&bytes, &n);
    screen_update(&screen, memory);
    fclose(memory);
    cr_assert_str_eq(bytes, "\033[0m\033[2J\033[2;3H\033[0;1ma?[2Jb"
                            "\033[3;16H\033[0mcut-o");
    free(bytes);
    screen_text(&screen, 1, 2, 1, SCREEN_BOLD, "X");
    memory = open_memstream(&bytes, &n);
    screen_update(&screen, memory);
    fclose(memory);
    cr_assert_str_eq(bytes, "\033[2;3H\033[0;1mX");
    free(bytes);
    screen_free(&screen);
}

/* --- real servers ---------------------------------------------------- */

struct stage {
    struct server server;
    struct client clients[3];
    struct sockets *sockets;
    struct observation now;
    int reactor;
};

static void look(struct stage *stage)
{
    static const char *const names[] = {"client A", "client B", "client C"};

    clients_pump(stage->reactor);
    sockets_forget_names(stage->sockets);
    sockets_name_listener(stage->sockets, stage->server.ports[0],
                          "listener");
    for (int i = 0; i < 3; i++)
        if (stage->clients[i].n > 0)
            sockets_name_connection(
                stage->sockets, stage->clients[i].connections, names[i]);
    cr_assert_eq(sockets_read(stage->sockets), 0);
    observe_server(&stage->now, stage->server.pid, stage->server.ports, 1,
                   stage->sockets);
    for (int i = 0; i < 3; i++)
        observe_client(&stage->clients[i], stage->sockets);
}

static bool does(const struct stage *stage, const char *call)
{
    for (size_t i = 0; i < stage->now.nshown; i++)
        if (strcmp(stage->now.shown[i].call, call) == 0)
            return true;
    return false;
}

/* /proc reports no events: look again and again, for 10 s at most. */
#define UNTIL(stage, condition)                                   \
    do {                                                          \
        int left = 2000;                                          \
        for (look(stage); !(condition) && left > 0; left--) {     \
            clock_rest_ms(5);                                     \
            look(stage);                                          \
        }                                                         \
        cr_assert(left > 0, "never: %s (it does %s)", #condition, \
                  (stage)->now.shown[0].call);                    \
    } while (0)

static void start(struct stage *stage, const char *model)
{
    static struct sockets sockets;
    char path[256];

    launcher_path(path, sizeof(path), model);
    const char *argv[] = {path, "--port", "0", NULL};
    const struct launch_plan plan = {.argv = argv};
    memset(stage, 0, sizeof(*stage));
    stage->sockets = &sockets;
    stage->reactor = clients_open();
    cr_assert_neq(stage->reactor, -1);
    cr_assert_eq(launcher_start(&stage->server, &plan), 0, "%s",
                 stage->server.error);
}

static void come(struct stage *stage, int who)
{
    cr_assert_eq(clients_connect(&stage->clients[who], stage->reactor,
                                 stage->server.host, stage->server.ports[0],
                                 1),
                 0);
}

static void end(struct stage *stage)
{
    for (int i = 0; i < 3; i++)
        clients_free(&stage->clients[i]);
    cr_expect_eq(launcher_stop(&stage->server, 5000, NULL), 0, "%s",
                 stage->server.error);
    sockets_free(stage->sockets);
    close(stage->reactor);
}

Test(observe, sees_who_waits_in_an_iterative_servers_queue, .timeout = 60)
{
    struct stage stage;

    start(&stage, "iterative");
    UNTIL(&stage, does(&stage, "accept(listener)"));
    come(&stage, 0);
    UNTIL(&stage, does(&stage, "recv(client A)"));
    cr_assert(stage.clients[0].connections->accepted);
    come(&stage, 1);
    clients_send(&stage.clients[1], stage.reactor, "hello", 5);
    UNTIL(&stage, stage.now.queue == 1);
    struct connection *b = stage.clients[1].connections;
    cr_assert(b->seen && !b->accepted);
    cr_assert_eq(b->unread, 5);
    cr_assert_eq(connection_owed(b), 5);
    cr_assert_eq(stage.now.processes, 1);
    cr_assert_eq(stage.now.tasks, 1);
    clients_reset(&stage.clients[0]);
    UNTIL(&stage, b->echoes == 1 && does(&stage, "recv(client B)"));
    cr_assert_eq(stage.now.queue, 0);
    cr_assert_str_eq(b->last, "hello");
    cr_assert_not(b->differs);
    end(&stage);
}

Test(observe, counts_a_process_for_each_client, .timeout = 60)
{
    struct stage stage;

    start(&stage, "forking");
    come(&stage, 0);
    come(&stage, 1);
    UNTIL(&stage, does(&stage, "recv(client A)") &&
                      does(&stage, "recv(client B)") &&
                      does(&stage, "accept(listener)"));
    cr_assert_eq(stage.now.processes, 3);
    cr_assert_eq(stage.now.tasks, 3);
    clients_close(&stage.clients[0], stage.reactor);
    UNTIL(&stage, stage.now.processes == 2 && stage.now.zombies == 0);
    end(&stage);
}

Test(observe, counts_a_thread_for_each_client, .timeout = 60)
{
    struct stage stage;

    start(&stage, "threading");
    come(&stage, 0);
    come(&stage, 1);
    UNTIL(&stage, does(&stage, "recv(client A)") &&
                      does(&stage, "recv(client B)") &&
                      stage.now.tasks == 3);
    cr_assert_eq(stage.now.processes, 1);
    end(&stage);
}

Test(observe, sees_what_an_event_loop_watches, .timeout = 60)
{
    static const char *const models[] = {"select", "epoll"};
    static const char *const alone[] = {"select(listener)",
                                        "epoll_wait(listener)"};
    static const char *const calls[] = {"select(2 clients + listener)",
                                        "epoll_wait(2 clients + listener)"};
    struct stage stage;

    for (int i = 0; i < 2; i++) {
        start(&stage, models[i]);
        UNTIL(&stage, does(&stage, alone[i]));
        come(&stage, 0);
        come(&stage, 1);
        UNTIL(&stage, does(&stage, calls[i]));
        cr_assert_eq(stage.now.tasks, 1);
        end(&stage);
    }
}

Test(sockets, proc_and_sock_diag_say_the_same, .timeout = 60)
{
    struct stage stage;

    start(&stage, "iterative");
    for (int i = 0; i < 3; i++)
        come(&stage, i);
    clients_send(&stage.clients[2], stage.reactor, "four", 4);
    UNTIL(&stage, stage.now.queue == 2 &&
                      stage.clients[2].connections->unread == 4);
    size_t n = stage.sockets->n;
    struct sockets_row rows[4];
    cr_assert_eq(n, 4);
    memcpy(rows, stage.sockets->rows, sizeof(rows));
    cr_assert_eq(sockets_read_proc(stage.sockets), 0);
    cr_assert_eq(stage.sockets->n, n);
    for (int i = 0; i < 3; i++) {
        const struct sockets_row *row = sockets_find_connection(
            stage.sockets, stage.clients[i].connections);
        cr_assert_eq(row->unread, i == 2 ? 4 : 0);
        cr_assert_eq(row->inode == 0, i > 0);
        for (size_t k = 0; k < n; k++)
            if (rows[k].remote == row->remote) {
                cr_assert_eq(rows[k].inode, row->inode);
                cr_assert_eq(rows[k].state, row->state);
            }
    }
    end(&stage);
}

/* --- clients --------------------------------------------------------- */

static int listen_here(uint16_t *port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_neq(fd, -1);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(fd, 1), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* The kernel has no room for the first when the next are written. */
Test(clients, sends_one_text_behind_the_other, .timeout = 60)
{
    enum { MANY = 20000001, ALL = MANY + 6 };
    static char bytes[ALL + 1];
    struct client client = {0};
    int reactor = clients_open();
    size_t got = 0;
    uint16_t port;

    int listener = listen_here(&port);
    cr_assert_eq(clients_connect(&client, reactor, "127.0.0.1", port, 1),
                 0);
    cr_assert_eq(clients_send(&client, reactor, "ab", MANY), 0);
    cr_assert_lt(client.connections->sent, MANY);
    cr_assert_eq(clients_send(&client, reactor, "end", 3), 0);
    cr_assert_eq(clients_send(&client, reactor, "end", 3), 0);
    cr_assert_eq(client.connections->npassages, 2, "the same, once more");
    int fd = accept(listener, NULL, NULL);
    cr_assert_neq(fd, -1);
    while (got < ALL) {
        clients_pump(reactor);
        ssize_t n = recv(fd, bytes + got, ALL - got, MSG_DONTWAIT);
        got += n > 0 ? (size_t)n : 0;
    }
    cr_assert_str_eq(bytes + MANY - 3, "abaendend");
    cr_assert_eq(client.connections->npassages, 0);
    clients_free(&client);
    close(fd);
    close(listener);
    close(reactor);
}
