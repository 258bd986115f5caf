/*
 * What the servers that we started do at this moment: their processes and
 * threads, and the system call that each is blocked in. Nothing is asked of
 * the servers, and for our own children nothing needs privilege:
 *
 *   /proc/PID/task/TID/children  the process tree
 *   /proc/PID/task/TID/syscall   number and arguments of the call
 *   /proc/PID/fd/N, fdinfo/N     which socket is descriptor N; what an
 *                                epoll descriptor watches
 *
 * select() and poll() get their sets in memory: process_vm_readv() reads
 * them there, with the same right as /proc/PID/task/TID/syscall.
 *
 * A sample is not a snapshot: a server runs on while it is taken.
 */
#ifndef DEMO_OBSERVE_H
#define DEMO_OBSERVE_H

#include "demo/sockets.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    OBSERVE_CALL = 64,   /* bytes of a call's text */
    OBSERVE_TASKS = 256, /* tasks that are looked at; all are counted */
};

struct observe_task {
    pid_t pid, tid;
    bool running;            /* on a processor or waiting for one */
    char call[OBSERVE_CALL]; /* "recv(client A)"; "running" */
};

/* A server at one moment. */
struct observation {
    size_t processes; /* without zombies */
    size_t tasks;     /* their threads; a process has at least one */
    size_t zombies;
    bool running;   /* is any task running? */
    unsigned queue; /* connections in the accept queues */
    struct observe_task shown[OBSERVE_TASKS];
    size_t nshown; /* parents before their children */
};

/*
 * Writes down what a task does.
 *
 * line     the contents of its `syscall` file: "0 0x5 ...", "running"
 * task     pid and tid are set; receives the rest
 */
void observe_describe(const char *line, const struct sockets *sockets,
                      struct observe_task *task);

/*
 * Looks at a server: its process and all that descend from it, or are our
 * own children in its process group (orphans, see PR_SET_CHILD_SUBREAPER).
 *
 * ports    of the server, n
 */
void observe_server(struct observation *now, pid_t server,
                    const uint16_t *ports, size_t n,
                    const struct sockets *sockets);

/*
 * How many of the tasks shown are blocked in the same call as this one.
 *
 * task     an index below nshown
 * Returns  1 or more at the first of them; 0 at the others.
 */
size_t observe_count_same(const struct observation *now, size_t task);

/* Notes in a client's connections what the sockets' rows say of them. */
void observe_client(struct client *client, const struct sockets *sockets);

/* Our own children and orphans' orphans: at most n. Returns how many. */
size_t observe_children(pid_t *pids, size_t n);

#endif
