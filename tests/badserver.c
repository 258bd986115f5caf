/*
 * An echo server with one fault, for the tests of what must notice it.
 *
 *   badserver FAULT     listens on a port of the kernel's choice
 *
 * One thread per client; see faults[] for what it does to each.
 */
#include "common/clock.h"
#include "common/net.h"
#include "common/options.h"
#include "common/protocol.h"
#include "common/stop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WRONG_AT = 1000, A_MOMENT_MS = 20, LATER = 10000 };

static unsigned char buf_of_all[ECHO_CHUNK]; /* the fault of mix_up() */
static int messages; /* that came into it; guarded by lock, as it is */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t receive(int client, unsigned char *buf)
{
    ssize_t n;

    do
        n = recv(client, buf, ECHO_CHUNK, 0);
    while (n == -1 && errno == EINTR);
    return n;
}

static void echo_right(int client)
{
    unsigned char buf[ECHO_CHUNK];
    ssize_t n;

    while ((n = receive(client, buf)) > 0)
        if (net_send_all(client, buf, (size_t)n) == -1)
            return;
}

static void echo_late(int client)
{
    unsigned char buf[ECHO_CHUNK];
    ssize_t n;

    while ((n = receive(client, buf)) > 0) {
        clock_rest_ms(A_MOMENT_MS);
        if (net_send_all(client, buf, (size_t)n) == -1)
            return;
    }
}

static void spoil_one_byte(int client)
{
    unsigned char buf[ECHO_CHUNK];
    size_t echoed = 0;
    ssize_t n;

    while ((n = receive(client, buf)) > 0) {
        if (echoed <= WRONG_AT && WRONG_AT < echoed + (size_t)n)
            buf[WRONG_AT - echoed] ^= 1;
        echoed += (size_t)n;
        if (net_send_all(client, buf, (size_t)n) == -1)
            return;
    }
}

static void add_one_byte(int client)
{
    unsigned char buf[ECHO_CHUNK + 1];
    ssize_t n;

    while ((n = receive(client, buf)) > 0) {
        buf[n] = 0;
        if (net_send_all(client, buf, (size_t)n + 1) == -1)
            return;
    }
}

/* Answers every message with the first. */
static void repeat_the_first(int client)
{
    unsigned char first[ECHO_CHUNK];
    unsigned char buf[ECHO_CHUNK];
    ssize_t n = receive(client, first);

    while (n > 0 && net_send_all(client, first, (size_t)n) == 0)
        n = receive(client, buf);
}

static int count_messages(void)
{
    pthread_mutex_lock(&lock);
    int n = messages;
    pthread_mutex_unlock(&lock);
    return n;
}

/* One buffer for all threads, as beginners have it: waits until another
 * client's message has come into it, a second at most. */
static void mix_up(int client)
{
    unsigned char buf[ECHO_CHUNK];
    ssize_t n;

    while ((n = receive(client, buf)) > 0) {
        pthread_mutex_lock(&lock);
        memcpy(buf_of_all, buf, (size_t)n);
        int mine = ++messages;
        pthread_mutex_unlock(&lock);
        for (int i = 0; i < 1000 && count_messages() == mine; i++)
            clock_rest_ms(1);
        if (net_send_all(client, buf_of_all, (size_t)n) == -1)
            return;
    }
}

static void stop_half_way(int client)
{
    unsigned char buf[ECHO_CHUNK];
    ssize_t n = receive(client, buf);

    if (n > 0)
        net_send_all(client, buf, (size_t)n / 2);
}

static void echo_once(int client)
{
    unsigned char buf[ECHO_CHUNK];
    ssize_t n = receive(client, buf);

    if (n > 0)
        net_send_all(client, buf, (size_t)n);
}

static void reset(int client)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    unsigned char buf[ECHO_CHUNK];

    receive(client, buf);
    setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static void swallow(int client)
{
    unsigned char buf[ECHO_CHUNK];

    while (receive(client, buf) > 0)
        ;
}

static void ignore(int client)
{
    (void)client;
    pause();
}

/* Its descriptor stays open, as in a parent that forgets to close it. */
static void keep_open(int client)
{
    echo_right(client);
    (void)!dup(client);
}

static void close_at_once(int client)
{
    (void)client;
}

static atomic_int echoes; /* of all threads, for what happens later */

/* Echoes; calls fault() before an echo from the LATER-th on. */
static void echo_until(int client, void fault(unsigned char *buf))
{
    unsigned char buf[ECHO_CHUNK];
    ssize_t n;

    while ((n = receive(client, buf)) > 0) {
        if (atomic_fetch_add(&echoes, 1) >= LATER)
            fault(buf);
        if (net_send_all(client, buf, (size_t)n) == -1)
            return;
    }
}

static void die(unsigned char *buf)
{
    (void)buf;
    fputs("badserver: \033[31mout of luck\n", stderr);
    abort();
}

static void hang(unsigned char *buf)
{
    (void)buf;
    for (;;)
        pause();
}

static void spoil(unsigned char *buf)
{
    buf[0] ^= 1;
}

static void die_later(int client)
{
    echo_until(client, die);
}

static void hang_later(int client)
{
    echo_until(client, hang);
}

static void spoil_later(int client)
{
    echo_until(client, spoil);
}

/* Never sleeps. */
static void ask_again_and_again(int client)
{
    unsigned char buf[ECHO_CHUNK];
    ssize_t n;

    for (;;) {
        n = recv(client, buf, sizeof(buf), MSG_DONTWAIT);
        if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR) ||
            (n > 0 && net_send_all(client, buf, (size_t)n) == -1))
            return;
    }
}

static const struct fault {
    const char *name;
    void (*talk)(int client);
} faults[] = {
    {"none", echo_right},
    {"late", echo_late},
    {"wrong", spoil_one_byte},
    {"extra", add_one_byte},
    {"repeat", repeat_the_first},
    {"mixed", mix_up},
    {"short", stop_half_way},
    {"once", echo_once},
    {"reset", reset},
    {"mute", swallow},
    {"deaf", ignore},
    {"closed", close_at_once},
    {"dies-later", die_later},
    {"hangs-later", hang_later},
    {"wrong-later", spoil_later},
    {"restless", ask_again_and_again},
    {"keep", keep_open},
};

static const struct fault *fault;

static void *talk(void *arg)
{
    int client = (int)(intptr_t)arg;

    fault->talk(client);
    net_close(client);
    return NULL;
}

int main(int argc, char **argv)
{
    const struct options options = {
        .model = "badserver",
        .host = ECHO_HOST,
        .nports = 1,
        .max_clients = 1000,
    };
    pthread_t thread;

    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
        if (argc == 2 && strcmp(argv[1], faults[i].name) == 0)
            fault = &faults[i];
    if (fault == NULL) {
        fprintf(stderr, "badserver: one fault is accepted, see faults[]\n");
        return EXIT_USAGE;
    }
    struct listeners listeners = net_listen(&options);
    while (!stop_asked()) {
        int client = accept4(listeners.fds[0], NULL, NULL, SOCK_CLOEXEC);
        if (!net_admit(client, listeners.fds[0]))
            continue;
        if (pthread_create(&thread, NULL, talk, (void *)(intptr_t)client) ==
            0)
            pthread_detach(thread);
        else
            net_turn_away(client, "pthread_create");
    }
    return 0; /* the threads end with the process */
}
