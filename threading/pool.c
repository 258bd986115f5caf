/*
 * threading/pool: a fixed number of pthreads, newcomers queue for them.
 *
 * Waits in     accept4() in the main thread, recv(), send() in each other
 * A client is  a turn in the life of a thread
 * Stops at     the number of threads: further clients wait in the queue
 * Differs by   pthread_cond_wait(), pthread_create() before accept4()
 * Chapter      docs/7-further.md
 */
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>

#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"

enum { MOST = 4096 }; /* threads, and places in the queue */

static long nthreads = 128;
static long places = 128; /* in the queue */

static const struct option_number numbers[] = {
    {"threads", "N", "talk to N clients at a time (default 128)", 1, MOST,
     &nthreads},
    {"queue", "N", "let N more wait for a thread (default 128)", 1, MOST,
     &places},
    {0},
};

static const struct model model = {
    .name = "threading/pool",
    .about = "Echo server: a fixed number of pthreads, made beforehand.",
    .max_clients = 4096,
    .numbers = numbers,
};

/* The default, 8 MiB, is 32 GiB of address space for 4096 threads. */
enum { STACK_BYTES = 256 * 1024 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t one_came = PTHREAD_COND_INITIALIZER;
static pthread_cond_t one_taken = PTHREAD_COND_INITIALIZER;
static int queue[MOST];     /* a ring of places; guarded by lock */
static long first, waiting; /* in the queue; guarded by lock */

/* The next client of the queue. */
static int take(void)
{
    pthread_mutex_lock(&lock);
    while (waiting == 0)
        pthread_cond_wait(&one_came, &lock);
    int client = queue[first];
    first = (first + 1) % places;
    waiting--;
    pthread_mutex_unlock(&lock);
    pthread_cond_signal(&one_taken);
    return client;
}

/* The life of a thread. */
static _Noreturn void *talk(void *arg)
{
    (void)arg;
    for (;;) {
        int client = take();
        echo_blocking(client); /* recv(), send(), until its stream ends */
        net_close(client);
    }
}

/* No client is accepted that the queue has no place for. */
static void wait_for_place(void)
{
    pthread_mutex_lock(&lock);
    while (waiting == places)
        pthread_cond_wait(&one_taken, &lock);
    pthread_mutex_unlock(&lock);
}

static void welcome(int listener)
{
    wait_for_place();
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (!net_admit(client, listener))
        return; /* nobody came, or there is no room: it was closed */
    pthread_mutex_lock(&lock);
    queue[(first + waiting) % places] = client;
    waiting++;
    pthread_mutex_unlock(&lock);
    pthread_cond_signal(&one_came); /* it wakes one thread in take() */
}

/* If the system allows fewer threads, the server works with those. */
static void make_threads(void)
{
    pthread_attr_t attr;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    for (long made = 0; made < nthreads; made++) {
        pthread_t thread;
        int error = pthread_create(&thread, &attr, talk, NULL);
        if (error != 0 && made == 0) {
            errno = error; /* which pthread_create() does not set */
            fatal_errno(model.name, "pthread_create");
        }
        if (error != 0)
            return;
    }
}

static void serve(const struct listeners *listeners)
{
    make_threads();
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
