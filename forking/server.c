/*
 * forking: one child process per client.
 *
 * Waits in     accept4() in the parent, recv() and send() in each child
 * A client is  a process
 * Stops at     the process limit
 * Differs by   fork(), waitpid() on SIGCHLD
 * Chapter      docs/2-forking.md
 */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/children.h"
#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"

static const struct model model = {
    .name = "forking",
    .about = "Echo server: one child process per client.",
    .max_clients = 4096,
};

/* On SIGCHLD: a child that nobody waits for would stay as a zombie. */
static void reap(int signo)
{
    int saved_errno = errno;
    int status;
    pid_t pid;

    (void)signo;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        children_remove(pid, status);
    errno = saved_errno;
}

static void welcome(int listener)
{
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (!net_admit(client, listener))
        return; /* nobody came, or there is no room: it was closed */
    pid_t pid = fork();
    if (pid == 0) {
        close(listener);       /* the parent listens, a child only talks */
        echo_blocking(client); /* recv(), send(), until its stream ends */
        net_close(client);
        _exit(stop_status()); /* 1: a client was cut off by a stop */
    }
    if (pid == -1) {
        net_turn_away(client, "fork");
        return;
    }
    children_add(pid); /* counts as a client; gets SIGTERM, too */
    net_close(client); /* or the connection would outlive the child */
}

static void serve(const struct listeners *listeners)
{
    struct sigaction act = {.sa_handler = reap, .sa_flags = SA_RESTART};

    sigfillset(&act.sa_mask); /* SIGTERM waits until the pid is removed */
    sigaction(SIGCHLD, &act, NULL);
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
