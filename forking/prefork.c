/*
 * forking/prefork: the child processes are there before the clients.
 *
 * Waits in     accept(), recv() and send() in each child
 * A client is  a turn in the life of a process
 * Stops at     the number of children: who comes then waits in the queue
 * Chapter      docs/2-forking.md
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/echo.h"
#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"

static const struct model model = {
    .name = "forking/prefork",
    .about = "Echo server: --max-clients child processes, made beforehand.",
    .max_clients = 128,
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

/* In a child, which is an iterative server. */
static void welcome(int listener)
{
    int client = net_accept(listener);
    if (client == -1)
        return;
    echo_blocking(client);
    net_close(client);
}

/* before: from stop_hold(), for the child to release. */
static pid_t make_child(int listener, const sigset_t *before)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        stop_forget_family();
        stop_share_listener(listener);
        prctl(PR_SET_PDEATHSIG, SIGTERM); /* no orphan keeps the port */
        if (getppid() != parent)
            _exit(0); /* it died before that */
        stop_release(before);
        while (!stop_asked())
            welcome(listener);
        _exit(0);
    }
    if (pid == -1 && stop_count() == 0)
        fatal_errno(model.name, "fork");
    if (pid != -1)
        stop_add_child(pid);
    return pid;
}

/* Children get lost, killed or crashed: others take their places. */
static void keep_children(int listener)
{
    const struct timespec a_second = {.tv_sec = 1};
    sigset_t before = stop_hold(); /* a child may die before it is noted */

    while (!stop_asked()) {
        while (stop_room() > 0 && make_child(listener, &before) != -1)
            ;
        /* Where fork() failed, it is tried again after a while. */
        ppoll(NULL, 0, stop_room() > 0 ? &a_second : NULL, &before);
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
    keep_children(listeners->fds[0]);
    wait_for_all();
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_status();
}
