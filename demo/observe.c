#include "demo/observe.h"

#include "demo/syscalls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHILDREN = 4096, PATH = 64 };

/* A whole small file. Returns its length, or -1. */
static ssize_t read_file(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t more = 0;

    if (fd == -1)
        return -1;
    while (n < size - 1 && (more = read(fd, text + n, size - 1 - n)) > 0)
        n += (size_t)more;
    close(fd);
    text[n] = '\0';
    return more == -1 ? -1 : (ssize_t)n;
}

/* --- tasks ----------------------------------------------------------- */

void observe_describe(const char *line, const struct sockets *sockets,
                      struct observe_task *task)
{
    unsigned long args[6] = {0};
    char *rest;

    task->running = strncmp(line, "running", 7) == 0;
    if (task->running) {
        snprintf(task->call, sizeof(task->call), "running");
        return;
    }
    errno = 0;
    long number = strtol(line, &rest, 10);
    if (rest == line || number < 0) { /* -1: blocked, but in no call */
        snprintf(task->call, sizeof(task->call), "waiting in the kernel");
        return;
    }
    for (int i = 0; i < 6; i++)
        args[i] = strtoul(rest, &rest, 16);
    syscalls_describe(task->call, task->pid, number, args, sockets);
}

/* State of a process (R, S, Z): after the name, which may be any text. */
static char read_state(pid_t pid)
{
    char path[PATH];
    char text[512];

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    if (read_file(path, text, sizeof(text)) <= 0)
        return '\0';
    const char *end = strrchr(text, ')');
    return (char)(end != NULL && end[1] == ' ' ? end[2] : '\0');
}

static void look_at_task(struct observation *now, pid_t pid, pid_t tid,
                         const struct sockets *sockets)
{
    char path[PATH];
    char line[256];

    now->tasks++;
    if (now->nshown == OBSERVE_TASKS)
        return;
    struct observe_task *task = &now->shown[now->nshown];
    task->pid = pid;
    task->tid = tid;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, tid);
    if (read_file(path, line, sizeof(line)) > 0) {
        observe_describe(line, sockets, task);
    } else if (errno == EPERM || errno == EACCES) {
        task->running = false;
        snprintf(task->call, sizeof(task->call), "(may not be looked at)");
    } else {
        now->tasks--; /* it has ended meanwhile */
        return;
    }
    now->running |= task->running;
    now->nshown++;
}

/* The list that a `children` file holds. Returns how many. */
static size_t read_children(const char *path, pid_t *pids, size_t n)
{
    static char text[65536];
    char *next = text;
    size_t found = 0;

    if (read_file(path, text, sizeof(text)) <= 0)
        return 0;
    while (found < n) {
        char *end;
        long pid = strtol(next, &end, 10);
        if (end == next)
            break;
        pids[found++] = (pid_t)pid;
        next = end;
    }
    return found;
}

size_t observe_children(pid_t *pids, size_t n)
{
    char path[PATH];

    snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
    return read_children(path, pids, n);
}

/* Processes that are still to be looked at. */
struct family {
    pid_t pids[CHILDREN];
    size_t n;
};

static void look_at_process(struct observation *now, pid_t pid,
                            struct family *family,
                            const struct sockets *sockets)
{
    char path[PATH];
    struct dirent *entry;

    if (read_state(pid) == 'Z') {
        now->zombies++;
        return;
    }
    snprintf(path, sizeof(path), "/proc/%d/task", pid);
    DIR *tasks = opendir(path);
    if (tasks == NULL)
        return;
    now->processes++;
    while ((entry = readdir(tasks)) != NULL) {
        pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (tid == 0)
            continue;
        look_at_task(now, pid, tid, sockets);
        snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, tid);
        family->n += read_children(path, family->pids + family->n,
                                   CHILDREN - family->n);
    }
    closedir(tasks);
}

static void add_orphans(struct family *family, pid_t server)
{
    pid_t *first = family->pids + family->n;
    size_t n = observe_children(first, CHILDREN - family->n);

    for (size_t i = 0; i < n; i++)
        if (first[i] != server && getpgid(first[i]) == server)
            family->pids[family->n++] = first[i];
}

void observe_server(struct observation *now, pid_t server,
                    const uint16_t *ports, size_t n,
                    const struct sockets *sockets)
{
    static struct family family; /* the demo has one thread */

    memset(now, 0, sizeof(*now));
    family.pids[0] = server;
    family.n = 1;
    add_orphans(&family, server);
    for (size_t i = 0; i < family.n; i++)
        look_at_process(now, family.pids[i], &family, sockets);
    for (size_t i = 0; i < sockets->n; i++) {
        const struct sockets_row *row = &sockets->rows[i];
        for (size_t k = 0; row->state == TCP_LISTEN && k < n; k++)
            now->queue += row->local == ports[k] ? row->unread : 0;
    }
}

size_t observe_count_same(const struct observation *now, size_t task)
{
    const char *call = now->shown[task].call;
    size_t same = 0;

    for (size_t i = 0; i < now->nshown; i++) {
        if (strcmp(now->shown[i].call, call) != 0)
            continue;
        if (i < task)
            return 0;
        same++;
    }
    return same;
}

/* --- clients --------------------------------------------------------- */

void observe_client(struct client *client, const struct sockets *sockets)
{
    for (size_t i = 0; i < client->n; i++) {
        struct connection *c = &client->connections[i];
        if (c->phase > CONNECTION_ENDING)
            continue;
        const struct sockets_row *row = sockets_find_connection(sockets, c);
        if (row == NULL)
            continue;
        c->seen = true;
        c->unread = row->unread;
        if (row->inode != 0)
            c->accepted = true;
    }
}
