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

/* --- sockets ------------------------------------------------------------ */

/* Jumps over blanks and one word. */
static const char *skip_word(const char *text)
{
    text += strspn(text, " ");
    return text + strcspn(text, " ");
}

/* The port of "0100007F:13BA": behind the colon, hexadecimal. */
static const char *read_port(const char *text, uint16_t *port)
{
    char *end;

    text += strspn(text, " ");
    text += strspn(text, "0123456789ABCDEF");
    if (*text != ':')
        return NULL;
    *port = (uint16_t)strtoul(text + 1, &end, 16);
    return end;
}

int observe_read_row(const char *line, struct observe_row *row)
{
    char *end;

    line = skip_word(line); /* "12:" */
    line = read_port(line, &row->local);
    if (line == NULL)
        return -1;
    line = read_port(line, &row->remote);
    if (line == NULL)
        return -1;
    row->state = (unsigned)strtoul(line, &end, 16);
    line = end + strcspn(end, ":"); /* tx_queue:rx_queue */
    if (*line != ':')
        return -1;
    row->unread = (uint32_t)strtoul(line + 1, &end, 16);
    line = end;
    for (int i = 0; i < 4; i++) /* timer, retransmissions, user, timeout */
        line = skip_word(line);
    row->inode = strtoull(line, &end, 10);
    return end == line ? -1 : 0;
}

static int add_row(struct observe_sockets *sockets,
                   const struct observe_row *row)
{
    if (sockets->n == sockets->capacity) {
        size_t capacity = sockets->capacity ? 2 * sockets->capacity : 64;
        struct observe_row *rows =
            realloc(sockets->rows, capacity * sizeof(*rows));
        if (rows == NULL)
            return -1;
        sockets->rows = rows;
        sockets->capacity = capacity;
    }
    sockets->rows[sockets->n++] = *row;
    return 0;
}

static bool is_wanted(const uint16_t *ports, size_t n, uint16_t port)
{
    for (size_t i = 0; i < n; i++)
        if (ports[i] == port)
            return true;
    return false;
}

/* As a stream: the file may hold every connection of a busy machine. */
static int read_table(struct observe_sockets *sockets, const char *path,
                      const uint16_t *ports, size_t nports)
{
    static char text[65536]; /* the demo has one thread */
    size_t left = 0;
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd == -1)
        return -1;
    while ((n = read(fd, text + left, sizeof(text) - 1 - left)) > 0) {
        char *line = text;
        char *newline;
        text[left + (size_t)n] = '\0';
        while ((newline = strchr(line, '\n')) != NULL) {
            struct observe_row row;
            *newline = '\0';
            if (observe_read_row(line, &row) == 0 &&
                is_wanted(ports, nports, row.local) &&
                add_row(sockets, &row) == -1)
                goto fail;
            line = newline + 1;
        }
        left = strlen(line);
        memmove(text, line, left);
    }
    close(fd);
    return n == -1 ? -1 : 0;

fail:
    close(fd);
    return -1;
}

static int by_inode(const void *a, const void *b)
{
    const struct observe_row *x = a;
    const struct observe_row *y = b;

    return (x->inode > y->inode) - (x->inode < y->inode);
}

int observe_read_sockets(struct observe_sockets *sockets,
                         const uint16_t *ports, size_t nports)
{
    for (size_t i = 0; i < sockets->n; i++)
        sockets->by_remote[sockets->rows[i].remote] = 0;
    sockets->n = 0;
    if (read_table(sockets, "/proc/net/tcp", ports, nports) == -1)
        return -1;
    /* A kernel without IPv6 has no such file. */
    if (read_table(sockets, "/proc/net/tcp6", ports, nports) == -1 &&
        errno != ENOENT)
        return -1;
    if (sockets->n > 0)
        qsort(sockets->rows, sockets->n, sizeof(*sockets->rows), by_inode);
    for (size_t i = 0; i < sockets->n; i++) {
        uint32_t *first = &sockets->by_remote[sockets->rows[i].remote];
        sockets->rows[i].next = *first;
        *first = (uint32_t)i + 1;
    }
    return 0;
}

static int by_ports(const void *a, const void *b)
{
    const struct observe_name *x = a;
    const struct observe_name *y = b;

    return x->local != y->local ? (int)x->local - (int)y->local
                                : (int)x->remote - (int)y->remote;
}

void observe_sort_names(struct observe_name *names, size_t n)
{
    if (n > 0)
        qsort(names, n, sizeof(*names), by_ports);
}

const char *observe_find_name(const struct observe_sockets *sockets,
                              uint16_t local, uint16_t remote)
{
    const struct observe_name key = {.local = local, .remote = remote};
    const struct observe_name *found = NULL;

    if (sockets->nnames > 0)
        found = bsearch(&key, sockets->names, sockets->nnames, sizeof(key),
                        by_ports);
    return found == NULL ? NULL : found->text;
}

void observe_free(struct observe_sockets *sockets)
{
    free(sockets->rows);
    memset(sockets, 0, sizeof(*sockets));
}

/* --- tasks -------------------------------------------------------------- */

void observe_describe(const char *line, const struct observe_sockets *sockets,
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

/* State of a process, R, S, Z ...: after the name, which may hold any text. */
static char read_state(pid_t pid)
{
    char path[PATH];
    char text[512];

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    if (read_file(path, text, sizeof(text)) <= 0)
        return '\0';
    const char *end = strrchr(text, ')');
    return end != NULL && end[1] == ' ' ? end[2] : '\0';
}

static void look_at_task(struct observation *now, pid_t pid, pid_t tid,
                         const struct observe_sockets *sockets)
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
                            const struct observe_sockets *sockets)
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
                    const struct observe_sockets *sockets)
{
    static struct family family; /* the demo has one thread */

    memset(now, 0, sizeof(*now));
    family.pids[0] = server;
    family.n = 1;
    add_orphans(&family, server);
    for (size_t i = 0; i < family.n; i++)
        look_at_process(now, family.pids[i], &family, sockets);
    for (size_t i = 0; i < sockets->n; i++) {
        const struct observe_row *row = &sockets->rows[i];
        if (row->state == TCP_LISTEN && is_wanted(ports, n, row->local))
            now->queue += row->unread;
    }
}

/* --- clients ------------------------------------------------------------ */

static const struct observe_row *find_row(
    const struct observe_sockets *sockets, const struct connection *c)
{
    uint32_t i = sockets->by_remote[c->port];

    while (i != 0 && sockets->rows[i - 1].local != c->server_port)
        i = sockets->rows[i - 1].next;
    return i == 0 ? NULL : &sockets->rows[i - 1];
}

void observe_client(struct client *client,
                    const struct observe_sockets *sockets)
{
    for (size_t i = 0; i < client->n; i++) {
        struct connection *c = &client->connections[i];
        if (c->phase > CONNECTION_ENDING)
            continue;
        const struct observe_row *row = find_row(sockets, c);
        if (row == NULL)
            continue;
        c->seen = true;
        c->unread = row->unread;
        if (row->inode != 0)
            c->accepted = true;
    }
}
