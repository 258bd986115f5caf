/*
 * What /proc tells about a server: about all processes of its group, that
 * is, the server and whatever it forked.
 */
#ifndef TESTS_PROCESSES_H
#define TESTS_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct processes {
    size_t n;           /* processes, without zombies */
    size_t zombies;     /* dead, and nobody has waited for them */
    size_t stopped;     /* by SIGSTOP */
    size_t threads;     /* of all of them */
    size_t running;     /* threads that run, or would if they had a core */
    size_t descriptors; /* of all of them */
    size_t memory;   /* bytes of their own, in RAM; shared pages are not */
    uint64_t cpu_ns; /* CPU time of those that live now */
};

/* A look at the process group. What ends meanwhile is left out. */
struct processes processes_look(pid_t group);

/* Is there such a process, and no zombie? */
bool processes_run(pid_t pid);

/*
 * The processes of a group.
 *
 * inode    only those that have this socket open; 0: all of them
 * pids     receives at most max
 * Returns  how many.
 */
size_t processes_list(pid_t group, uint64_t inode, pid_t *pids, size_t max);

#endif
