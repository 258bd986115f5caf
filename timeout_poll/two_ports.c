/*
 * timeout_poll/two_ports: one thread asks each port in turn, for a second.
 *
 * Waits in     poll() on one port, at most --timeout-ms, then the next; or
 *              recv() for the one client that was accepted
 * A client is  one message and one answer
 * Stops at     patience: a lap takes ports x timeout, with nobody there
 * Differs by   poll(), O_NONBLOCK
 * Chapter      docs/4-timeout_poll.md
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/clock.h"
#include "common/net.h"
#include "common/options.h"
#include "common/show.h"
#include "common/stop.h"

enum {
    MESSAGE_BYTES = 1024, /* asked of recv(), as in docs/seeds.md */
    PATIENCE_S = 1,       /* for a client that sends nothing, in talk() */
    FAREWELL_MS = 1000,   /* for one that does not close, in part() */
};

static long turn_ms = 1000;

static const struct option_number numbers[] = {
    {"timeout-ms", "MS", "wait at most MS for each port (default 1000)", 1,
     60000, &turn_ms},
    {0},
};

static const struct model model = {
    .name = "timeout_poll/two_ports",
    .about = "Two ports: one thread asks each in turn, for a second."
             "\vTo copy; then, in a second window, the client:\n"
             "  build/timeout_poll/two_ports\n"
             "  build/iterative/client --port 5060 hi",
    .many_ports = true, /* it waits on several listeners */
    .max_clients = 1,
    .numbers = numbers,
    .ports = {5050, 5060},
};

/* close() with something unread resets the connection, and the reset may
 * overtake the answer. So the server ends its stream (SHUT_WR), and reads
 * until the client closes, too. */
static void part(int client)
{
    char rest[MESSAGE_BYTES];
    int64_t end_ms = clock_now_ms() + FAREWELL_MS;

    shutdown(client, SHUT_WR);
    while (recv(client, rest, sizeof(rest), 0) > 0 &&
           clock_now_ms() < end_ms)
        ;
}

/*
 * One message, one answer. The port was ready, which says nothing of the
 * client: while it sends nothing, this thread waits in recv(), and so does
 * everybody else. PATIENCE_S bounds that; in docs/seeds.md nothing does.
 */
static void talk(int client)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    char message[MESSAGE_BYTES];
    char answer[32];

    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience,
               sizeof(patience));
    ssize_t n = recv(client, message, sizeof(message), 0);
    printf("[%s] message: ", net_peer(client).name);
    show_text(stdout, message, n > 0 ? (size_t)n : 0);
    printf("%s\n", n > 0 ? "" : "(none)");
    fflush(stdout);
    int length = snprintf(answer, sizeof(answer), "welcome %d!",
                          net_here(client).port);
    net_send_all(client, answer, (size_t)length);
    part(client);
}

static void welcome(int listener)
{
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (!net_admit(client, listener))
        return; /* nobody came, or there is no room: it was closed */
    talk(client);
    net_close(client);
}

/* Waits for this one port alone, as Python's settimeout() does. */
static bool ready_in_time(int listener)
{
    struct pollfd one = {.fd = listener, .events = POLLIN};

    return poll(&one, 1, (int)turn_ms) == 1;
}

static void serve(const struct listeners *listeners)
{
    for (size_t i = 0; i < listeners->n; i++) {
        int listener = listeners->fds[i];
        fcntl(listener, F_SETFL, O_NONBLOCK); /* accept4() never waits */
    }
    while (!stop_asked()) {
        for (size_t i = 0; i < listeners->n && !stop_asked(); i++) {
            printf("hello socket%zu\n", i + 1);
            fflush(stdout);
            if (ready_in_time(listeners->fds[i]))
                welcome(listeners->fds[i]);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_wait(); /* for those still here; the exit status */
}
