/*
 * iterative: one client at a time.
 *
 * Waits in     accept4(), then recv() and send() for one client
 * A client is  a turn of the loop
 * Stops at     the second client, which waits until the first has left
 * Differs by   nothing: here the others begin
 * Chapter      docs/1-iterative.md
 */
#include <sys/socket.h>

#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"

static const struct model model = {
    .name = "iterative",
    .about = "Echo server: one client at a time.",
    .max_clients = 1,
};

static void welcome(int listener)
{
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (!net_admit(client, listener))
        return; /* nobody came, or there is no room: it was closed */
    echo_blocking(client); /* recv(), send(), until its stream ends */
    net_close(client);
}

static void serve(const struct listeners *listeners)
{
    while (!stop_asked()) /* until SIGTERM, which ends accept4() */
        welcome(listeners->fds[0]);
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_wait(); /* for those still here; the exit status */
}
