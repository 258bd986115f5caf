#include "tests/processes.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t count_entries(const char *path)
{
    size_t n = 0;
    DIR *dir = opendir(path);

    if (dir == NULL)
        return 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        n += entry->d_name[0] != '.';
    closedir(dir);
    return n;
}

/*
 * Reads the state and the group of a process or a thread.
 *
 * folder   "/proc/PID", "/proc/PID/task/TID"
 * Returns  0, or -1 when it has ended.
 */
static int read_state(const char *folder, char *state, pid_t *group)
{
    char path[80];
    char line[512];

    snprintf(path, sizeof(path), "%.60s/stat", folder);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -1;
    size_t n = fread(line, 1, sizeof(line) - 1, file);
    fclose(file);
    line[n] = '\0';
    const char *rest = strrchr(line, ')'); /* the name may hold anything */
    return rest != NULL && sscanf(rest, ") %c %*d %d", state, group) == 2
               ? 0
               : -1;
}

bool processes_run(pid_t pid)
{
    char folder[32];
    char state;
    pid_t group;

    snprintf(folder, sizeof(folder), "/proc/%d", pid);
    return read_state(folder, &state, &group) == 0 && state != 'Z' &&
           state != 'X';
}

static void add_thread(const char *folder, struct processes *sum)
{
    unsigned long long ns;
    char path[80];
    char state;
    pid_t group;

    if (read_state(folder, &state, &group) == -1)
        return;
    sum->threads++;
    sum->running += state == 'R' || state == 'D';
    snprintf(path, sizeof(path), "%.60s/schedstat", folder);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    if (fscanf(file, "%llu", &ns) == 1)
        sum->cpu_ns += ns;
    fclose(file);
}

static void add_threads(const char *process, struct processes *sum)
{
    char path[64];

    snprintf(path, sizeof(path), "%.40s/task", process);
    DIR *dir = opendir(path);
    if (dir == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%.40s/task/%.10s", process,
                 entry->d_name);
        add_thread(path, sum);
    }
    closedir(dir);
}

/* Resident pages less those of files, which are shared. */
static size_t read_memory(const char *process)
{
    unsigned long resident = 0, shared = 0;
    char path[64];

    snprintf(path, sizeof(path), "%.40s/statm", process);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%*u %lu %lu", &resident, &shared) != 2)
        resident = shared;
    fclose(file);
    return (resident - shared) * (size_t)sysconf(_SC_PAGESIZE);
}

static void add_process(const char *pid, pid_t group, struct processes *sum)
{
    char folder[32];
    char path[64];
    char state;
    pid_t its_group;

    snprintf(folder, sizeof(folder), "/proc/%.10s", pid);
    if (read_state(folder, &state, &its_group) == -1 || its_group != group)
        return;
    if (state == 'Z' || state == 'X') {
        sum->zombies += state == 'Z';
        return;
    }
    sum->n++;
    sum->stopped += state == 'T';
    snprintf(path, sizeof(path), "%s/fd", folder);
    sum->descriptors += count_entries(path);
    sum->memory += read_memory(folder);
    add_threads(folder, sum);
}

/* Has this process the socket of that inode open? */
static bool has_socket(const char *folder, uint64_t inode)
{
    char wanted[40], path[80], link[40];
    bool has = false;

    snprintf(wanted, sizeof(wanted), "socket:[%" PRIu64 "]", inode);
    snprintf(path, sizeof(path), "%.40s/fd", folder);
    DIR *dir = opendir(path);
    if (dir == NULL)
        return false;
    for (struct dirent *entry; !has && (entry = readdir(dir)) != NULL;) {
        ssize_t n = readlinkat(dirfd(dir), entry->d_name, link,
                               sizeof(link) - 1);
        link[n > 0 ? n : 0] = '\0';
        has = strcmp(link, wanted) == 0;
    }
    closedir(dir);
    return has;
}

size_t processes_list(pid_t group, uint64_t inode, pid_t *pids, size_t max)
{
    size_t n = 0;
    DIR *proc = opendir("/proc");

    if (proc == NULL)
        return 0;
    for (struct dirent *entry;
         n < max && (entry = readdir(proc)) != NULL;) {
        char folder[32];
        char state;
        pid_t its_group;
        snprintf(folder, sizeof(folder), "/proc/%.10s", entry->d_name);
        if (isdigit((unsigned char)entry->d_name[0]) &&
            read_state(folder, &state, &its_group) == 0 &&
            its_group == group && state != 'Z' && state != 'X' &&
            (inode == 0 || has_socket(folder, inode)))
            pids[n++] = (pid_t)atoi(entry->d_name);
    }
    closedir(proc);
    return n;
}

struct processes processes_look(pid_t group)
{
    struct processes sum = {0};
    DIR *proc = opendir("/proc");

    if (proc == NULL)
        return sum;
    for (struct dirent *entry; (entry = readdir(proc)) != NULL;)
        if (isdigit((unsigned char)entry->d_name[0]))
            add_process(entry->d_name, group, &sum);
    closedir(proc);
    return sum;
}
