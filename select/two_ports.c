/*
 * select/two_ports: one thread, told which port has somebody.
 *
 * Waits in     select() on all ports at once; then in recv() for the one
 *              client that was accepted
 * A client is  one message and one answer
 * Stops at     a client that sends nothing: the others wait meanwhile
 * Differs by   select(), FD_SET()
 * Chapter      docs/5-select.md
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/select.h>
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

static const struct model model = {
    .name = "select/two_ports",
    .about = "Two ports: one thread, told which of them has somebody."
             "\vTo copy; then, in a second window, the client:\n"
             "  build/select/two_ports\n"
             "  build/iterative/client --port 5060 hi",
    .many_ports = true, /* it waits on several listeners */
    .max_clients = 1,
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

static void serve(const struct listeners *listeners)
{
    fd_set ports; /* what we wait for */
    int highest = 0;

    FD_ZERO(&ports);
    for (size_t i = 0; i < listeners->n; i++) {
        int listener = listeners->fds[i];
        fcntl(listener, F_SETFL, O_NONBLOCK); /* accept4() never waits */
        if (listener >= FD_SETSIZE)
            fatal(model.name, "too many descriptors are open: FD_SETSIZE");
        FD_SET(listener, &ports);
        if (listener > highest)
            highest = listener;
    }
    while (!stop_asked()) {
        fd_set readable = ports; /* select() overwrites it */
        if (select(highest + 1, &readable, NULL, NULL, NULL) == -1)
            continue; /* a signal */
        for (size_t i = 0; i < listeners->n && !stop_asked(); i++) {
            if (!FD_ISSET(listeners->fds[i], &readable))
                continue;
            printf("hello socket%zu\n", i + 1);
            fflush(stdout);
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
