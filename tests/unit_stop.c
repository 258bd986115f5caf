/* common/stop and children: which processes get a signal, and when all are
 * gone. */
#include "common/stop.h"

#include "common/census.h"
#include "common/children.h"
#include "common/clock.h"
#include "common/idle.h"
#include "tests/client.h"
#include "tests/pair.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(stop, .timeout = 60);

static void prepare(long most, long drain_ms, bool echoes)
{
    const struct stop_plan plan = {most, drain_ms, echoes};

    cr_assert(stop_prepare(&plan) == 0);
}

static void add_client(int ends[2])
{
    cr_assert(pair_open(ends) == 0);
    cr_assert(census_enter(ends[HERE]) == 0);
}

static void leave(int client)
{
    census_leave(client);
    close(client);
}

/* What a server does with a client until its end of stream. */
static size_t echo_to_the_end(int client)
{
    size_t echoed = 0;
    char data[1000];
    ssize_t n;

    while ((n = recv(client, data, sizeof(data), 0)) > 0 ||
           (n == -1 && errno == EINTR))
        if (n > 0 && send(client, data, (size_t)n, MSG_NOSIGNAL) == n)
            echoed += (size_t)n;
    return echoed;
}

static int open_listener(void)
{
    const struct sockaddr_in any = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert(fd != -1);
    cr_assert(bind(fd, (const struct sockaddr *)&any, sizeof(any)) == 0);
    cr_assert(listen(fd, 5) == 0);
    return fd;
}

Test(stop, a_signal_ends_accept_whenever_it_comes)
{
    int listener = open_listener();

    prepare(10, 60000, true);
    cr_assert(stop_add_listener(listener) == 0);
    cr_assert(!stop_asked() && !stop_done());
    raise(SIGTERM);
    cr_assert(stop_asked() && stop_done());
    cr_assert(accept(listener, NULL, NULL) == -1 && errno == EINVAL);
    cr_assert(stop_wait() == 0);
}

/* The kernel has acknowledged what they have sent. */
Test(stop, clients_that_wait_in_the_queue_are_let_in_and_no_more_come)
{
    int listener = open_listener();
    struct sockaddr_in at = {0};
    socklen_t size = sizeof(at);
    const struct sockaddr *any = (const struct sockaddr *)&at;
    int first = socket(AF_INET, SOCK_STREAM, 0);
    int second = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    prepare(10, 60000, true);
    cr_assert(stop_add_listener(listener) == 0);
    cr_assert(getsockname(listener, (struct sockaddr *)&at, &size) == 0);
    cr_assert(connect(first, any, size) == 0);
    raise(SIGTERM);
    cr_assert(!stop_asked() && !stop_done());
    cr_assert(connect(second, any, size) == -1 && errno == EINPROGRESS);
    cr_assert(accept(listener, NULL, NULL) != -1);
    while (!stop_asked()) /* at the next round */
        pause();
    cr_assert(accept(listener, NULL, NULL) == -1 && errno == EINVAL);
}

Test(stop, what_the_queue_holds_is_cut_when_the_drain_is_over)
{
    int listener = open_listener();
    struct sockaddr_in at = {0};
    socklen_t size = sizeof(at);
    int client = socket(AF_INET, SOCK_STREAM, 0);

    prepare(10, 50, true);
    cr_assert(stop_add_listener(listener) == 0);
    cr_assert(getsockname(listener, (struct sockaddr *)&at, &size) == 0);
    cr_assert(connect(client, (struct sockaddr *)&at, size) == 0);
    raise(SIGTERM);
    while (!stop_asked())
        pause();
    cr_redirect_stderr();
    cr_assert(stop_wait() == 1);
    cr_assert_stderr_eq_str(
        "stop: cut 1 client that had not finished after 50 ms\n");
}

Test(stop, a_listener_that_comes_after_the_signal_is_shut)
{
    int listener = open_listener();

    prepare(10, 60000, true);
    raise(SIGTERM);
    cr_assert(stop_add_listener(listener) == 0);
    cr_assert(accept(listener, NULL, NULL) == -1 && errno == EINVAL);
}

/* The client sends once more than had arrived, and then reads. */
Test(stop, what_had_arrived_is_echoed_and_what_comes_later_resets_nothing)
{
    char data[1000] = "a";
    int ends[2];

    prepare(10, 60000, true);
    add_client(ends);
    cr_assert(send(ends[FAR], data, sizeof(data), 0) == sizeof(data));
    cr_assert(client_arrived(ends[FAR]) == NULL);
    raise(SIGINT);
    cr_assert(stop_asked() && !stop_done(), "a client is left");
    cr_assert(recv(ends[HERE], data, sizeof(data), 0) == sizeof(data));
    cr_assert(send(ends[HERE], data, sizeof(data), 0) == sizeof(data));
    while (send(ends[HERE], "x", 1, MSG_NOSIGNAL) == 1) /* until the end */
        cr_assert(recv(ends[FAR], data, 1, 0) == 1);
    cr_assert(errno == EPIPE);
    cr_assert(send(ends[FAR], "more", 4, 0) == 4);
    cr_assert(client_arrived(ends[FAR]) == NULL);
    cr_assert(send(ends[FAR], "more", 4, MSG_NOSIGNAL) == 4, "no reset");
    shutdown(ends[FAR], SHUT_WR);
    cr_assert(echo_to_the_end(ends[HERE]) == 0);
    leave(ends[HERE]);
    cr_assert(stop_done() && stop_wait() == 0);
}

Test(stop, an_idle_client_is_sent_the_end_and_let_go)
{
    int ends[2];

    prepare(10, 60000, true);
    add_client(ends);
    raise(SIGTERM);
    cr_assert(client_end(ends[FAR]) == NULL);
    cr_assert(echo_to_the_end(ends[HERE]) == 0, "though it does not close");
    leave(ends[HERE]);
    cr_assert(stop_wait() == 0);
}

Test(stop, a_client_that_comes_after_the_signal_is_sent_the_end)
{
    int ends[2];

    prepare(10, 60000, true);
    raise(SIGTERM);
    add_client(ends);
    cr_assert(client_end(ends[FAR]) == NULL);
}

/* A second may lie between two of those. */
Test(stop, its_rounds_are_not_put_off_by_those_for_idle_clients)
{
    struct itimerval next;

    prepare(10, 60000, true);
    idle_prepare(3600 * NS_PER_S);
    raise(SIGTERM);
    stop_look_for_idle();
    cr_assert(getitimer(ITIMER_REAL, &next) == 0);
    cr_assert(next.it_value.tv_sec == 0 && next.it_value.tv_usec <= 100000,
              "%d us", (int)next.it_value.tv_usec);
}

/* No echo server: what it owes, the kernel can't count. */
Test(stop, another_server_is_told_when_its_client_is_quiet)
{
    int ends[2];

    prepare(10, 60000, false);
    add_client(ends);
    cr_assert(send(ends[FAR], "ask", 3, 0) == 3);
    cr_assert(client_arrived(ends[FAR]) == NULL);
    raise(SIGTERM);
    cr_assert(echo_to_the_end(ends[HERE]) == 3);
    cr_assert(send(ends[HERE], "bye", 3, MSG_NOSIGNAL) == 3,
              "it can still answer");
}

/* alarm() before exec(), or kill -ALRM. */
Test(stop, a_foreign_SIGALRM_ends_no_drain)
{
    char data[10] = "a";
    int ends[2];

    prepare(10, 60000, true);
    add_client(ends);
    raise(SIGALRM);
    cr_assert(!stop_asked());
    cr_assert(send(ends[FAR], data, sizeof(data), 0) == sizeof(data));
    cr_assert(client_arrived(ends[FAR]) == NULL);
    raise(SIGTERM);
    raise(SIGALRM);
    raise(SIGALRM);
    cr_assert(!stop_over());
    cr_assert(recv(ends[HERE], data, sizeof(data), 0) == sizeof(data));
    cr_assert(send(ends[HERE], data, sizeof(data), 0) == sizeof(data));
}

Test(stop, a_client_that_is_left_is_cut)
{
    int ends[2];

    prepare(10, 100, true);
    add_client(ends);
    cr_assert(send(ends[FAR], "a", 1, 0) == 1);
    cr_assert(client_arrived(ends[FAR]) == NULL);
    cr_redirect_stderr();
    raise(SIGTERM);
    cr_assert(client_listen(ends[FAR], PATIENCE_MS) == CLIENT_CLOSED);
    cr_assert(stop_over() && stop_wait() == 1);
    cr_assert_stderr_eq_str(
        "stop: cut 1 client that had not finished after "
        "100 ms\n");
}

Test(stop, a_client_that_comes_when_the_drain_is_over_is_cut_too)
{
    int ends[2];

    prepare(10, 0, true);
    raise(SIGTERM);
    cr_assert(stop_over());
    add_client(ends);
    cr_assert(client_listen(ends[FAR], PATIENCE_MS) == CLIENT_CLOSED);
}

/* As when a shell or a service manager starts it so: exec() keeps it. */
Test(stop, signals_held_from_the_start_are_let_through)
{
    sigset_t all;

    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    prepare(10, 60000, true);
    raise(SIGTERM);
    cr_assert(stop_asked());
}

/* A child that waits for signals. SIGTERM is taken as told. */
static pid_t start_child(void (*at_sigterm)(int))
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTERM, at_sigterm);
    for (;;)
        pause();
}

/* Waits for its end; returns the signal that ended it. */
static int wait_for(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
        ; /* the rounds of the stop */
    children_remove(pid, status);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

Test(stop, a_child_is_told_and_cut)
{
    prepare(2, 100, true);
    pid_t ignores = start_child(SIG_IGN);
    children_add(ignores);
    cr_assert(children_count() == 1 && children_wanted() == 1);
    raise(SIGTERM);
    cr_assert(children_wanted() == 0);
    pid_t late = start_child(SIG_IGN);
    children_add(late);
    cr_assert(wait_for(ignores) == SIGKILL);
    cr_assert(wait_for(late) == SIGKILL, "told already when it came");
    cr_assert(stop_done());
    cr_redirect_stderr();
    cr_assert(stop_wait() == 1);
    cr_assert_stderr_eq_str(
        "stop: cut 2 clients that had not finished after "
        "100 ms\n");
}

/* The signal that cut it once came on the heels of the one that stopped
 * it: a child without a client counted as a client that was cut. */
Test(stop, a_child_without_a_client_is_not_cut_at_once)
{
    prepare(1, 0, true);
    sigset_t term, before;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &before); /* it is waiting, or not yet */
    pid_t pid = fork();
    if (pid == 0) {
        while (!stop_asked())
            sigsuspend(&before);
        _exit(stop_status());
    }
    children_add(pid);
    sigprocmask(SIG_SETMASK, &before, NULL);
    raise(SIGTERM);
    cr_assert(wait_for(pid) == 0);
    cr_assert(stop_wait() == 0);
}

/* Ctrl-C may reach the children first: they find the queue empty and go,
 * and a client comes. */
Test(stop, a_queue_that_no_child_is_left_for_gets_one)
{
    int listener = open_listener();
    struct sockaddr_in at = {0};
    socklen_t size = sizeof(at);
    int client = socket(AF_INET, SOCK_STREAM, 0);

    prepare(5, 60000, true);
    cr_assert(stop_add_listener(listener) == 0);
    cr_assert(getsockname(listener, (struct sockaddr *)&at, &size) == 0);
    cr_assert(connect(client, (struct sockaddr *)&at, size) == 0);
    raise(SIGTERM);
    cr_assert(children_wanted() == 1);
    cr_assert(accept(listener, NULL, NULL) != -1);
    cr_assert(children_wanted() == 0);
}

Test(stop, a_child_may_end_before_it_is_added)
{
    prepare(2, 100, true);
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    cr_assert(wait_for(pid) == 0);
    cr_assert(children_count() == 0);
    children_add(pid);
    cr_assert(children_count() == 0 && children_wanted() == 2);
    children_add(pid); /* the same number, a child later */
    cr_assert(children_count() == 1);
}

/* A child has a timer of its own: nobody is there to kill it. */
Test(stop, a_child_that_was_told_cuts_its_client)
{
    int ends[2];

    prepare(2, 200, true);
    add_client(ends);
    cr_assert(send(ends[FAR], "a", 1, 0) == 1);
    cr_assert(client_arrived(ends[FAR]) == NULL);
    pid_t pid = fork();
    if (pid == 0) {
        while (!stop_over())
            pause();
        leave(ends[HERE]);
        _exit(stop_status());
    }
    leave(ends[HERE]);
    kill(pid, SIGTERM);
    cr_assert(client_listen(ends[FAR], PATIENCE_MS) == CLIENT_CLOSED);
    int status = 0;
    cr_assert(waitpid(pid, &status, 0) == pid);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

/* The last of many children once had to wait for its turn while all the
 * others tried a listener that was shut, again and again: 10,000 of them
 * took five minutes to stop. */
Test(stop, children_are_told_before_their_listener_is_shut)
{
    enum { CHILDREN = 40 };
    int listener = open_listener();
    int in_vain = 0;

    prepare(CHILDREN, 10000, true);
    cr_assert(stop_add_listener(listener) == 0);
    for (int i = 0; i < CHILDREN; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            while (!stop_asked())
                if (accept(listener, NULL, NULL) == -1 && !stop_asked())
                    _exit(1);
            _exit(0);
        }
        cr_assert(pid != -1);
        children_add(pid);
    }
    clock_rest_ms(
        100); /* they come to wait; one that does not can't fail */
    raise(SIGTERM);
    for (int i = 0; i < CHILDREN; i++) {
        int status = 0;
        while (wait(&status) == -1)
            cr_assert(errno == EINTR);
        in_vain += status != 0;
    }
    cr_assert(in_vain == 0, "%d children tried in vain", in_vain);
}
