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

static const uint64_t longest_ns = 3600 * NS_PER_S;

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
    KEY_CSV,
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
    {"csv", KEY_CSV, 0, 0, "a line of names and a line of values", 4},
    {"histogram", KEY_HISTOGRAM, 0, 0,
     "with --json: the latencies' buckets, too", 4},
    {"samples", KEY_SAMPLES, "N", 0,
     "with --json or --turns: the first N latencies one by one", 4},
    {"turns", KEY_TURNS, 0, 0, "measure when told to, see below", 4},
    {0},
};

struct parsing {
    struct load_options options;
    long sources; /* 0: by what the load needs */
    long first_source;
};

static long number(struct argp_state *state, const char *name,
                   const char *arg, long min, long max)
{
    long value = 0;

    if (options_number(arg, min, max, &value) == -1)
        argp_error(state, "--%s %s: a number from %ld to %ld is accepted",
                   name, arg, min, max);
    return value;
}

static uint64_t duration(struct argp_state *state, const char *name,
                         const char *arg, uint64_t min_ns)
{
    uint64_t ns = 0;

    if (options_duration_ns(arg, longest_ns, &ns) == -1 || ns < min_ns)
        argp_error(state,
                   "--%s %s: a duration as in 350ms or 2s is "
                   "accepted, from %llu ms to 60 min",
                   name, arg, (unsigned long long)(min_ns / NS_PER_MS));
    return ns;
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

static void choose_sources(const struct parsing *parsing,
                           struct argp_state *state, struct target *target)
{
    const struct load_options *options = &parsing->options;

    if ((parsing->sources > 1 || parsing->first_source > 0) &&
        !target->loopback)
        argp_error(state,
                   "--sources %ld: only to an address of "
                   "127.0.0.0/8, where all sources are this machine",
                   parsing->sources);
    target->first_source = (uint32_t)parsing->first_source;
    if (parsing->sources > 0)
        target->sources = (uint32_t)parsing->sources;
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
static void check(struct parsing *parsing, struct argp_state *state)
{
    struct load_options *options = &parsing->options;
    bool is_json = options->output == OUTPUT_JSON || options->turns;

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
    choose_sources(parsing, state, &options->target);
    choose_times(options);
}

static error_t take_patience(int key, char *arg, struct argp_state *state,
                             struct load_options *options)
{
    switch (key) {
    case KEY_PATIENCE:
        options->patience_ns = duration(state, "patience", arg, 0);
        return 0;
    case KEY_QUIET:
        options->quiet_ns = duration(state, "quiet", arg, NS_PER_MS);
        return 0;
    case KEY_DRAIN:
        options->drain_ns = duration(state, "drain", arg, 0);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t take_load(int key, char *arg, struct argp_state *state,
                         struct load_options *options)
{
    switch (key) {
    case 'c':
        options->clients = number(state, "clients", arg, 1, MAX_CLIENTS);
        return 0;
    case 'r':
        options->rate = number(state, "rate", arg, 1, MAX_RATE);
        return 0;
    case 's':
        options->size = number(state, "size", arg, 1, MESSAGE_MAX);
        return 0;
    case KEY_CHURN:
        options->churn = true;
        return 0;
    case KEY_HOSES:
        options->hoses = number(state, "hoses", arg, 1, MAX_HOSES);
        options->clients = options->hoses + 1;
        return 0;
    case KEY_IDLE:
        options->idle = number(state, "idle", arg, 0, MAX_CLIENTS);
        return 0;
    case 'd':
        options->duration_ns = duration(state, "duration", arg, NS_PER_MS);
        return 0;
    case KEY_WARMUP:
        options->warmup_ns = duration(state, "warmup", arg, 0);
        return 0;
    case KEY_TIMEOUT:
        options->timeout_ns = duration(state, "timeout", arg, NS_PER_MS);
        return 0;
    case KEY_CONNECT_TIMEOUT:
        options->connect_timeout_ns = duration(state, "connect-timeout",
                                               arg, NS_PER_MS);
        return 0;
    default:
        return take_patience(key, arg, state, options);
    }
}

static error_t take_output(int key, char *arg, struct argp_state *state,
                           struct load_options *options)
{
    switch (key) {
    case KEY_JSON:
        options->output = OUTPUT_JSON;
        return 0;
    case KEY_CSV:
        options->output = OUTPUT_CSV;
        return 0;
    case KEY_HISTOGRAM:
        options->histogram = true;
        return 0;
    case KEY_SAMPLES:
        options->samples = number(state, "samples", arg, 1, MAX_SAMPLES);
        return 0;
    case KEY_TURNS:
        options->turns = true;
        return 0;
    default:
        return take_load(key, arg, state, options);
    }
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
    struct parsing *parsing = state->input;
    struct load_options *options = &parsing->options;

    switch (key) {
    case KEY_CPU:
        if (add_cpus(options, arg) == -1)
            argp_error(state,
                       "--cpu %s: a list of processors is accepted, as in "
                       "1 or 0,2-3",
                       arg);
        return 0;
    case KEY_SPIN:
        options->spin = true;
        return 0;
    case KEY_SOURCES:
        parsing->sources = number(state, "sources", arg, 1, MAX_SOURCES);
        return 0;
    case KEY_FIRST_SOURCE:
        parsing->first_source = number(state, "first-source", arg, 0,
                                       MAX_SOURCES);
        return 0;
    case KEY_RESET:
        options->target.reset = true;
        return 0;
    case ARGP_KEY_ARG:
        if (options->target_text != NULL)
            argp_error(state, "%s: one HOST:PORT is enough", arg);
        options->target_text = arg;
        return 0;
    case ARGP_KEY_END:
        check(parsing, state);
        return 0;
    default:
        return take_output(key, arg, state, options);
    }
}

struct load_options load_options_parse(int argc, char **argv)
{
    const struct argp argp = {table, take_option, "HOST:PORT", about,
                              NULL,  NULL,        NULL};
    struct parsing parsing = {
        .options =
            {
                .clients = 10,
                .size = 64,
                .duration_ns = 2 * NS_PER_S,
                .warmup_ns = 200 * NS_PER_MS,
                .timeout_ns = 5 * NS_PER_S,
                .connect_timeout_ns = 5 * NS_PER_S,
                .patience_ns = UINT64_MAX,
                .drain_ns = UINT64_MAX,
            },
    };

    argp_program_version = "bench/load " SUITE_VERSION;
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &parsing);
    return parsing.options;
}
