/*
 * threading: one pthread per client.
 *
 * Waits in     accept4() in the main thread, recv(), send() in each other
 * A client is  a thread
 * Stops at     the thread limit
 * Differs by   pthread_create()
 * Chapter      docs/3-threading.md
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"

static const struct model model = {
    .name = "threading",
    .about = "Echo server: one pthread per client.",
    .max_clients = 4096,
};

/* The default, 8 MiB, is 32 GiB of address space for 4096 threads. */
enum { STACK_BYTES = 256 * 1024 };

static pthread_attr_t attr; /* of each thread */

/* The life of a thread. */
static void *talk(void *arg)
{
    int client = (int)(intptr_t)arg; /* by value: its own, not shared */

    echo_blocking(client); /* recv(), send(), until its stream ends */
    net_close(client);
    return NULL;
}

static void welcome(int listener)
{
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (!net_admit(client, listener))
        return; /* nobody came, or there is no room: it was closed */
    pthread_t thread;
    int error = pthread_create(&thread, &attr, talk,
                               (void *)(intptr_t)client);
    if (error != 0) {
        errno = error; /* which pthread_create() does not set */
        net_turn_away(client, "pthread_create");
    }
}

static void serve(const struct listeners *listeners)
{
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
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
