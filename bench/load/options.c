#include "bench/load/options.h"

#include "bench/load/client.h"
#include "common/clock.h"
#include "common/options.h"

#include <argp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_CLIENTS = 1000000,
    MAX_RATE = 10000000,
    MAX_HOSES = 10000,
    MAX_SOURCES = 60000,
    MAX_SAMPLES = 1000000,
    CHURN_SOURCES = 16,
};

#define LONGEST (3600L * 1000 * 1000 * 1000) /* ns */

static const char about[] =
    "Loads an echo server, checks every byte that returns and measures.\v"
    "Closed loop (without --rate): each client waits for its echo "
    "before it sends again. Open loop (--rate): messages are sent when "
    "they are planned, at random moments (a Poisson process), each "
    "client's by itself; a client whose last echo is not back yet sends as "
    "soon as it is, and the latency counts from the planned moment, so "
    "that a server that stalls can't hide it. Latency from the actual "
    "moment is told beside it.\n\n"
    "The clock starts when all clients are connected or have failed to. "
    "A client that fails is counted by kind and stays away; with "
    "--churn it tries again. DURATION is a number and ns, us, ms, s or "
    "min.\n\n"
    "--turns: every client gets one echo, or is given up after the "
    "patience, and the line `ready {...}' tells how many did. Then each "
    "line on standard input is a command, and one line of JSON answers "
    "it:\n"
    "  turn MS OPEN-MS [DRAIN-MS]   drive the clients for MS, do not count "
    "the first OPEN-MS, stop sending, wait for what is under way, "
    "DRAIN-MS at most (default: --drain)\n"
    "  again   one echo for every client, the idle ones, too\n"
    "The end of standard input ends it. Between two turns it costs "
    "nothing.\n\n"
    "Exit status: 0 measured, whatever the server did; 1 could not run, "
    "nobody could connect, or cut short by SIGINT or SIGTERM (the "
    "result so far is printed); 2 wrong usage.";

enum {
    KEY_CHURN = 256,
    KEY_IDLE,
    KEY_HOSES,
    KEY_WARMUP,
    KEY_TIMEOUT,
    KEY_CONNECT_TIMEOUT,
    KEY_PATIENCE,
    KEY_QUIET,
    KEY_DRAIN,
    KEY_CPU,
    KEY_SOURCES,
    KEY_FIRST_SOURCE,
    KEY_RESET,
    KEY_SPIN,
    KEY_JSON,
    KEY_HISTOGRAM,
    KEY_SAMPLES,
    KEY_TURNS
};

static const struct argp_option table[] = {
    {0, 0, 0, 0, "The load:", 1},
    {"clients", 'c', "N", 0, "talk over N connections (default 10)", 1},
    {"rate", 'r', "N", 0, "open loop: N messages a second over all clients",
     1},
    {"size", 's', "BYTES", 0,
     "bytes of a message, 1 to 1048576 (default 64)", 1},
    {"churn", KEY_CHURN, 0, 0,
     "connect for every message: connect, echo, close", 1},
    {"idle", KEY_IDLE, "N", 0, "hold N silent connections beside", 1},
    {"hoses", KEY_HOSES, "N", 0,
     "with --turns: N clients that send all they can, and a quiet one "
     "beside "
     "them that asks for an echo each second",
     1},
    {0, 0, 0, 0, "Time:", 2},
    {"duration", 'd', "DURATION", 0, "measure so long (default 2s)", 2},
    {"warmup", KEY_WARMUP, "DURATION", 0,
     "load so long before (default 200ms)", 2},
    {"timeout", KEY_TIMEOUT, "DURATION", 0,
     "give an echo up after this time (default 5s)", 2},
    {"connect-timeout", KEY_CONNECT_TIMEOUT, "DURATION", 0,
     "give a connection up after this time (default 5s)", 2},
    {"patience", KEY_PATIENCE, "DURATION", 0,
     "ask an echo of each client first, and wait so long for all of them "
     "(default: 2s with --turns, otherwise none is asked)",
     2},
    {"quiet", KEY_QUIET, "DURATION", 0,
     "wait no longer when no client had its first echo for so long", 2},
    {"drain", KEY_DRAIN, "DURATION", 0,
     "after a turn wait so long for what is under way (default 50ms; in an "
     "open loop without --turns as --timeout)",
     2},
    {0, 0, 0, 0, "This side:", 3},
    {"cpu", KEY_CPU, "LIST", 0, "run on these processors alone: 1 or 0,2-3",
     3},
    {"spin", KEY_SPIN, 0, 0, "never sleep, to be awake at the microsecond",
     3},
    {"sources", KEY_SOURCES, "N", 0,
     "connect from N addresses of 127.0.0.0/8 by turns (default: 16 with "
     "--churn, otherwise one for every 10,000 connections)",
     3},
    {"first-source", KEY_FIRST_SOURCE, "N", 0,
     "the first of them is 127.0.0.1 + N (default 0)", 3},
    {"reset", KEY_RESET, 0, 0,
     "end every connection by a reset, which leaves no TIME_WAIT", 3},
    {0, 0, 0, 0, "Output:", 4},
    {"json", KEY_JSON, 0, 0, "one JSON object", 4},
    {"histogram", KEY_HISTOGRAM, 0, 0,
     "with --json: the latencies' buckets, too", 4},
    {"samples", KEY_SAMPLES, "N", 0,
     "with --json or --turns: the first N latencies one by one", 4},
    {"turns", KEY_TURNS, 0, 0, "measure when told to, see below", 4},
    {0},
};

enum kind { NUMBER, DURATION, FLAG }; /* long, uint64_t in ns, bool */

#define FIELD(name) offsetof(struct load_options, name)

/* Where a value goes, and what is accepted; of a duration in ns. */
static const struct field {
    int key;
    enum kind kind;
    size_t offset;
    long min, max;
} fields[] = {
    {'c', NUMBER, FIELD(clients), 1, MAX_CLIENTS},
    {'r', NUMBER, FIELD(rate), 1, MAX_RATE},
    {'s', NUMBER, FIELD(size), 1, MESSAGE_MAX},
    {KEY_CHURN, FLAG, FIELD(churn), 0, 0},
    {KEY_IDLE, NUMBER, FIELD(idle), 0, MAX_CLIENTS},
    {KEY_HOSES, NUMBER, FIELD(hoses), 1, MAX_HOSES},
    {'d', DURATION, FIELD(duration_ns), (long)NS_PER_MS, LONGEST},
    {KEY_WARMUP, DURATION, FIELD(warmup_ns), 0, LONGEST},
    {KEY_TIMEOUT, DURATION, FIELD(timeout_ns), (long)NS_PER_MS, LONGEST},
    {KEY_CONNECT_TIMEOUT, DURATION, FIELD(connect_timeout_ns),
     (long)NS_PER_MS, LONGEST},
    {KEY_PATIENCE, DURATION, FIELD(patience_ns), 0, LONGEST},
    {KEY_QUIET, DURATION, FIELD(quiet_ns), (long)NS_PER_MS, LONGEST},
    {KEY_DRAIN, DURATION, FIELD(drain_ns), 0, LONGEST},
    {KEY_SPIN, FLAG, FIELD(spin), 0, 0},
    {KEY_SOURCES, NUMBER, FIELD(sources), 1, MAX_SOURCES},
    {KEY_FIRST_SOURCE, NUMBER, FIELD(first_source), 0, MAX_SOURCES},
    {KEY_RESET, FLAG, FIELD(target.reset), 0, 0},
    {KEY_JSON, FLAG, FIELD(json), 0, 0},
    {KEY_HISTOGRAM, FLAG, FIELD(histogram), 0, 0},
    {KEY_SAMPLES, NUMBER, FIELD(samples), 1, MAX_SAMPLES},
    {KEY_TURNS, FLAG, FIELD(turns), 0, 0},
};

static const char *name_of(int key)
{
    const struct argp_option *option = table;

    while (option->key != key)
        option++;
    return option->name;
}

/* Returns ARGP_ERR_UNKNOWN when no field has this key. */
static error_t take_field(int key, const char *arg,
                          struct argp_state *state,
                          struct load_options *options)
{
    const struct field *field = fields;
    const struct field *end = field + sizeof(fields) / sizeof(fields[0]);

    while (field < end && field->key != key)
        field++;
    if (field == end)
        return ARGP_ERR_UNKNOWN;
    char *at = (char *)options + field->offset;
    uint64_t ns = 0;
    if (field->kind == FLAG)
        *(bool *)at = true;
    else if (field->kind == NUMBER &&
             options_number(arg, field->min, field->max, (long *)at) == -1)
        argp_error(state, "--%s %s: a number from %ld to %ld is accepted",
                   name_of(key), arg, field->min, field->max);
    else if (field->kind == DURATION) {
        if (options_duration_ns(arg, (uint64_t)field->max, &ns) == -1 ||
            ns < (uint64_t)field->min)
            argp_error(state,
                       "--%s %s: a duration as in 350ms or 2s is accepted, "
                       "from %ld ms to 60 min",
                       name_of(key), arg, field->min / (long)NS_PER_MS);
        *(uint64_t *)at = ns;
    }
    return 0;
}

/* Reads a processor's number and moves on behind it. */
static int take_cpu(const char **text, size_t *cpu)
{
    char *end;

    if (**text < '0' || **text > '9')
        return -1;
    *cpu = strtoul(*text, &end, 10);
    *text = end;
    return *cpu < CPU_SETSIZE ? 0 : -1;
}

static int add_cpus(struct load_options *options, const char *text)
{
    for (;;) {
        size_t first, last;
        if (take_cpu(&text, &first) == -1)
            return -1;
        last = first;
        if (*text == '-') {
            text++;
            if (take_cpu(&text, &last) == -1 || last < first)
                return -1;
        }
        for (; first <= last; first++) {
            if (options->ncpus == MAX_CPUS)
                return -1;
            options->cpus[options->ncpus++] = first;
        }
        if (*text == '\0')
            return 0;
        if (*text++ != ',')
            return -1;
    }
}

static void choose_sources(struct load_options *options,
                           struct argp_state *state)
{
    struct target *target = &options->target;

    if ((options->sources > 1 || options->first_source > 0) &&
        !target->loopback)
        argp_error(state,
                   "--sources %ld: only to an address of "
                   "127.0.0.0/8, where all sources are this machine",
                   options->sources);
    target->first_source = (uint32_t)options->first_source;
    if (options->sources > 0)
        target->sources = (uint32_t)options->sources;
    else if (target->loopback && options->churn)
        target->sources = CHURN_SOURCES;
    else if (target->loopback)
        target->sources = (uint32_t)(1 +
                                     (options->clients + options->idle) /
                                         TARGET_PORTS);
}

/* What follows from something else, where it was not given. */
static void choose_times(struct load_options *options)
{
    if (options->patience_ns == UINT64_MAX)
        options->patience_ns = options->turns ? 2 * NS_PER_S : 0;
    if (options->drain_ns == UINT64_MAX)
        options->drain_ns = options->rate != 0 && !options->turns
                                ? options->timeout_ns
                                : 50 * NS_PER_MS;
}

/* What belongs together, once all of it is known. */
static void check(struct load_options *options, struct argp_state *state)
{
    bool is_json = options->json || options->turns;

    if (options->target_text == NULL)
        argp_error(state, "whom to load? HOST:PORT is missing, as in "
                          "127.0.0.1:5050");
    const char *wrong = target_resolve(options->target_text,
                                       &options->target);
    if (wrong != NULL)
        argp_error(state, "%s: %s", options->target_text, wrong);
    if (options->histogram && !is_json)
        argp_error(state, "--histogram: only with --json or --turns");
    if (options->samples > 0 && !is_json)
        argp_error(state, "--samples: only with --json or --turns");
    if (options->hoses > 0 &&
        (!options->turns || options->churn || options->rate > 0))
        argp_error(state, "--hoses: with --turns, and neither with --rate "
                          "nor with --churn");
    if (options->hoses > 0)
        options->clients = options->hoses + 1;
    choose_sources(options, state);
    choose_times(options);
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
    struct load_options *options = state->input;

    switch (key) {
    case KEY_CPU:
        if (add_cpus(options, arg) == -1)
            argp_error(state,
                       "--cpu %s: a list of processors is accepted, as in "
                       "1 or 0,2-3",
                       arg);
        return 0;
    case ARGP_KEY_ARG:
        if (options->target_text != NULL)
            argp_error(state, "%s: one HOST:PORT is enough", arg);
        options->target_text = arg;
        return 0;
    case ARGP_KEY_END:
        check(options, state);
        return 0;
    default:
        return take_field(key, arg, state, options);
    }
}

struct load_options load_options_parse(int argc, char **argv)
{
    const struct argp argp = {table, take_option, "HOST:PORT", about,
                              NULL,  NULL,        NULL};
    struct load_options options = {
        .clients = 10,
        .size = 64,
        .duration_ns = 2 * NS_PER_S,
        .warmup_ns = 200 * NS_PER_MS,
        .timeout_ns = 5 * NS_PER_S,
        .connect_timeout_ns = 5 * NS_PER_S,
        .patience_ns = UINT64_MAX,
        .drain_ns = UINT64_MAX,
    };

    argp_program_version = "bench/load " SUITE_VERSION;
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    return options;
}
