/*
 * without: runs a program as on a kernel, or in a container, that lacks
 * some system calls: they fail with ENOSYS (by seccomp). It is for the
 * tests of old kernels.
 *
 * without CALL,CALL... COMMAND...
 */
#include "common/options.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char name[] = "without";

static const struct {
    const char *name;
    long number;
} calls[] = {
    {"accept4", SYS_accept4},
    {"close_range", SYS_close_range},
    {"epoll_pwait2", SYS_epoll_pwait2},
    {"execveat", SYS_execveat},
    {"getrandom", SYS_getrandom},
    {"io_uring_enter", SYS_io_uring_enter},
    {"io_uring_register", SYS_io_uring_register},
    {"io_uring_setup", SYS_io_uring_setup},
    {"memfd_create", SYS_memfd_create},
    {"pidfd_open", SYS_pidfd_open},
    {"timerfd_create", SYS_timerfd_create},
};
enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

static long find(const char *call)
{
    for (size_t i = 0; i < CALLS; i++)
        if (strcmp(calls[i].name, call) == 0)
            return calls[i].number;
    fprintf(stderr, "%s: %s: these can be taken away:", name, call);
    for (size_t i = 0; i < CALLS; i++)
        fprintf(stderr, " %s", calls[i].name);
    fputc('\n', stderr);
    exit(EXIT_USAGE);
}

/* Numbers are those of this machine's own system calls: a program that
 * makes another's (32 bit) is not kept from them. */
static void take_away(char *list)
{
    struct sock_filter filter[2 * CALLS + 2];
    size_t n = 0;
    char *rest;

    filter[n++] = (struct sock_filter)BPF_STMT(
        BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (char *call = strtok_r(list, ",", &rest);
         call != NULL && n < 2 * CALLS; call = strtok_r(NULL, ",", &rest)) {
        filter[n++] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, (unsigned)find(call), 0, 1);
        filter[n++] = (struct sock_filter)BPF_STMT(
            BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
    }
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
                                               SECCOMP_RET_ALLOW);
    const struct sock_fprog program = {.len = (unsigned short)n,
                                       .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1)
        fatal_errno(name, "seccomp");
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "Usage: without CALL,CALL... COMMAND...\n");
        return EXIT_USAGE;
    }
    take_away(argv[1]);
    execvp(argv[2], argv + 2);
    fatal_errno(name, "%s", argv[2]);
}
