#include "tests/processes.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

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

/* Also counts the threads: they are what the time is spent by. */
static void add_threads(const char *pid, struct processes *sum)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%.20s/task", pid);
    DIR *dir = opendir(path);
    if (dir == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        unsigned long long ns;
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "/proc/%.20s/task/%.20s/schedstat", pid,
                 entry->d_name);
        FILE *file = fopen(path, "re");
        if (file == NULL)
            continue;
        sum->threads++;
        if (fscanf(file, "%llu", &ns) == 1)
            sum->cpu_ns += ns;
        fclose(file);
    }
    closedir(dir);
}

/* Reads the state and the group. Returns 0, or -1 when it has ended. */
static int read_state(const char *pid, char *state, pid_t *group)
{
    char path[64];
    char line[512];

    snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -1;
    size_t n = fread(line, 1, sizeof(line) - 1, file);
    fclose(file);
    line[n] = '\0';
    const char *rest = strrchr(line, ')'); /* the name may hold anything */
    return rest != NULL && sscanf(rest, ") %c %*d %d", state, group) == 2
               ? 0 : -1;
}

static void add_process(const char *pid, pid_t group, struct processes *sum)
{
    char path[64];
    char state;
    pid_t its_group;

    if (read_state(pid, &state, &its_group) == -1 || its_group != group)
        return;
    if (state == 'Z' || state == 'X') {
        sum->zombies += state == 'Z';
        return;
    }
    sum->n++;
    sum->stopped += state == 'T';
    snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
    sum->descriptors += count_entries(path);
    add_threads(pid, sum);
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
