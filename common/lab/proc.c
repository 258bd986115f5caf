#include "common/lab/proc.h"

#include "common/clock.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH = 64, LINE = 1024 };

static uint64_t ticks_to_ns(uint64_t ticks)
{
    return ticks * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
}

int proc_parse_stat(const char *line, struct proc_stat *stat)
{
    /* The name stands in brackets and may hold brackets and blanks. */
    const char *rest = strrchr(line, ')');
    int pid, parent, group;

    if (rest == NULL || sscanf(line, "%d (", &pid) != 1 ||
        sscanf(rest,
               ") %*c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64
               " %" SCNu64 " %" SCNu64 " %" SCNu64 " %*d %*d %u",
               &parent, &group, &stat->user_ticks, &stat->system_ticks,
               &stat->child_user_ticks, &stat->child_system_ticks,
               &stat->tasks) != 7)
        return -1;
    stat->pid = pid;
    stat->parent = parent;
    stat->group = group;
    return 0;
}

int proc_parse_cpu(const char *line, uint64_t *busy, uint64_t *steal)
{
    uint64_t user, nice, system, irq, softirq;

    if (sscanf(line,
               "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %*u %*u %" SCNu64
               " %" SCNu64 " %" SCNu64,
               &user, &nice, &system, &irq, &softirq, steal) != 6)
        return -1;
    *busy = user + nice + system + irq + softirq;
    return 0;
}

int proc_parse_loopback(const char *line, uint64_t *bytes)
{
    return sscanf(line, " lo: %" SCNu64, bytes) == 1 ? 0 : -1;
}

/* A whole small file, or as much of it as fits. Returns 0 or -1. */
static int read_file(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return -1;
    size_t n = fread(text, 1, size - 1, file);
    fclose(file);
    text[n] = '\0';
    return n > 0 ? 0 : -1;
}

struct list {
    struct proc_stat *all;
    size_t n, room;
};

static int list_add(struct list *list, const struct proc_stat *stat)
{
    if (list->n == list->room) {
        size_t room = list->room ? list->room * 2 : 256;
        struct proc_stat *more = realloc(list->all, room * sizeof(*more));
        if (more == NULL)
            return -1;
        list->all = more;
        list->room = room;
    }
    list->all[list->n++] = *stat;
    return 0;
}

/* All processes of the system. Free list->all. */
static int read_all(struct list *list)
{
    DIR *directory = opendir("/proc");
    struct dirent *entry;
    struct proc_stat stat;
    char path[PATH];
    char line[LINE];

    *list = (struct list){0};
    if (directory == NULL)
        return -1;
    while ((entry = readdir(directory)) != NULL) {
        if (!isdigit((unsigned char)entry->d_name[0]))
            continue;
        snprintf(path, sizeof(path), "/proc/%.20s/stat", entry->d_name);
        if (read_file(path, line, sizeof(line)) == 0 &&
            proc_parse_stat(line, &stat) == 0 &&
            list_add(list, &stat) == -1)
            break;
    }
    closedir(directory);
    return 0;
}

static bool contains(const struct list *list, size_t n, pid_t pid)
{
    for (size_t i = 0; i < n; i++)
        if (list->all[i].pid == pid)
            return true;
    return false;
}

/*
 * Moves the tree's processes to the front of the list: the group, and then
 * every process that has its parent there, until there are no more.
 *
 * Returns  how many there are.
 */
static size_t select_tree(struct list *list, pid_t root)
{
    size_t n = 0;
    size_t before;

    do {
        before = n;
        for (size_t i = n; i < list->n; i++) {
            struct proc_stat one = list->all[i];
            if (one.pid != root && one.group != root &&
                !contains(list, n, one.parent))
                continue;
            list->all[i] = list->all[n];
            list->all[n++] = one;
        }
    } while (n > before);
    return n;
}

int proc_find(pid_t root, struct proc_tree *tree)
{
    struct list list;

    *tree = (struct proc_tree){0};
    if (read_all(&list) == -1)
        return -1;
    size_t n = select_tree(&list, root);
    errno = ESRCH;
    if (contains(&list, n, root))
        tree->pids = calloc(n + 1, sizeof(pid_t));
    if (tree->pids != NULL) {
        tree->pids[tree->n++] = root;
        for (size_t i = 0; i < n; i++) {
            tree->tasks += list.all[i].tasks;
            if (list.all[i].pid != root)
                tree->pids[tree->n++] = list.all[i].pid;
        }
    }
    free(list.all);
    return tree->pids == NULL ? -1 : 0;
}

void proc_forget(struct proc_tree *tree)
{
    free(tree->pids);
    *tree = (struct proc_tree){0};
}

unsigned proc_count_tasks(uid_t user)
{
    struct list list;
    struct stat owner;
    char path[PATH];
    unsigned tasks = 0;

    if (read_all(&list) == -1)
        return 0;
    for (size_t i = 0; i < list.n; i++) {
        snprintf(path, sizeof(path), "/proc/%d", list.all[i].pid);
        if (stat(path, &owner) == 0 && owner.st_uid == user)
            tasks += list.all[i].tasks;
    }
    free(list.all);
    return tasks;
}

bool proc_has_variable(pid_t pid, const char *wanted)
{
    char path[PATH];
    char *variable = NULL;
    size_t size = 0;
    bool found = false;

    snprintf(path, sizeof(path), "/proc/%d/environ", pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && !found &&
           getdelim(&variable, &size, '\0', file) > 0)
        found = strcmp(variable, wanted) == 0;
    if (file != NULL)
        fclose(file);
    free(variable);
    return found;
}

/* Returns 0 when the process is gone. */
static uint64_t clock_of(pid_t pid)
{
    clockid_t clock;
    struct timespec used;

    if (clock_getcpuclockid(pid, &clock) != 0 ||
        clock_gettime(clock, &used) != 0)
        return 0;
    return (uint64_t)used.tv_sec * NS_PER_S + (uint64_t)used.tv_nsec;
}

/* Of the children that the process has waited for. */
static uint64_t dead_ns(pid_t pid)
{
    struct proc_stat stat;
    char path[PATH];
    char line[LINE];

    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    if (read_file(path, line, sizeof(line)) == -1 ||
        proc_parse_stat(line, &stat) == -1)
        return 0;
    return ticks_to_ns(stat.child_user_ticks + stat.child_system_ticks);
}

uint64_t proc_cpu_ns(const struct proc_tree *tree)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < tree->n; i++) {
        sum += clock_of(tree->pids[i]);
        if (i == 0 || tree->n <= PROC_PARENTS)
            sum += dead_ns(tree->pids[i]);
    }
    return sum;
}

/* Hands a file of /proc of each task that lives to add(). */
static void read_tasks(const struct proc_tree *tree, const char *name,
                       void (*add)(const char *text, void *sum), void *sum)
{
    char path[PATH];
    char text[LINE * 4];

    for (size_t i = 0; i < tree->n; i++) {
        snprintf(path, sizeof(path), "/proc/%d/task", tree->pids[i]);
        DIR *tasks = opendir(path);
        struct dirent *entry;
        while (tasks != NULL && (entry = readdir(tasks)) != NULL) {
            snprintf(path, sizeof(path), "/proc/%d/task/%.20s/%s",
                     tree->pids[i], entry->d_name, name);
            if (entry->d_name[0] != '.' &&
                read_file(path, text, sizeof(text)) == 0)
                add(text, sum);
        }
        if (tasks != NULL)
            closedir(tasks);
    }
}

static void add_switches(const char *text, void *sum)
{
    uint64_t *both = sum;
    uint64_t some, others;
    const char *at = strstr(text, "\nvoluntary_ctxt_switches:");

    if (at != NULL && sscanf(at,
                             " voluntary_ctxt_switches: %" SCNu64
                             " nonvoluntary_ctxt_switches: %" SCNu64,
                             &some, &others) == 2) {
        both[0] += some;
        both[1] += others;
    }
}

void proc_count_switches(const struct proc_tree *tree, uint64_t *voluntary,
                         uint64_t *involuntary)
{
    uint64_t both[2] = {0, 0};

    read_tasks(tree, "status", add_switches, both);
    *voluntary = both[0];
    *involuntary = both[1];
}

static void add_schedule(const char *text, void *sum)
{
    struct proc_schedule *schedule = sum;
    uint64_t ran_ns, waited_ns;

    if (sscanf(text, "%" SCNu64 " %" SCNu64, &ran_ns, &waited_ns) == 2) {
        schedule->ran_ns += ran_ns;
        schedule->waited_ns += waited_ns;
    }
}

void proc_read_schedule(const struct proc_tree *tree,
                        struct proc_schedule *schedule)
{
    *schedule = (struct proc_schedule){0};
    read_tasks(tree, "schedstat", add_schedule, schedule);
}

uint64_t proc_pss_kib(const struct proc_tree *tree)
{
    char path[PATH];
    char text[LINE * 4];
    uint64_t sum = 0;
    uint64_t kib;

    for (size_t i = 0; i < tree->n; i++) {
        snprintf(path, sizeof(path), "/proc/%d/smaps_rollup",
                 tree->pids[i]);
        if (read_file(path, text, sizeof(text)) == -1)
            continue;
        const char *at = strstr(text, "\nPss:");
        if (at != NULL && sscanf(at, " Pss: %" SCNu64, &kib) == 1)
            sum += kib;
    }
    return sum;
}

int proc_sample_machine(struct proc_machine *machine)
{
    char line[LINE];
    uint64_t busy, steal;
    FILE *devices = fopen("/proc/net/dev", "re");

    *machine = (struct proc_machine){0};
    while (devices != NULL && fgets(line, sizeof(line), devices) != NULL)
        if (proc_parse_loopback(line, &machine->wire_bytes) == 0)
            break;
    if (devices != NULL)
        fclose(devices);
    if (read_file("/proc/stat", line, sizeof(line)) == -1 ||
        proc_parse_cpu(line, &busy, &steal) == -1)
        return -1;
    machine->busy_ns = ticks_to_ns(busy);
    machine->steal_ns = ticks_to_ns(steal);
    return 0;
}
