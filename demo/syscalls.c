#include "demo/syscalls.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum argument { NOTHING, DESCRIPTOR, EPOLL, SELECT, POLL };

/*
 * The calls that a server waits in. The names are those of the functions in
 * a program's text: glibc's select() makes the call pselect6, recv() makes
 * recvfrom. A kernel lacks some of the old ones, so #ifdef.
 */
static const struct {
    long number;
    const char *name;
    enum argument argument;
} calls[] = {
    {SYS_read, "read", DESCRIPTOR},
    {SYS_write, "write", DESCRIPTOR},
    {SYS_readv, "readv", DESCRIPTOR},
    {SYS_writev, "writev", DESCRIPTOR},
    {SYS_accept, "accept", DESCRIPTOR},
    {SYS_accept4, "accept", DESCRIPTOR},
    {SYS_recvfrom, "recv", DESCRIPTOR},
    {SYS_sendto, "send", DESCRIPTOR},
    {SYS_recvmsg, "recvmsg", DESCRIPTOR},
    {SYS_sendmsg, "sendmsg", DESCRIPTOR},
    {SYS_connect, "connect", DESCRIPTOR},
    {SYS_sendfile, "sendfile", DESCRIPTOR},
    {SYS_splice, "splice", DESCRIPTOR},
#ifdef SYS_epoll_wait
    {SYS_epoll_wait, "epoll_wait", EPOLL},
#endif
    {SYS_epoll_pwait, "epoll_wait", EPOLL},
    {SYS_epoll_pwait2, "epoll_wait", EPOLL},
#ifdef SYS_select
    {SYS_select, "select", SELECT},
#endif
    {SYS_pselect6, "select", SELECT},
#ifdef SYS_poll
    {SYS_poll, "poll", POLL},
#endif
    {SYS_ppoll, "poll", POLL},
    {SYS_io_uring_enter, "io_uring_enter", NOTHING},
    {SYS_futex, "futex", NOTHING},
    {SYS_nanosleep, "sleep", NOTHING},
    {SYS_clock_nanosleep, "sleep", NOTHING},
    {SYS_wait4, "waitpid", NOTHING},
    {SYS_waitid, "waitid", NOTHING},
    {SYS_rt_sigsuspend, "sigsuspend", NOTHING},
    {SYS_rt_sigtimedwait, "sigwait", NOTHING},
#ifdef SYS_pause
    {SYS_pause, "pause", NOTHING},
#endif
    {SYS_clone, "clone", NOTHING},
    {SYS_restart_syscall, "restarted call", NOTHING},
};

/* What a call that waits for several watches. */
struct crowd {
    size_t clients, listeners, others;
    char one[24]; /* the name of the last one */
};

static void count_inode(struct crowd *crowd, uint64_t inode,
                        const struct sockets *sockets)
{
    const struct sockets_row *row = inode == 0 ? NULL
                                               : sockets_find_inode(sockets,
                                                                    inode);
    bool listens = row != NULL && row->state == TCP_LISTEN;
    const char *name = row == NULL ? NULL : sockets_find_name(sockets, row);

    if (listens)
        crowd->listeners++;
    else if (name != NULL)
        crowd->clients++;
    else
        crowd->others++;
    if (name != NULL)
        snprintf(crowd->one, sizeof(crowd->one), "%s", name);
}

/* "socket:[4711]" -> 4711; else 0. */
static void count_descriptor(struct crowd *crowd, pid_t pid,
                             unsigned long fd,
                             const struct sockets *sockets)
{
    char path[64];
    char target[OBSERVE_CALL];
    unsigned long long inode = 0;

    snprintf(path, sizeof(path), "/proc/%d/fd/%lu", pid, fd);
    ssize_t n = readlink(path, target, sizeof(target) - 1);
    target[n > 0 ? n : 0] = '\0';
    if (strncmp(target, "socket:[", 8) == 0)
        inode = strtoull(target + 8, NULL, 10);
    target[strcspn(target, ":")] = '\0';
    snprintf(crowd->one, sizeof(crowd->one), "%.23s", target);
    count_inode(crowd, inode, sockets);
}

/* fdinfo has a line for each: "tfd: 7 events: 19 data: 7 pos:0 ino:1b2f" */
static void count_epoll(struct crowd *crowd, pid_t pid, unsigned long fd,
                        const struct sockets *sockets)
{
    char path[64];
    char line[256];

    snprintf(path, sizeof(path), "/proc/%d/fdinfo/%lu", pid, fd);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    while (fgets(line, sizeof(line), file) != NULL) {
        const char *inode = strstr(line, "ino:");
        if (strncmp(line, "tfd:", 4) == 0 && inode != NULL)
            count_inode(crowd, strtoull(inode + 4, NULL, 16), sockets);
    }
    fclose(file);
}

/* Returns how many bytes of the process's memory could be read. */
static size_t peek(pid_t pid, unsigned long address, void *to, size_t n)
{
    struct iovec here = {to, n};
    struct iovec there = {(void *)address, n};

    if (address == 0)
        return 0;
    ssize_t got = process_vm_readv(pid, &here, 1, &there, 1, 0);
    return got > 0 ? (size_t)got : 0;
}

static void count_select(struct crowd *crowd, pid_t pid,
                         const unsigned long args[6],
                         const struct sockets *sockets)
{
    unsigned long sets[2][FD_SETSIZE / 8 / sizeof(long)] = {{0}};
    size_t bits = 8 * sizeof(long);
    size_t n = args[0] < FD_SETSIZE ? args[0] : FD_SETSIZE;
    size_t bytes = (n + bits - 1) / bits * sizeof(long);

    peek(pid, args[1], sets[0], bytes); /* for reading */
    peek(pid, args[2], sets[1], bytes); /* for writing */
    for (size_t fd = 0; fd < n; fd++)
        if (((sets[0][fd / bits] | sets[1][fd / bits]) >> fd % bits & 1) !=
            0)
            count_descriptor(crowd, pid, fd, sockets);
}

static void count_poll(struct crowd *crowd, pid_t pid,
                       const unsigned long args[6],
                       const struct sockets *sockets)
{
    struct pollfd watched[1024];
    size_t n = args[1] < 1024 ? args[1] : 1024;

    n = peek(pid, args[0], watched, n * sizeof(watched[0])) /
        sizeof(watched[0]);
    for (size_t i = 0; i < n; i++)
        if (watched[i].fd >= 0)
            count_descriptor(crowd, pid, (unsigned long)watched[i].fd,
                             sockets);
}

static void add_count(char *text, size_t size, size_t count,
                      const char *what)
{
    size_t used = strlen(text);
    const char *plus = used > 0 ? " + " : "";

    if (count == 1)
        snprintf(text + used, size - used, "%s%s", plus, what);
    else if (count > 1)
        snprintf(text + used, size - used, "%s%zu %ss", plus, count, what);
}

/* "client A"; "3 clients + listener". */
static void name_crowd(char *text, size_t size, const struct crowd *crowd)
{
    text[0] = '\0';
    if (crowd->clients + crowd->listeners + crowd->others == 1) {
        snprintf(text, size, "%s", crowd->one);
        return;
    }
    if (crowd->clients == 1) /* with others: "1 client", not its name */
        snprintf(text, size, "1 client");
    else
        add_count(text, size, crowd->clients, "client");
    add_count(text, size, crowd->listeners, "listener");
    add_count(text, size, crowd->others, "other");
}

static void describe(char text[OBSERVE_CALL], size_t call, pid_t pid,
                     const unsigned long args[6],
                     const struct sockets *sockets)
{
    enum argument argument = calls[call].argument;
    struct crowd crowd = {0};
    char what[OBSERVE_CALL / 2] = "";
    char limit[24] = "";

    if (argument == DESCRIPTOR)
        count_descriptor(&crowd, pid, args[0], sockets);
    else if (argument == EPOLL)
        count_epoll(&crowd, pid, args[0], sockets);
    else if (argument == SELECT)
        count_select(&crowd, pid, args, sockets);
    else if (argument == POLL)
        count_poll(&crowd, pid, args, sockets);
    name_crowd(what, sizeof(what), &crowd);
#ifdef SYS_poll /* ppoll() has its time in memory */
    if (calls[call].number == SYS_poll && (int)args[2] >= 0)
        snprintf(limit, sizeof(limit), ", %d ms", (int)args[2]);
#endif
    snprintf(text, OBSERVE_CALL, "%s(%s%s)", calls[call].name, what, limit);
}

void syscalls_describe(char text[OBSERVE_CALL], pid_t pid, long number,
                       const unsigned long args[6],
                       const struct sockets *sockets)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (calls[i].number == number) {
            describe(text, i, pid, args, sockets);
            return;
        }
    snprintf(text, OBSERVE_CALL, "system call %ld", number);
}
