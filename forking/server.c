/*
 * forking: one child process per client.
 *
 * Waits in     accept() in the parent, recv() and send() in each child
 * A client is  a process
 * Stops at     the process limit
 * Chapter      docs/2-forking.md
 */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

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
    pid_t pid;

    (void)signo;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
        stop_remove_child(pid);
    errno = saved_errno;
}

static void welcome(int listener)
{
    int client = net_accept(listener);
    if (client == -1)
        return;
    sigset_t before = stop_hold(); /* a child may die before it is noted */
    pid_t pid = fork();
    if (pid == 0) {
        stop_forget_family();
        stop_release(&before);
        close(listener); /* the parent listens, a child only talks */
        echo_blocking(client);
        _exit(0);
    }
    if (pid == -1) {
        net_turn_away(client, "fork");
    } else {
        stop_add_child(pid);
        net_close(client); /* or the connection would outlive the child */
    }
    stop_release(&before);
}

/* When a stop was asked for: the parent is the last to leave. */
static void wait_for_all(void)
{
    sigset_t before = stop_hold();

    while (stop_count() > 0)
        sigsuspend(&before);
    stop_release(&before);
}

static void serve(const struct listeners *listeners)
{
    struct sigaction act = {.sa_handler = reap, .sa_flags = SA_RESTART};

    sigfillset(&act.sa_mask); /* a stop must not meet a half-kept list */
    sigaction(SIGCHLD, &act, NULL);
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
