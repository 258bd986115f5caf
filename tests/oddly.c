/*
 * oddly: starts a program in odd surroundings, which outlast exec().
 *
 *   oddly --old-kernel COMMAND   calls that Linux 5.0 does not have, and
 *                                io_uring, fail: Function not implemented
 *   oddly --alarms COMMAND       SIGALRM comes every 10 ms
 */
#include "common/options.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

/* Jumps over `skip` more of these lines to the filter's end: fail. */
#define FAILS(call, skip) \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, (skip) + 1, 0)

static void forget_new_calls(void)
{
    struct sock_filter lines[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 offsetof(struct seccomp_data, nr)),
        FAILS(close_range, 3),    /* since 5.9 */
        FAILS(epoll_pwait2, 2),   /* since 5.11 */
        FAILS(pidfd_open, 1),     /* since 5.3 */
        FAILS(io_uring_setup, 0), /* since 5.1; often forbidden */
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    };
    const struct sock_fprog filter = {sizeof(lines) / sizeof(lines[0]),
                                      lines};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == -1)
        fatal_errno("oddly", "no filter for system calls");
}

static void send_alarms(void)
{
    const struct timeval every = {.tv_usec = 10000};
    const struct itimerval timer = {every, every};

    signal(SIGALRM, SIG_IGN); /* until the program has its own handler */
    if (setitimer(ITIMER_REAL, &timer, NULL) == -1)
        fatal_errno("oddly", "no timer");
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "--old-kernel") == 0) {
        forget_new_calls();
    } else if (argc > 2 && strcmp(argv[1], "--alarms") == 0) {
        send_alarms();
    } else {
        fprintf(stderr, "oddly: accepted are --old-kernel and --alarms, "
                        "and a command\n");
        return EXIT_USAGE;
    }
    execvp(argv[2], argv + 2);
    fatal_errno("oddly", "%s", argv[2]);
}
