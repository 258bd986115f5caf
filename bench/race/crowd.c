#include "bench/race/crowd.h"

#include "bench/load/target.h"
#include "bench/race/generator.h"
#include "bench/race/limits.h"
#include "common/clock.h"
#include "common/lab/proc.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    READY_MS = 10000,
    STOP_MS = 30000, /* ten thousand processes take their time */
    ROUND_S = 60,    /* for a generator to be echoed on all connections */
    QUIET_S = 5,     /* or to give up, when nobody is */
    GRACE_S = 20,
    TELL_S = 5,
    ACTIVE = 10, /* as in bench/hold */
    BYTES = 64,
    STILL_KIB = 512,
};

/* What the generators said of a round, added up. */
struct tally {
    uint64_t longest_ns;
    uint64_t done;
    uint64_t errors[ROW_OTHER_ERRORS - ROW_REFUSED + 1];
};

struct crowd {
    const struct bench *bench;
    struct job *job;
    const struct participant *who;
    struct row *row;
    struct limits limits;
    uint64_t max_files;
    struct crowd_plan plan;
    struct server *servers;
    struct generator *generators;
    size_t nservers, ngenerators; /* that run */
    struct tally first, again;
    uint64_t sockets[3]; /* before, while all are held, after */
    char *error;
    size_t error_size;
};

static uint64_t shares(uint64_t all, uint64_t each)
{
    return each == 0 ? LIMITS_PARTS : (all + each - 1) / each;
}

static size_t parts(uint64_t wanted, uint64_t each, size_t cores)
{
    uint64_t n = shares(wanted, each);

    if (n < cores)
        n = cores;
    if (n > wanted)
        n = wanted;
    return n < LIMITS_PARTS ? (size_t)n : LIMITS_PARTS;
}

struct crowd_plan crowd_share(uint64_t wanted, bool spread,
                              const struct limits_machine *machine,
                              size_t cores)
{
    uint64_t each = machine->descriptors > LIMITS_SPARE
                        ? machine->descriptors - LIMITS_SPARE
                        : 1;
    size_t generators = parts(wanted, each, spread ? cores : 1);

    return (struct crowd_plan){
        .connections = wanted,
        .servers = spread ? parts(wanted,
                                  limits_of_server(machine->descriptors),
                                  cores)
                          : 1,
        .generators = generators,
        .sources = shares(shares(wanted, generators), TARGET_PORTS),
    };
}

static void tell_limits(const struct crowd *crowd, uint64_t asked)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    if (file == NULL)
        return;
    limits_print(&crowd->limits, file);
    fclose(file);
    text[size > 0 ? size - 1 : 0] = '\0';
    progress_say(crowd->bench->progress,
                 "bench/run: %" PRIu64 " connections are asked for; this "
                 "machine's limits:\n%s\nbench/run: %" PRIu64
                 " connections, %zu servers on one port, %zu generators",
                 asked, text, crowd->plan.connections, crowd->plan.servers,
                 crowd->plan.generators);
    free(text);
}

static void make_plan(struct crowd *crowd)
{
    const struct bench *bench = crowd->bench;
    uint64_t asked = bench->held > 0 ? bench->held : crowd->job->held;
    uint64_t wanted = asked;
    struct limits_machine machine;

    limits_read(&machine);
    limits_list(&machine, &crowd->limits);
    crowd->max_files = machine.descriptors;
    if (crowd->job->spread &&
        limits_smallest(&crowd->limits)->connections < wanted)
        wanted = limits_smallest(&crowd->limits)->connections;
    crowd->plan = crowd_share(wanted, crowd->job->spread, &machine,
                              (size_t)options_cores(64));
    if (crowd->job->spread)
        tell_limits(crowd, asked);
}

static int fail(struct crowd *crowd, const char *what)
{
    int reason = errno;

    snprintf(crowd->error, crowd->error_size, "%s", what);
    errno = reason;
    return -1;
}

/* The others listen where the first does. */
static int give_port(const struct crowd *crowd, char **argv)
{
    for (size_t i = 0; crowd->nservers > 0 && argv[i] != NULL; i++) {
        char *port;
        if (strcmp(argv[i], "--port=0") != 0)
            continue;
        if (asprintf(&port, "--port=%d", crowd->servers[0].ports[0]) == -1)
            return -1;
        free(argv[i]);
        argv[i] = port;
    }
    return 0;
}

static int start_server(struct crowd *crowd)
{
    struct server *server = &crowd->servers[crowd->nservers];
    char *argv[LAUNCH_ARGS];
    struct launch_plan plan = {
        .argv = (const char *const *)argv,
        .max_files = crowd->max_files == UINT64_MAX ? 0 : crowd->max_files,
        .ready_ms = READY_MS,
    };

    errno = 0;
    if (participants_command(crowd->who, crowd->job, argv) == -1)
        return fail(crowd, "the command can't be split into words");
    int result = give_port(crowd, argv);
    if (result == 0)
        result = launcher_start(server, &plan);
    launcher_free_command(argv);
    if (result == -1)
        return fail(crowd, server->error);
    crowd->nservers++;
    return 0;
}

/* A server that somebody brings has limits, and options, of its own. */
static void add_arguments(const struct crowd *crowd)
{
    struct job *job = crowd->job;
    uint64_t most = crowd->plan.connections;
    size_t n = 0;

    if (crowd->who->path == NULL)
        return;
    snprintf(job->server_args[n++], sizeof(job->server_args[0]),
             "--max-clients=%" PRIu64, most < 1000000 ? most : 1000000);
    if (job->spread)
        snprintf(job->server_args[n], sizeof(job->server_args[0]),
                 "--reuse-port");
}

static int start_servers(struct crowd *crowd)
{
    add_arguments(crowd);
    while (crowd->nservers < crowd->plan.servers)
        if (start_server(crowd) == -1)
            return -1;
    return 0;
}

/* "held NS DONE REFUSED RESET ..." */
static int read_round(struct crowd *crowd, const char *mark,
                      struct tally *tally)
{
    uint64_t ns, done, e[6];

    if (sscanf(mark,
               "%*s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
               " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64,
               &ns, &done, &e[0], &e[1], &e[2], &e[3], &e[4], &e[5]) != 8)
        return fail(crowd, "bench/hold: its result can't be read");
    if (ns > tally->longest_ns)
        tally->longest_ns = ns;
    tally->done += done;
    for (size_t i = 0; i < 6; i++)
        tally->errors[i] += e[i];
    return 0;
}

static int wait_for(struct crowd *crowd, struct generator *generator,
                    const char *mark)
{
    generator->deadline_ns = clock_now_ns() +
                             (uint64_t)(ROUND_S + GRACE_S) * NS_PER_S;
    if (generator_wait(generator, mark) == -1)
        return fail(crowd, generator->error);
    return 0;
}

static int start_generator(struct crowd *crowd)
{
    const struct server *server = &crowd->servers[0];
    struct generator *generator = &crowd->generators[crowd->ngenerators];
    uint64_t i = crowd->ngenerators;
    uint64_t n = crowd->plan.generators;
    uint64_t clients = crowd->plan.connections / n +
                       (i < crowd->plan.connections % n);
    bool v6 = strchr(server->host, ':') != NULL;
    char words[5][96];
    char *argv[] = {"hold",   words[0], words[1], words[2],
                    words[3], words[4], NULL};

    snprintf(words[0], sizeof(words[0]), "--clients=%" PRIu64, clients);
    snprintf(words[1], sizeof(words[1]), "--source=%" PRIu64,
             i * crowd->plan.sources);
    snprintf(words[2], sizeof(words[2]), "--patience=%ds", QUIET_S);
    snprintf(words[3], sizeof(words[3]), "--deadline=%ds", ROUND_S);
    snprintf(words[4], sizeof(words[4]), v6 ? "[%s]:%d" : "%s:%d",
             server->host, server->ports[0]);
    if (generator_spawn(generator, crowd->bench->hold, argv) == -1)
        return fail(crowd, generator->error);
    crowd->ngenerators++;
    if (wait_for(crowd, generator, "held") == -1)
        return -1;
    return read_round(crowd, generator->mark, &crowd->first);
}

/*
 * One after the other: each makes its connections while the others are
 * silent. The estimate of memory may have been wrong: it is looked at, too.
 */
static int gather(struct crowd *crowd)
{
    uint64_t began_ns = clock_now_ns();
    uint64_t told_ns = began_ns;

    while (crowd->ngenerators < crowd->plan.generators) {
        if (start_generator(crowd) == -1)
            return -1;
        uint64_t now_ns = clock_now_ns();
        if (now_ns - told_ns > TELL_S * NS_PER_S) {
            progress_say(crowd->bench->progress,
                         "bench/run: %" PRIu64 " of %" PRIu64 " are held",
                         crowd->first.done, crowd->plan.connections);
            told_ns = now_ns;
        }
        if (limits_memory_kib() < LIMITS_RESERVE_KIB / 2)
            return fail(crowd, "memory ran short; all were given back");
    }
    crowd->row->value[ROW_SETUP_MS] = (double)(clock_now_ns() - began_ns) /
                                      1e6;
    return 0;
}

static void measure_memory(struct crowd *crowd, uint64_t kernel_kib)
{
    double *v = crowd->row->value;
    struct proc_tree tree;

    v[ROW_KERNEL_KIB] = (double)limits_kernel_kib() - (double)kernel_kib;
    crowd->sockets[1] = limits_sockets();
    v[ROW_PSS_KIB] = v[ROW_TASKS] = 0;
    for (size_t i = 0; i < crowd->nservers; i++) {
        if (proc_find(crowd->servers[i].pid, &tree) == -1)
            continue;
        v[ROW_PSS_KIB] += (double)proc_pss_kib(&tree);
        v[ROW_TASKS] += tree.tasks;
        proc_forget(&tree);
    }
}

/* The first generator's connections are spread over all servers. */
static int talk(struct crowd *crowd)
{
    struct generator *generator = &crowd->generators[0];
    double *v = crowd->row->value;
    double ns, mean, p50, p90, p99, p999, max;

    dprintf(generator->input, "talk\n");
    if (wait_for(crowd, generator, "talked") == -1)
        return -1;
    if (sscanf(generator->mark, "%*s %lf %lf %lf %lf %lf %lf %lf %lf",
               &v[ROW_ECHOES], &ns, &mean, &p50, &p90, &p99, &p999,
               &max) != 8)
        return fail(crowd, "bench/hold: its latencies can't be read");
    v[ROW_WINDOW_S] = ns / 1e9;
    if (v[ROW_ECHOES] == 0)
        return 0;
    v[ROW_MEAN_US] = mean / 1e3;
    v[ROW_P50_US] = p50 / 1e3;
    v[ROW_P90_US] = p90 / 1e3;
    v[ROW_P99_US] = p99 / 1e3;
    v[ROW_P999_US] = p999 / 1e3;
    v[ROW_MAX_US] = max / 1e3;
    return 0;
}

static int ask_again(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->ngenerators; i++) {
        struct generator *generator = &crowd->generators[i];
        dprintf(generator->input, "again\n");
        if (wait_for(crowd, generator, "again") == -1 ||
            read_round(crowd, generator->mark, &crowd->again) == -1)
            return -1;
    }
    return 0;
}

static void fill_row(struct crowd *crowd)
{
    double *v = crowd->row->value;
    uint64_t all = crowd->plan.connections;
    uint64_t active = crowd->first.done < ACTIVE ? crowd->first.done
                                                 : ACTIVE;

    v[ROW_HELD] = (double)crowd->again.done;
    v[ROW_CLIENTS] = (double)active;
    v[ROW_IDLE] = (double)(all - active);
    v[ROW_BYTES] = BYTES;
    v[ROW_SERVED] = (double)crowd->first.done;
    v[ROW_IDLE_LOST] = (double)crowd->first.done - v[ROW_HELD];
    for (int i = 0; i < 6; i++)
        v[ROW_REFUSED + i] = (double)(crowd->first.errors[i] +
                                      crowd->again.errors[i]);
}

/*
 * What ended before is still being given back: the kernel frees in the
 * background.
 *
 * Returns  KiB of the kernel's memory, once they keep still; or after 5 s.
 */
static uint64_t settled_kernel_kib(void)
{
    uint64_t kib = limits_kernel_kib();

    for (int i = 0; i < 10; i++) {
        uint64_t before = kib;
        clock_rest_ms(500);
        kib = limits_kernel_kib();
        if (kib + STILL_KIB >= before)
            break;
    }
    return kib;
}

static int run(struct crowd *crowd)
{
    uint64_t kernel_kib = settled_kernel_kib();

    crowd->sockets[0] = limits_sockets();
    if (gather(crowd) == -1)
        return -1;
    measure_memory(crowd, kernel_kib);
    if (talk(crowd) == -1 || ask_again(crowd) == -1)
        return -1;
    fill_row(crowd);
    return 0;
}

/* The first thing that a server had to complain about, if any. */
static void take_words(const struct crowd *crowd, char *words, size_t size)
{
    words[0] = '\0';
    for (size_t i = 0; i < crowd->nservers && words[0] == '\0'; i++) {
        launcher_read_words(&crowd->servers[i], 0, words, size);
        words[strcspn(words, "\n")] = '\0';
    }
}

/*
 * Generators first: their end is what the servers have to see.
 *
 * words    receives what a server complained about, or how one had to be
 *          ended; "" if all went well
 */
static int end(struct crowd *crowd, char *words, size_t size)
{
    int result = 0;
    int status;

    for (size_t i = 0; i < crowd->ngenerators; i++)
        generator_kill(&crowd->generators[i]);
    take_words(crowd, words, size);
    for (size_t i = 0; i < crowd->nservers; i++) {
        if (launcher_ended(&crowd->servers[i], &status)) {
            errno = 0;
            result = fail(crowd, "a server ended in the middle");
        }
        kill(crowd->servers[i].pid, SIGTERM);
    }
    for (size_t i = 0; i < crowd->nservers; i++) {
        struct server *server = &crowd->servers[i];
        if (launcher_wait(server, STOP_MS, NULL) == -1 && words[0] == '\0')
            snprintf(words, size, "%.*s", (int)size - 1, server->error);
    }
    crowd->sockets[2] = limits_sockets();
    return result;
}

static void note_spread(const struct crowd *crowd)
{
    const struct limit *least = limits_smallest(&crowd->limits);
    struct row *row = crowd->row;

    snprintf(row->note, sizeof(row->note),
             "%zu servers, %zu generators; the smallest limit, %s, allows "
             "%" PRIu64 " (%.80s); TCP sockets before, held, after: "
             "%" PRIu64 ", %" PRIu64 ", %" PRIu64,
             crowd->plan.servers, crowd->plan.generators, least->name,
             least->connections, least->why, crowd->sockets[0],
             crowd->sockets[1], crowd->sockets[2]);
}

/* Why it was not more. */
static void note_end(const struct crowd *crowd, const char *words)
{
    struct row *row = crowd->row;

    if (words[0] != '\0')
        snprintf(row->note, sizeof(row->note), "%s", words);
    else if (crowd->first.done == crowd->plan.connections)
        return;
    else if (crowd->first.longest_ns >= ROUND_S * NS_PER_S)
        snprintf(row->note, sizeof(row->note),
                 "the others had to wait longer than %d s", ROUND_S);
    else
        snprintf(row->note, sizeof(row->note),
                 "the others wait: nobody else was served for %d s",
                 QUIET_S);
}

int crowd_measure(const struct bench *bench, struct job *job,
                  const struct participant *who, struct row *row,
                  bool *started, char *error, size_t size)
{
    struct crowd crowd = {.bench = bench,
                          .job = job,
                          .who = who,
                          .row = row,
                          .error = error,
                          .error_size = size};
    char words[ROW_NOTE];

    make_plan(&crowd);
    crowd.servers = calloc(crowd.plan.servers + 1, sizeof(*crowd.servers));
    crowd.generators = calloc(crowd.plan.generators + 1,
                              sizeof(*crowd.generators));
    int result = -1;
    errno = 0;
    if (crowd.servers == NULL || crowd.generators == NULL)
        fail(&crowd, "no memory");
    else if (crowd.plan.connections == 0)
        fail(&crowd, "the limits of this machine allow no connection");
    else
        result = start_servers(&crowd);
    *started = result == 0;
    if (*started)
        result = run(&crowd);
    int reason = errno;
    if (end(&crowd, words, sizeof(words)) == -1 && reason != EINTR)
        result = -1;
    note_end(&crowd, words);
    if (job->spread && words[0] == '\0')
        note_spread(&crowd);
    free(crowd.servers);
    free(crowd.generators);
    errno = reason;
    return result;
}
