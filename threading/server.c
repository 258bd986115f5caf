/*
 * threading: one pthread per client.
 *
 * Waits in     accept() in the main thread, recv() and send() in each other
 * A client is  a thread
 * Stops at     the thread limit
 * Chapter      docs/3-threading.md
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>

#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"

static const struct model model = {
    .name = "threading",
    .about = "Echo server: one pthread per client.",
    .max_clients = 4096,
};

/* The default of 8 MiB for each would use up the address space first. */
enum { STACK_BYTES = 256 * 1024 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t one_left = PTHREAD_COND_INITIALIZER;
static int talking;         /* threads with a client; guarded by lock */
static pthread_attr_t attr; /* of each thread; written before the first */

/* The life of a thread. */
static void *talk(void *arg)
{
    int client = (int)(intptr_t)arg; /* by value: its own, not shared */

    echo_blocking(client);
    net_close(client);
    pthread_mutex_lock(&lock);
    talking--;
    pthread_cond_signal(&one_left);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static void welcome(int listener)
{
    int client = net_accept(listener);
    if (client == -1)
        return;
    pthread_t thread;
    pthread_mutex_lock(&lock);
    int error = pthread_create(&thread, &attr, talk,
                               (void *)(intptr_t)client);
    if (error == 0)
        talking++;
    pthread_mutex_unlock(&lock);
    if (error != 0) {
        errno = error;
        net_turn_away(client, "pthread_create");
    }
}

/* When a stop was asked for: the main thread is the last to leave. */
static void wait_for_all(void)
{
    pthread_mutex_lock(&lock);
    while (talking > 0)
        pthread_cond_wait(&one_left, &lock);
    pthread_mutex_unlock(&lock);
}

static void serve(const struct listeners *listeners)
{
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    while (!stop_asked())
        welcome(listeners->fds[0]);
    wait_for_all();
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_status();
}
