#include "common/lab/port.h"

#include "common/connect.h"
#include "common/lab/proc.h"
#include "common/lab/tcp.h"

#include <ctype.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS = 1024, PATH = 300, NAME = 32 };

/* The listeners on a port, and after choose(), those of a connection. */
struct listeners_on {
    uint16_t port;
    size_t n;
    struct tcp_row rows[ROWS];
    bool found[ROWS]; /* among the descriptors of a process */
};

static int take(const struct tcp_row *row, void *context)
{
    struct listeners_on *all = context;

    if (row->state == TCP_LISTEN && row->local == all->port &&
        all->n < ROWS)
        all->rows[all->n++] = *row;
    return 0;
}

/* Returns 0, or -1: this machine does not say. */
static int ask(struct listeners_on *all)
{
    int diag = tcp_open();
    int result = diag == -1 ? -1 : tcp_ask_listeners(diag, take, all);

    if (diag != -1)
        close(diag);
    if (result == 0)
        return 0;
    all->n = 0;
    return tcp_read_table(take, all);
}

static bool is_any(const struct tcp_row *row)
{
    static const uint8_t zero[16];

    return memcmp(row->address, zero, sizeof(zero)) == 0;
}

static bool is_at(const struct tcp_row *row, const struct sockaddr *address)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;

    if (row->family != address->sa_family)
        return false;
    return row->family == AF_INET
               ? memcmp(row->address, &in->sin_addr, 4) == 0
               : memcmp(row->address, &in6->sin6_addr, 16) == 0;
}

/* How near a listener is to an address: a connection goes to the nearest.
 * 0: none goes there. */
static int nearness(const struct tcp_row *row,
                    const struct addrinfo *addresses)
{
    int nearest = 0;

    for (const struct addrinfo *a = addresses; a; a = a->ai_next) {
        int near = 0;
        if (is_at(row, a->ai_addr))
            near = 3;
        else if (is_any(row) && row->family == a->ai_family)
            near = 2;
        else if (is_any(row) && row->family == AF_INET6)
            near = 1; /* [::] takes IPv4, too */
        if (near > nearest)
            nearest = near;
    }
    return nearest;
}

/* Leaves the rows that a connection to one of the addresses would reach.
 * Returns  whether they are at that very address. */
static bool choose(struct listeners_on *all,
                   const struct addrinfo *addresses)
{
    int nearest = 1;
    size_t n = 0;

    for (size_t i = 0; i < all->n; i++) {
        int near = nearness(&all->rows[i], addresses);
        if (near > nearest)
            n = 0;
        if (near < nearest)
            continue;
        nearest = near;
        all->rows[n++] = all->rows[i];
    }
    all->n = n;
    return nearest == 3;
}

/* The inode of "socket:[4711]"; 0: something else. */
static uint64_t inode_of(const char *path)
{
    char link[64];
    ssize_t n = readlink(path, link, sizeof(link) - 1);
    unsigned long long inode;

    if (n <= 0)
        return 0;
    link[n] = '\0';
    return sscanf(link, "socket:[%llu]", &inode) == 1 ? inode : 0;
}

/* Finds the rows that a process has. Returns how many are new. */
static size_t find(struct listeners_on *all, pid_t pid)
{
    char path[PATH];
    struct dirent *entry;
    size_t n = 0;

    snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    DIR *fds = opendir(path);
    while (fds != NULL && (entry = readdir(fds)) != NULL) {
        snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, entry->d_name);
        uint64_t inode = inode_of(path);
        for (size_t i = 0; inode != 0 && i < all->n; i++)
            if (all->rows[i].inode == inode && !all->found[i]) {
                all->found[i] = true;
                n++;
            }
    }
    if (fds != NULL)
        closedir(fds);
    return n;
}

static size_t find_in_tree(struct listeners_on *all, pid_t root)
{
    struct proc_tree tree;
    size_t n = find(all, root);

    if (n == all->n || proc_find(root, &tree) == -1)
        return n;
    for (size_t i = 0; i < tree.n; i++)
        n += find(all, tree.pids[i]);
    proc_forget(&tree);
    return n;
}

static void describe(pid_t pid, char *holder, size_t size)
{
    char path[PATH], name[NAME] = "?";

    snprintf(path, sizeof(path), "/proc/%d/comm", pid);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fgets(name, sizeof(name), file) == NULL)
            name[0] = '\0';
        fclose(file);
    }
    name[strcspn(name, "\n")] = '\0';
    for (char *c = name; *c != '\0'; c++)
        if (!isprint((unsigned char)*c))
            *c = '?';
    snprintf(holder, size, "%s (pid %d)", name, pid);
}

/*
 * Looks for the rows that the tree does not have among the descriptors of
 * all other processes.
 *
 * holder   receives the first of these that has one, but not the mark
 * Returns  how many rows those have that have the mark.
 */
static size_t find_elsewhere(struct listeners_on *all, const char *mark,
                             char *holder, size_t size)
{
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    size_t ours = 0;

    while (processes != NULL && (entry = readdir(processes)) != NULL) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        size_t n = pid > 0 ? find(all, pid) : 0;
        if (n > 0 && proc_has_variable(pid, mark))
            ours += n;
        else if (n > 0 && holder[0] == '\0')
            describe(pid, holder, size);
    }
    if (processes != NULL)
        closedir(processes);
    return ours;
}

/* A listener without a descriptor: io_uring keeps such for itself. */
static bool is_hidden_ours(const struct listeners_on *all, pid_t root)
{
    char path[PATH];
    struct stat owner;

    snprintf(path, sizeof(path), "/proc/%d", root);
    return stat(path, &owner) == 0 && all->rows[0].user == owner.st_uid;
}

static enum port_owner judge(struct listeners_on *all, bool exact,
                             pid_t root, const char *mark, char *holder,
                             size_t size)
{
    if (all->n == 0)
        return PORT_NOBODYS;
    size_t ours = find_in_tree(all, root);
    if (ours < all->n)
        ours += find_elsewhere(all, mark, holder, size);
    if (ours == all->n)
        return exact ? PORT_OURS : PORT_WIDER;
    if (ours > 0)
        return PORT_SHARED;
    return holder[0] == '\0' && is_hidden_ours(all, root) ? PORT_UNKNOWN
                                                          : PORT_OTHERS;
}

enum port_owner port_owner(const char *host, uint16_t port, pid_t root,
                           const char *mark, char *holder, size_t size)
{
    struct listeners_on *all = calloc(1, sizeof(*all));
    struct addrinfo *addresses;
    enum port_owner owner = PORT_UNKNOWN;

    holder[0] = '\0';
    if (all == NULL || connect_resolve(host, port, &addresses) != NULL) {
        free(all);
        return PORT_UNKNOWN;
    }
    all->port = port;
    /* Without /proc no descriptor shows, and nobody is to be accused. */
    if (access("/proc/self/fd", R_OK) == 0 && ask(all) == 0) {
        bool exact = choose(all, addresses);
        owner = judge(all, exact, root, mark, holder, size);
    }
    freeaddrinfo(addresses);
    free(all);
    return owner;
}
