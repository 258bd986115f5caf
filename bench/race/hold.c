#include "bench/race/hold.h"

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
    ACTIVE = 10,
    TALK_MS = 1000,
    STILL_KIB = 512,
};

struct hold {
    const struct bench *bench;
    struct job *job;
    const struct participant *who;
    struct row *row;
    struct limits limits;
    uint64_t max_files;
    struct hold_plan plan;
    struct server *servers;
    struct generator *generators;
    size_t nservers, ngenerators; /* that run */
    uint64_t first, again;        /* connections that were echoed on */
    double longest_s;             /* a generator's first round */
    uint64_t sockets[3];          /* before, while all are held, after */
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

struct hold_plan hold_share(uint64_t wanted, bool spread,
                            const struct limits_machine *machine,
                            size_t cores)
{
    uint64_t each = machine->descriptors > LIMITS_SPARE
                        ? machine->descriptors - LIMITS_SPARE
                        : 1;
    size_t generators = parts(wanted, each, spread ? cores : 1);

    return (struct hold_plan){
        .connections = wanted,
        .servers = spread ? parts(wanted,
                                  limits_of_server(machine->descriptors),
                                  cores)
                          : 1,
        .generators = generators,
        .sources = shares(shares(wanted, generators), TARGET_PORTS),
    };
}

static void make_plan(struct hold *hold)
{
    const struct bench *bench = hold->bench;
    uint64_t asked = bench->held > 0 ? bench->held : hold->job->held;
    uint64_t wanted = asked;
    struct limits_machine machine;
    char text[LIMITS * LIMITS_LINE];

    limits_read(&machine);
    limits_list(&machine, &hold->limits);
    hold->max_files = machine.descriptors;
    if (hold->job->spread &&
        limits_smallest(&hold->limits)->connections < wanted)
        wanted = limits_smallest(&hold->limits)->connections;
    hold->plan = hold_share(wanted, hold->job->spread, &machine,
                            (size_t)options_cores(64));
    if (!hold->job->spread)
        return;
    limits_print(&hold->limits, text, sizeof(text));
    progress_say(bench->progress,
                 "bench/run: %" PRIu64 " connections are asked for; this "
                 "machine's limits:\n%sbench/run: %" PRIu64
                 " connections, %zu servers on one port, %zu generators",
                 asked, text, wanted, hold->plan.servers,
                 hold->plan.generators);
}

static int fail(struct hold *hold, const char *what)
{
    int reason = errno;

    snprintf(hold->error, hold->error_size, "%s", what);
    errno = reason;
    return -1;
}

/* The others listen where the first does. */
static int give_port(const struct hold *hold, char **argv)
{
    for (size_t i = 0; hold->nservers > 0 && argv[i] != NULL; i++) {
        char *port;
        if (strcmp(argv[i], "--port=0") != 0)
            continue;
        if (asprintf(&port, "--port=%d", hold->servers[0].ports[0]) == -1)
            return -1;
        free(argv[i]);
        argv[i] = port;
    }
    return 0;
}

static int start_server(struct hold *hold)
{
    struct server *server = &hold->servers[hold->nservers];
    char *argv[LAUNCH_ARGS];
    struct launch_plan plan = {
        .argv = (const char *const *)argv,
        .max_files = hold->max_files == UINT64_MAX ? 0 : hold->max_files,
        .ready_ms = READY_MS,
        .shares_port = hold->job->spread,
    };

    errno = 0;
    if (participants_command(hold->who, hold->job, argv) == -1)
        return fail(hold, "the command can't be split into words");
    int result = give_port(hold, argv);
    if (result == 0)
        result = launcher_start(server, &plan);
    launcher_free_command(argv);
    if (result == -1)
        return fail(hold, server->error);
    hold->nservers++;
    return 0;
}

/* A server that somebody brings has limits, and options, of its own. */
static void add_arguments(const struct hold *hold)
{
    struct job *job = hold->job;
    uint64_t most = hold->plan.connections;
    size_t n = 0;

    if (hold->who->path == NULL)
        return;
    snprintf(job->server_args[n++], sizeof(job->server_args[0]),
             "--max-clients=%" PRIu64, most < 1000000 ? most : 1000000);
    if (job->spread)
        snprintf(job->server_args[n], sizeof(job->server_args[0]),
                 "--reuse-port");
}

static int start_servers(struct hold *hold)
{
    add_arguments(hold);
    while (hold->nservers < hold->plan.servers)
        if (start_server(hold) == -1)
            return -1;
    return 0;
}

/* Takes what a generator says; its errors are added to the row's. */
static json_t *hear(struct hold *hold, struct generator *generator,
                    const char *word)
{
    static const char *const names[] = {
        "refused", "reset", "timed_out", "short", "wrong_byte", "other"};

    generator->deadline_ns = clock_now_ns() +
                             (uint64_t)(ROUND_S + GRACE_S) * NS_PER_S;
    if (generator_wait(generator, word) == -1) {
        fail(hold, generator->error);
        return NULL;
    }
    json_t *said = json_loads(generator->mark + strlen(word), 0, NULL);
    json_t *errors = json_object_get(said, "errors");
    if (errors == NULL) {
        fail(hold, "what the generator says can't be read");
        json_decref(said);
        return NULL;
    }
    for (int i = 0; i < 6; i++)
        hold->row->value[ROW_REFUSED + i] += json_number_value(
            json_object_get(errors, names[i]));
    return said;
}

static double number(const json_t *said, const char *name)
{
    return json_number_value(json_object_get(said, name));
}

static int start_generator(struct hold *hold)
{
    const struct server *server = &hold->servers[0];
    struct generator *generator = &hold->generators[hold->ngenerators];
    uint64_t i = hold->ngenerators;
    uint64_t n = hold->plan.generators;
    uint64_t clients = hold->plan.connections / n +
                       (i < hold->plan.connections % n);
    uint64_t active = clients < ACTIVE ? clients : ACTIVE;
    bool v6 = strchr(server->host, ':') != NULL;
    bool chooses = strncmp(server->host, "127.", 4) == 0;
    char words[7][96] = {""};
    char *argv[] = {"load",   "--turns", "--reset", words[0],
                    words[1], words[2],  words[3],  words[4],
                    words[5], words[6],  NULL};

    snprintf(words[0], sizeof(words[0]), "--clients=%" PRIu64, active);
    snprintf(words[1], sizeof(words[1]), "--idle=%" PRIu64,
             clients - active);
    snprintf(words[2], sizeof(words[2]), "--patience=%ds", ROUND_S);
    snprintf(words[3], sizeof(words[3]), "--quiet=%ds", QUIET_S);
    snprintf(words[4], sizeof(words[4]), v6 ? "[%s]:%d" : "%s:%d",
             server->host, server->ports[0]);
    snprintf(words[5], sizeof(words[5]), "--sources=%" PRIu64,
             hold->plan.sources);
    snprintf(words[6], sizeof(words[6]), "--first-source=%" PRIu64,
             i * hold->plan.sources);
    if (!chooses)
        argv[8] = NULL;
    if (generator_spawn(generator, hold->bench->load, argv) == -1)
        return fail(hold, generator->error);
    hold->ngenerators++;
    return 0;
}

static int gather_one(struct hold *hold)
{
    if (start_generator(hold) == -1)
        return -1;
    json_t *ready = hear(hold, &hold->generators[hold->ngenerators - 1],
                         "ready ");
    if (ready == NULL)
        return -1;
    double took_s = number(ready, "took_ns") / 1e9;
    hold->first += (uint64_t)number(ready, "echoes");
    if (took_s > hold->longest_s)
        hold->longest_s = took_s;
    json_decref(ready);
    return 0;
}

/*
 * One after the other: each makes its connections while the others are
 * silent. The estimate of memory may have been wrong: it is looked at, too.
 */
static int gather(struct hold *hold)
{
    uint64_t began_ns = clock_now_ns();
    uint64_t told_ns = began_ns;

    while (hold->ngenerators < hold->plan.generators) {
        if (gather_one(hold) == -1)
            return -1;
        uint64_t now_ns = clock_now_ns();
        if (now_ns - told_ns > TELL_S * NS_PER_S) {
            progress_say(hold->bench->progress,
                         "bench/run: %" PRIu64 " of %" PRIu64 " are held",
                         hold->first, hold->plan.connections);
            told_ns = now_ns;
        }
        if (limits_memory_kib() < LIMITS_RESERVE_KIB / 2)
            return fail(hold, "memory ran short; all were given back");
    }
    hold->row->value[ROW_SETUP_MS] = (double)(clock_now_ns() - began_ns) /
                                     1e6;
    return 0;
}

static void measure_memory(struct hold *hold, uint64_t kernel_kib)
{
    double *v = hold->row->value;
    struct proc_tree tree;

    v[ROW_KERNEL_KIB] = (double)limits_kernel_kib() - (double)kernel_kib;
    hold->sockets[1] = limits_sockets();
    v[ROW_PSS_KIB] = v[ROW_TASKS] = 0;
    for (size_t i = 0; i < hold->nservers; i++) {
        if (proc_find(hold->servers[i].pid, &tree) == -1)
            continue;
        v[ROW_PSS_KIB] += (double)proc_pss_kib(&tree);
        v[ROW_TASKS] += tree.tasks;
        proc_forget(&tree);
    }
}

/* The first generator's connections are spread over all servers. */
static int talk(struct hold *hold)
{
    const struct turn_times times = {.window = TALK_MS, .drain = TALK_MS};
    struct row *row = hold->row;
    struct row errors = *row;
    json_t *latency;
    double left;

    if (generator_turn(&hold->generators[0], &times, row, &left,
                       &latency) == -1)
        return fail(hold, hold->generators[0].error);
    json_decref(latency);
    for (int i = 0; i < 6; i++)
        row->value[ROW_REFUSED + i] += errors.value[ROW_REFUSED + i];
    return 0;
}

static int ask_again(struct hold *hold)
{
    for (size_t i = 0; i < hold->ngenerators; i++) {
        struct generator *generator = &hold->generators[i];
        dprintf(generator->input, "again\n");
        json_t *asked = hear(hold, generator, "");
        if (asked == NULL)
            return -1;
        hold->again += (uint64_t)number(asked, "echoes");
        json_decref(asked);
    }
    return 0;
}

static void fill_row(struct hold *hold)
{
    double *v = hold->row->value;
    uint64_t active = hold->first < ACTIVE ? hold->first : ACTIVE;

    v[ROW_HELD] = (double)hold->again;
    v[ROW_CLIENTS] = (double)active;
    v[ROW_IDLE] = (double)(hold->plan.connections - active);
    v[ROW_SERVED] = (double)hold->first;
    v[ROW_IDLE_LOST] = (double)hold->first - v[ROW_HELD];
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

static int run(struct hold *hold)
{
    uint64_t kernel_kib = settled_kernel_kib();

    for (int i = 0; i < 6; i++)
        hold->row->value[ROW_REFUSED + i] = 0;
    hold->sockets[0] = limits_sockets();
    if (gather(hold) == -1)
        return -1;
    measure_memory(hold, kernel_kib);
    if (talk(hold) == -1 || ask_again(hold) == -1)
        return -1;
    fill_row(hold);
    return 0;
}

/* The first thing that a server had to complain about, if any. */
static void take_words(const struct hold *hold, char *words, size_t size)
{
    words[0] = '\0';
    for (size_t i = 0; i < hold->nservers && words[0] == '\0'; i++) {
        launcher_read_words(&hold->servers[i], 0, words, size);
        words[strcspn(words, "\n")] = '\0';
    }
}

/*
 * Generators first: their end is what the servers have to see.
 *
 * words    receives what a server complained about, or how one had to be
 *          ended; "" if all went well
 */
static int end(struct hold *hold, char *words, size_t size)
{
    int result = 0;
    int status;

    for (size_t i = 0; i < hold->ngenerators; i++)
        generator_kill(&hold->generators[i]);
    take_words(hold, words, size);
    for (size_t i = 0; i < hold->nservers; i++) {
        if (launcher_ended(&hold->servers[i], &status)) {
            errno = 0;
            result = fail(hold, "a server ended in the middle");
        }
        kill(hold->servers[i].pid, SIGTERM);
    }
    for (size_t i = 0; i < hold->nservers; i++) {
        struct server *server = &hold->servers[i];
        if (launcher_wait(server, STOP_MS, NULL) == -1 && words[0] == '\0')
            snprintf(words, size, "%.*s", (int)size - 1, server->error);
    }
    hold->sockets[2] = limits_sockets();
    return result;
}

/* Why it was not more, or what would have been too much. */
static void note_end(const struct hold *hold, const char *words)
{
    const struct limit *least = limits_smallest(&hold->limits);
    char *note = hold->row->note;

    if (words[0] != '\0')
        snprintf(note, ROW_NOTE, "%s", words);
    else if (hold->job->spread)
        snprintf(note, ROW_NOTE,
                 "%zu servers, %zu generators; the smallest limit, %s, "
                 "allows %" PRIu64 " (%.80s); TCP sockets before, held, "
                 "after: %" PRIu64 ", %" PRIu64 ", %" PRIu64,
                 hold->plan.servers, hold->plan.generators, least->name,
                 least->connections, least->why, hold->sockets[0],
                 hold->sockets[1], hold->sockets[2]);
    else if (hold->first < hold->plan.connections)
        snprintf(note, ROW_NOTE,
                 hold->longest_s >= ROUND_S
                     ? "the others had to wait longer than %d s"
                     : "the others wait: nobody else was served for %d s",
                 hold->longest_s >= ROUND_S ? ROUND_S : QUIET_S);
}

int hold_measure(const struct bench *bench, struct job *job,
                 const struct participant *who, struct row *row,
                 char *error, size_t size)
{
    struct hold hold = {.bench = bench,
                        .job = job,
                        .who = who,
                        .row = row,
                        .error = error,
                        .error_size = size};
    char words[ROW_NOTE];
    int result = -1;

    make_plan(&hold);
    hold.servers = calloc(hold.plan.servers + 1, sizeof(*hold.servers));
    hold.generators = calloc(hold.plan.generators + 1,
                             sizeof(*hold.generators));
    if (hold.servers == NULL || hold.generators == NULL) {
        free(hold.servers);
        free(hold.generators);
        return fail(&hold, "no memory");
    }
    errno = 0;
    if (hold.plan.connections == 0)
        fail(&hold, "the limits of this machine allow no connection");
    else if (start_servers(&hold) == 0)
        result = run(&hold);
    int reason = errno;
    if (end(&hold, words, sizeof(words)) == -1 && reason != EINTR)
        result = -1;
    note_end(&hold, words);
    free(hold.servers);
    free(hold.generators);
    errno = reason;
    return result;
}
