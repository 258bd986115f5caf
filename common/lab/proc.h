/*
 * What a process tree and the machine have used so far, from /proc.
 *
 * A scan of /proc costs milliseconds, and 10 us more for a process of the
 * tree: not to be done while something is being timed.
 */
#ifndef COMMON_LAB_PROC_H
#define COMMON_LAB_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROC_PARENTS = 32 };

/* A process with all that descends from it or is in its process group. */
struct proc_tree {
    pid_t *pids;    /* root first; owned; free by proc_forget() */
    size_t n;       /* processes */
    unsigned tasks; /* threads of all of them together */
};

/*
 * Finds the tree in a scan of /proc.
 *
 * Returns  0; or -1 with errno: ESRCH when root does not run, ENOMEM, or
 *          why /proc can't be read.
 */
int proc_find(pid_t root, struct proc_tree *tree);
void proc_forget(struct proc_tree *tree);

/* Processes and threads that a user runs; 0 when /proc does not say. */
unsigned proc_count_tasks(uid_t user);

/* Was a process started with this in its environment: "NAME=value"? False,
 * too, for a process of another user. */
bool proc_has_variable(pid_t pid, const char *wanted);

/*
 * CPU time that the tree has used so far, in ns.
 *
 * The living are asked for their CPU clock. The dead are known by what
 * their parent adds up, in steps of 10 ms, when it waits for them; in a
 * tree of more than PROC_PARENTS processes, only the root is asked for
 * that, as it costs 20 us each. A process that came after proc_find() and
 * lives is not known.
 */
uint64_t proc_cpu_ns(const struct proc_tree *tree);

/* Context switches of all tasks that live. */
void proc_count_switches(const struct proc_tree *tree, uint64_t *voluntary,
                         uint64_t *involuntary);

/* What the scheduler says of all tasks that live, of /proc/PID/schedstat.
 */
struct proc_schedule {
    uint64_t ran_ns;    /* time on a processor */
    uint64_t waited_ns; /* time ready to run, while others ran */
};

void proc_read_schedule(const struct proc_tree *tree,
                        struct proc_schedule *schedule);

/*
 * Memory of the tree as PSS: a page that k processes share counts 1/k in
 * each. RSS would count the pages of a forked child again and again.
 *
 * Returns  KiB
 */
uint64_t proc_pss_kib(const struct proc_tree *tree);

/* The whole machine. */
struct proc_machine {
    uint64_t busy_ns;    /* CPU time of all programs on all cores */
    uint64_t steal_ns;   /* what the host took away */
    uint64_t wire_bytes; /* through the loopback device, headers counted */
};

/* Returns 0, or -1 when /proc says nothing readable. */
int proc_sample_machine(struct proc_machine *machine);

/* --- how lines of /proc are read; for the tests, too --------------- */

struct proc_stat {
    pid_t pid, parent, group;
    uint64_t user_ticks, system_ticks;             /* its own */
    uint64_t child_user_ticks, child_system_ticks; /* waited for */
    unsigned tasks;
};

/* A line of /proc/PID/stat. Returns 0, or -1: malformed. */
int proc_parse_stat(const char *line, struct proc_stat *stat);

/* The first line of /proc/stat, in ticks. Returns 0, or -1: malformed. */
int proc_parse_cpu(const char *line, uint64_t *busy, uint64_t *steal);

/*
 * Is this the line of /proc/net/dev about lo? Returns 0 with the bytes
 * received, or -1.
 */
int proc_parse_loopback(const char *line, uint64_t *bytes);

#endif
