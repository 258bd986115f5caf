/*
 * forking/prefork: the child processes are there before the clients.
 *
 * Waits in     waitpid() in the parent, accept4(), recv() and send() in
 *              each child
 * A client is  a turn in the life of a process
 * Stops at     the number of children: further clients wait in the queue
 * Differs by   fork() before accept4(), waitpid() in the loop
 * Chapter      docs/7-further.md
 */
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/children.h"
#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"

static const struct model model = {
    .name = "forking/prefork",
    .about = "Echo server: --max-clients child processes, made beforehand.",
    .max_clients = 128,
};

static void welcome(int listener)
{
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (!net_admit(client, listener))
        return; /* nobody came, or there is no room: it was closed */
    echo_blocking(client); /* recv(), send(), until its stream ends */
    net_close(client);
}

/* A child is an iterative server. Returns false when there can't be one. */
static bool make_child(int listener)
{
    pid_t pid = fork();
    if (pid == 0) {
        while (!stop_asked()) /* until SIGTERM, which ends accept4() */
            welcome(listener);
        _exit(stop_status()); /* 1: a client was cut off by a stop */
    }
    if (pid == -1 && children_count() == 0)
        fatal_errno(model.name, "fork");
    if (pid != -1)
        children_add(pid); /* counts as a client; gets SIGTERM, too */
    return pid != -1;
}

/* Where a child crashed or was killed, serve() makes another one. */
static void reap(int options)
{
    int status;
    pid_t pid = waitpid(-1, &status, options);

    if (pid > 0)
        children_remove(pid, status);
}

static void serve(const struct listeners *listeners)
{
    while (children_count() + children_wanted() > 0) { /* until SIGTERM */
        while (children_wanted() > 0 && make_child(listeners->fds[0]))
            ;
        bool all = children_wanted() == 0;
        reap(all ? 0 : WNOHANG);
        if (!all)
            sleep(1); /* fork() failed: it is tried again */
    }
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_wait(); /* for those still here; the exit status */
}
