#include "bench/race/limits.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    LINE = 512,
    ADDRESSES = (1 << 24) - 2, /* of 127.0.0.0/8 that a client can have */
};

/* The numbers at the beginning of a file. Returns how many of three. */
static int read_numbers(const char *path, uint64_t n[3])
{
    FILE *file = fopen(path, "re");
    int got = file == NULL
                  ? 0
                  : fscanf(file, "%" SCNu64 " %" SCNu64 " %" SCNu64, &n[0],
                           &n[1], &n[2]);

    if (file != NULL)
        fclose(file);
    return got;
}

static uint64_t read_number(const char *path)
{
    uint64_t n[3];

    return read_numbers(path, n) > 0 ? n[0] : UINT64_MAX;
}

/*
 * The sum of the numbers behind a word, in lines that begin with another.
 *
 * words    pairs of them, ended by NULL: {"TCP:", "inuse"}; "" is none
 */
static uint64_t read_sum(const char *path, const char *const *words)
{
    char line[LINE];
    uint64_t sum = 0;
    FILE *file = fopen(path, "re");

    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        for (size_t i = 0; words[i] != NULL; i += 2) {
            size_t n = strlen(words[i]);
            const char *at = strncmp(line, words[i], n) == 0
                                 ? strstr(line + n, words[i + 1])
                                 : NULL;
            uint64_t value;
            if (at != NULL &&
                sscanf(at + strlen(words[i + 1]), " %" SCNu64, &value) == 1)
                sum += value;
        }
    if (file != NULL)
        fclose(file);
    return sum;
}

static uint64_t left(uint64_t most, uint64_t used)
{
    if (most == UINT64_MAX || used == UINT64_MAX)
        return UINT64_MAX;
    return used < most ? most - used : 0;
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t limits_memory_kib(void)
{
    static const char *const words[] = {"MemAvailable:", "", NULL};
    /* Of this control group, version 2 and 1; what runs in a container
     * sees its own at the top. */
    static const char *const groups[][2] = {
        {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
        {"/sys/fs/cgroup/memory/memory.limit_in_bytes",
         "/sys/fs/cgroup/memory/memory.usage_in_bytes"},
    };
    uint64_t kib = read_sum("/proc/meminfo", words);

    if (kib == 0)
        kib = UINT64_MAX;
    for (size_t i = 0; i < 2; i++) {
        uint64_t most = read_number(groups[i][0]);
        if (most != UINT64_MAX)
            return less(kib, left(most, read_number(groups[i][1])) >> 10);
    }
    return kib;
}

uint64_t limits_kernel_kib(void)
{
    static const char *const words[] = {
        "Slab:", "",  "KernelStack:", "", "PageTables:", "", "Percpu:",
        "",      NULL};
    static const char *const sockets[] = {"TCP:", " mem", NULL};

    return read_sum("/proc/meminfo", words) +
           read_sum("/proc/net/sockstat", sockets) *
               (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

uint64_t limits_sockets(void)
{
    static const char *const v4[] = {"TCP:", " inuse", NULL};
    static const char *const v6[] = {"TCP6:", " inuse", NULL};

    return read_sum("/proc/net/sockstat", v4) +
           read_sum("/proc/net/sockstat6", v6);
}

static uint64_t tasks_left(void)
{
    uint64_t most = less(read_number("/proc/sys/kernel/pid_max"),
                         read_number("/proc/sys/kernel/threads-max"));
    uint64_t running = 0;
    struct rlimit limit;
    FILE *file = fopen("/proc/loadavg", "re");

    /* "0.10 0.20 0.30 1/234 5678" */
    if (file != NULL &&
        fscanf(file, "%*s %*s %*s %*u/%" SCNu64, &running) != 1)
        running = 0;
    if (file != NULL)
        fclose(file);
    if (geteuid() != 0 && getrlimit(RLIMIT_NPROC, &limit) == 0 &&
        limit.rlim_cur != RLIM_INFINITY)
        most = less(most, limit.rlim_cur);
    return less(left(most, running),
                left(read_number("/sys/fs/cgroup/pids.max"),
                     read_number("/sys/fs/cgroup/pids.current")));
}

void limits_read(struct limits_machine *machine)
{
    static const char tracked[] =
        "/proc/sys/net/netfilter/nf_conntrack_count";
    uint64_t files[3], ports[3];
    uint64_t used = read_number(tracked);
    struct rlimit limit;

    *machine = (struct limits_machine){
        .descriptors = UINT64_MAX,
        .tasks = tasks_left(),
        .files = UINT64_MAX,
        .memory_kib = limits_memory_kib(),
        .ports = UINT64_MAX,
        .watches = read_number("/proc/sys/fs/epoll/max_user_watches"),
        /* Where the table is loaded and empty, no rule asks for it. */
        .tracked = UINT64_MAX,
    };
    if (used != 0)
        machine->tracked = left(
            read_number("/proc/sys/net/netfilter/nf_conntrack_max"), used);
    if (read_numbers("/proc/sys/fs/file-nr", files) == 3)
        machine->files = left(files[2], files[0]);
    if (read_numbers("/proc/sys/net/ipv4/ip_local_port_range", ports) >=
            2 &&
        ports[1] >= ports[0])
        machine->ports = ports[1] - ports[0] + 1;
    /* The hard one: to go up to it is every process's own right. */
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
        limit.rlim_max != RLIM_INFINITY)
        machine->descriptors = limit.rlim_max;
}

uint64_t limits_of_server(uint64_t descriptors)
{
    if (descriptors <= LIMITS_SPARE)
        return 0;
    double room = (double)(less(descriptors, 1 << 20) - LIMITS_SPARE);
    double safe = room - 6 * sqrt(room);
    return safe > 1 ? (uint64_t)safe : 1;
}

static void add(struct limits *limits, const char *name,
                uint64_t connections, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void add(struct limits *limits, const char *name,
                uint64_t connections, const char *format, ...)
{
    struct limit *one = &limits->all[limits->n++];
    va_list args;

    one->name = name;
    one->connections = connections;
    va_start(args, format);
    vsnprintf(one->why, sizeof(one->why), format, args);
    va_end(args);
}

/* Per connection so many of what there is. */
static uint64_t share(uint64_t there, uint64_t each)
{
    return there == UINT64_MAX ? UINT64_MAX : there / each;
}

static void add_processes(const struct limits_machine *machine,
                          struct limits *limits)
{
    uint64_t each = limits_of_server(machine->descriptors);
    /* A server and a generator; a tenth is left to others. */
    uint64_t pairs = machine->tasks == UINT64_MAX
                         ? UINT64_MAX / (each + 1)
                         : machine->tasks * 9 / 10 / 2;

    add(limits, "descriptors", LIMITS_PARTS * each,
        "%" PRIu64 " a process (ulimit -Hn), at most %d servers and as "
        "many generators",
        machine->descriptors, (int)LIMITS_PARTS);
    add(limits, "processes", pairs * each,
        "%" PRIu64 " more may be started (pid_max, threads-max, ulimit "
        "-u, pids.max)",
        machine->tasks);
}

void limits_list(const struct limits_machine *machine,
                 struct limits *limits)
{
    uint64_t memory = machine->memory_kib;

    limits->n = 0;
    add_processes(machine, limits);
    add(limits, "open files", share(machine->files, 2),
        "two a connection; fs.file-max less what is open");
    add(limits, "memory",
        share(left(memory, LIMITS_RESERVE_KIB), LIMITS_CONNECTION_KIB),
        "%.1f GiB are free, 1 is left alone, %d KiB a connection",
        (double)memory / (1 << 20), (int)LIMITS_CONNECTION_KIB);
    add(limits, "ports",
        machine->ports == UINT64_MAX ? UINT64_MAX
                                     : machine->ports * ADDRESSES,
        "%" PRIu64 " for each address of 127.0.0.0/8 (ip_local_port_range)",
        machine->ports);
    add(limits, "epoll watches", share(machine->watches, 2),
        "two a connection; fs.epoll.max_user_watches");
    add(limits, "tracking", machine->tracked,
        machine->tracked == UINT64_MAX ? "no connection is tracked now"
                                       : "one a connection; "
                                         "nf_conntrack_max less count");
    add(limits, "tcp_mem", UINT64_MAX,
        "counts bytes that wait in sockets: silent ones hold none");
}

const struct limit *limits_smallest(const struct limits *limits)
{
    const struct limit *least = &limits->all[0];

    for (size_t i = 1; i < limits->n; i++)
        if (limits->all[i].connections < least->connections)
            least = &limits->all[i];
    return least;
}

void limits_print(const struct limits *limits, char *text, size_t size)
{
    const struct limit *least = limits_smallest(limits);
    size_t n = 0;

    text[0] = '\0';
    for (size_t i = 0; i < limits->n && n < size; i++) {
        const struct limit *one = &limits->all[i];
        char number[24] = "no limit";
        if (one->connections != UINT64_MAX)
            snprintf(number, sizeof(number), "%" PRIu64, one->connections);
        int more = snprintf(text + n, size - n, "  %s %-13s %15s  %s\n",
                            one == least ? "->" : "  ", one->name, number,
                            one->why);
        n += more > 0 ? (size_t)more : 0;
    }
}
