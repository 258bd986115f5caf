/* common/stop: who hears of a signal, and when all are gone. */
#include "common/stop.h"

#include "common/clock.h"
#include "tests/client.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(stop, .timeout = 60);

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

    cr_assert(stop_prepare(10, 60000) == 0);
    cr_assert(stop_add_listener(listener) == 0);
    cr_assert(!stop_asked() && !stop_done());
    raise(SIGTERM);
    cr_assert(stop_asked() && stop_done());
    cr_assert(accept(listener, NULL, NULL) == -1 && errno == EINVAL);
    cr_assert(stop_status() == 0);
}

Test(stop, a_listener_that_comes_after_the_signal_is_shut)
{
    int listener = open_listener();

    cr_assert(stop_prepare(10, 60000) == 0);
    raise(SIGTERM);
    cr_assert(stop_add_listener(listener) == 0);
    cr_assert(accept(listener, NULL, NULL) == -1 && errno == EINVAL);
}

Test(stop, a_client_s_data_is_read_to_its_end)
{
    char data[8];
    int ends[2];

    cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    cr_assert(stop_prepare(10, 60000) == 0);
    cr_assert(stop_add_client(ends[1]) == 1 && stop_count() == 1);
    cr_assert(send(ends[0], "abc", 3, 0) == 3);
    raise(SIGINT);
    cr_assert(stop_asked() && !stop_done(), "a client is left");
    cr_assert(recv(ends[1], data, sizeof(data), 0) == 3);
    cr_assert(recv(ends[1], data, sizeof(data), 0) == 0, "then the end");
    cr_assert(send(ends[1], "abc", 3, MSG_NOSIGNAL) == 3,
              "the reply still goes out");
    stop_remove_client(ends[1]);
    cr_assert(stop_done());
}

Test(stop, who_comes_after_the_signal_is_told_too)
{
    char byte;
    int ends[2];

    cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    cr_assert(stop_prepare(10, 60000) == 0);
    raise(SIGTERM);
    cr_assert(stop_add_client(ends[1]) == 1);
    cr_assert(recv(ends[1], &byte, 1, 0) == 0);
}

Test(stop, who_is_left_is_cut)
{
    char byte;
    int ends[2];

    cr_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    cr_assert(stop_prepare(10, 0) == 0);
    stop_add_client(ends[1]);
    cr_redirect_stderr();
    raise(SIGTERM);
    cr_assert(client_listen(ends[0], PATIENCE_MS) == CLIENT_CLOSED);
    cr_assert(recv(ends[0], &byte, 1, 0) == 0);
    cr_assert(stop_status() == 1);
    cr_assert_stderr_eq_str(
        "stop: cut 1 client that had not finished after "
        "0 ms\n");
}

Test(stop, a_client_is_forgotten_once)
{
    cr_assert(stop_prepare(10, 1000) == 0);
    cr_assert(stop_add_client(0) == 1 && stop_count() == 1);
    stop_remove_client(0);
    stop_remove_client(0);
    cr_assert(stop_count() == 0);
}

Test(stop, the_table_ends_at_the_descriptor_limit)
{
    const struct rlimit few = {64, 64};

    cr_assert(setrlimit(RLIMIT_NOFILE, &few) == 0);
    cr_assert(stop_prepare(10, 1000) == 0);
    cr_assert(stop_descriptors() == 64);
    cr_assert(stop_add_client(63) == 1);
    errno = 0;
    cr_assert(stop_add_client(64) == -1 && errno == EMFILE);
    cr_assert(stop_count() == 1);
    stop_remove_client(64); /* as net_accept() does, who closes it */
    cr_assert(stop_count() == 1);
}

/* As when a shell or a service manager starts it so: exec() keeps it. */
Test(stop, signals_held_from_the_start_are_let_through)
{
    stop_hold();
    cr_assert(stop_prepare(10, 60000) == 0);
    raise(SIGTERM);
    cr_assert(stop_asked());
}

/* A child that waits for signals. SIGTERM is taken as told. */
static pid_t start_child(void (*at_sigterm)(int), const sigset_t *release)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGTERM, at_sigterm);
    stop_release(release);
    for (;;)
        pause();
}

/* The signal that ended it. */
static int wait_for(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
        ; /* the drain's timer */
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

Test(stop, a_child_is_told_and_cut)
{
    cr_assert(stop_prepare(2, 100) == 0);
    sigset_t before = stop_hold();
    pid_t obeys = start_child(SIG_DFL, &before);
    pid_t ignores = start_child(SIG_IGN, &before);
    stop_add_child(obeys);
    stop_add_child(ignores);
    stop_release(&before);
    cr_assert(stop_count() == 2);
    raise(SIGTERM);
    cr_assert(wait_for(obeys) == SIGTERM);
    stop_remove_child(obeys);
    cr_assert(wait_for(ignores) == SIGKILL);
    stop_remove_child(ignores);
    cr_assert(stop_done());
    cr_redirect_stderr();
    cr_assert(stop_status() == 1);
}

/* The last of many children once had to wait for its turn while all the
 * others tried a listener that was shut, again and again: 10,000 of them
 * took five minutes to stop. */
Test(stop, children_are_told_before_their_listener_is_shut)
{
    enum { CHILDREN = 40 };
    int listener = open_listener();
    int in_vain = 0;

    cr_assert(stop_prepare(CHILDREN, 10000) == 0);
    cr_assert(stop_add_listener(listener) == 0);
    sigset_t before = stop_hold();
    for (int i = 0; i < CHILDREN; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            stop_forget_family();
            stop_share_listener(listener);
            stop_release(&before);
            while (!stop_asked())
                if (accept(listener, NULL, NULL) == -1 && !stop_asked())
                    _exit(1);
            _exit(0);
        }
        cr_assert(pid != -1);
        stop_add_child(pid);
    }
    stop_release(&before);
    clock_rest_ms(100); /* they come to wait; who does not can't fail */
    raise(SIGTERM);
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        cr_assert(wait(&status) != -1);
        in_vain += status != 0;
    }
    cr_assert(in_vain == 0, "%d children tried in vain", in_vain);
}
