/*
 * What the kernel tells about servers that we started: sockets, processes,
 * threads, and the system call that each is blocked in at this moment.
 * Nothing is asked of the servers, and nothing needs privilege:
 *
 *   /proc/net/tcp{,6}            a listener's row: its accept queue; a
 *                                connection's: its unread bytes, and the
 *                                inode 0 until it is accepted
 *   /proc/PID/task/TID/children  the process tree
 *   /proc/PID/task/TID/syscall   number and arguments of the call
 *   /proc/PID/fd/N, fdinfo/N     which socket is descriptor N; what an
 *                                epoll descriptor watches
 *
 * select() and poll() get their sets in memory: process_vm_readv() reads
 * them there, with the same right as /proc/PID/task/TID/syscall. x86 and
 * ARM alike.
 *
 * A sample is not a snapshot: a server runs on while it is taken.
 */
#ifndef DEMO_OBSERVE_H
#define DEMO_OBSERVE_H

#include "demo/clients.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    OBSERVE_CALL = 64,  /* bytes of a call's text */
    OBSERVE_TASKS = 48, /* tasks whose call is looked at; more are counted */
};

/* A row of /proc/net/tcp. Ports in host order. */
struct observe_row {
    uint16_t local, remote;
    unsigned state;  /* TCP_ESTABLISHED, TCP_LISTEN ... (netinet/tcp.h) */
    uint32_t unread; /* bytes; of a listener, connections in its queue */
    uint64_t inode;  /* 0: no process has it yet, or any more */
    uint32_t next;   /* 1 + the next row with the same remote; 0: none */
};

/* Who is at the other end of a row: how names get into a call's text. */
struct observe_name {
    uint16_t local;  /* the server's port */
    uint16_t remote; /* the client's port; 0: the listener on local */
    char text[16];   /* "client A", "listener" */
};

/* One sample's sockets, all servers together. Begin with zeroes. */
struct observe_sockets {
    struct observe_row *rows; /* n, by inode; owned */
    size_t n, capacity;
    uint32_t by_remote[UINT16_MAX + 1]; /* 1 + the first such row; 0: none */
    struct observe_name *names; /* nnames, sorted by observe_sort_names() */
    size_t nnames;              /* borrowed */
};

struct observe_task {
    pid_t pid, tid;
    bool running; /* on a processor or waiting for one */
    char call[OBSERVE_CALL]; /* "recv(client A)"; "running" */
};

/* A server at one moment. */
struct observation {
    size_t processes; /* without zombies */
    size_t tasks;     /* their threads; a process has at least one */
    size_t zombies;
    bool running;     /* is any task running? */
    unsigned queue;   /* connections in the accept queues */
    struct observe_task shown[OBSERVE_TASKS];
    size_t nshown;    /* parents before their children */
};

/*
 * Reads a line of /proc/net/tcp or tcp6.
 *
 * Returns  0, or -1: the heading, or no such line.
 */
int observe_read_row(const char *line, struct observe_row *row);

/*
 * Reads all rows with one of these local ports.
 *
 * Returns  0, or -1 with errno: no memory, no /proc.
 */
int observe_read_sockets(struct observe_sockets *sockets,
                         const uint16_t *ports, size_t nports);

/* Puts names in the order in which they are looked up. */
void observe_sort_names(struct observe_name *names, size_t n);

/* The name of this row's other end; NULL when nobody knows. */
const char *observe_find_name(const struct observe_sockets *sockets,
                              uint16_t local, uint16_t remote);

/*
 * Writes down what a task does.
 *
 * line     the contents of its `syscall` file: "0 0x5 ...", "running"
 * task     pid and tid are set; receives the rest
 */
void observe_describe(const char *line, const struct observe_sockets *sockets,
                      struct observe_task *task);

/*
 * Looks at a server: its process and all that descend from it, or are our
 * own children in its process group (orphans, see PR_SET_CHILD_SUBREAPER).
 *
 * ports    of the server, n
 */
void observe_server(struct observation *now, pid_t server,
                    const uint16_t *ports, size_t n,
                    const struct observe_sockets *sockets);

/* Notes in a client's connections what the sockets' rows say of them. */
void observe_client(struct client *client,
                    const struct observe_sockets *sockets);

void observe_free(struct observe_sockets *sockets);

/* Our own children and orphans' orphans: at most n. Returns how many. */
size_t observe_children(pid_t *pids, size_t n);

#endif
