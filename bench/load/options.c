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
    MAX_SOURCES = 60000,
    CHURN_SOURCES = 16,
};

static const uint64_t longest_ns = 3600 * NS_PER_S;

static const char about[] =
    "Loads an echo server, checks every byte that returns and measures.\v"
    "Closed loop (without --rate): each client waits for its echo "
    "before it sends again. Open loop (--rate): messages are sent when "
    "they are planned, by the clients in turn; a client whose last echo "
    "is not back yet sends as soon as it is, and the latency counts "
    "from the planned moment, so that a server that stalls can't hide "
    "it. Latency from the actual moment is told beside it.\n\n"
    "The clock starts when all clients are connected or have failed to. "
    "A client that fails is counted by kind and stays away; with "
    "--churn it tries again. DURATION is a number and ns, us, ms, s or "
    "min.\n\n"
    "--marks prints two lines on standard output before the result: "
    "`start NS' when the measured window begins and `end NS' when it "
    "ends, NS on CLOCK_MONOTONIC. Nobody is waited for, but the "
    "connections stay silent and open for 5 ms after `end', so that "
    "whoever reads the server's processor time does not count its "
    "farewells.\n\n"
    "--wait adds two marks around these: `ready NS' after the warm-up, "
    "when no message is under way any more, and `quiet NS' after the "
    "window, likewise; at each it waits for a line on standard input, so "
    "that whoever reads what the server has used takes the time it "
    "needs.\n\n"
    "Exit status: 0 measured, whatever the server did; 1 could not run, "
    "nobody could connect, or cut short by SIGINT or SIGTERM (the "
    "result so far is printed); 2 wrong usage.";

enum {
    KEY_CHURN = 256,
    KEY_IDLE,
    KEY_WARMUP,
    KEY_TIMEOUT,
    KEY_CONNECT_TIMEOUT,
    KEY_THREADS,
    KEY_CPU,
    KEY_SOURCES,
    KEY_SPIN,
    KEY_JSON,
    KEY_CSV,
    KEY_HISTOGRAM,
    KEY_MARKS,
    KEY_WAIT
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
    {0, 0, 0, 0, "Time:", 2},
    {"duration", 'd', "DURATION", 0, "measure so long (default 2s)", 2},
    {"warmup", KEY_WARMUP, "DURATION", 0,
     "load so long before (default 200ms)", 2},
    {"timeout", KEY_TIMEOUT, "DURATION", 0,
     "give an echo up after this time (default 5s)", 2},
    {"connect-timeout", KEY_CONNECT_TIMEOUT, "DURATION", 0,
     "give a connection up after this time (default 5s)", 2},
    {0, 0, 0, 0, "This side:", 3},
    {"threads", KEY_THREADS, "N", 0,
     "share the clients between N threads (default 1)", 3},
    {"cpu", KEY_CPU, "LIST", 0,
     "run on these processors alone, a thread on each: 1 or 0,2-3", 3},
    {"spin", KEY_SPIN, 0, 0,
     "never sleep: a processor each thread, to be awake at the microsecond",
     3},
    {"sources", KEY_SOURCES, "N", 0,
     "connect from N addresses of 127.0.0.0/8 by turns (default: 16 with "
     "--churn, otherwise one for every 10,000 connections)",
     3},
    {0, 0, 0, 0, "Output:", 4},
    {"json", KEY_JSON, 0, 0, "one JSON object", 4},
    {"csv", KEY_CSV, 0, 0, "a line of names and a line of values", 4},
    {"histogram", KEY_HISTOGRAM, 0, 0,
     "with --json: the latencies' buckets, too", 4},
    {"marks", KEY_MARKS, 0, 0,
     "print when the window begins and ends, see below", 4},
    {"wait", KEY_WAIT, 0, 0,
     "with --marks: wait for a line before and after the window, see below",
     4},
    {0},
};

struct parsing {
    struct load_options options;
    long sources; /* 0: by what the load needs */
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

/* What belongs together, once all of it is known. */
static void check(struct parsing *parsing, struct argp_state *state)
{
    struct load_options *options = &parsing->options;
    struct target *target = &options->target;

    if (options->target_text == NULL)
        argp_error(state, "whom to load? HOST:PORT is missing, as in "
                          "127.0.0.1:5050");
    const char *wrong = target_resolve(options->target_text, target);
    if (wrong != NULL)
        argp_error(state, "%s: %s", options->target_text, wrong);
    if (options->threads > options->clients)
        argp_error(state, "--threads %ld: more than the %ld clients",
                   options->threads, options->clients);
    if (options->wait && !options->marks)
        argp_error(state, "--wait: only with --marks");
    if (options->histogram && options->output != OUTPUT_JSON)
        argp_error(state, "--histogram: only with --json");
    if (parsing->sources > 1 && !target->loopback)
        argp_error(state,
                   "--sources %ld: only to an address of "
                   "127.0.0.0/8, where all sources are this machine",
                   parsing->sources);
    if (parsing->sources > 0)
        target->sources = (uint32_t)parsing->sources;
    else if (target->loopback && options->churn)
        target->sources = CHURN_SOURCES;
    else if (target->loopback)
        target->sources = (uint32_t)(1 +
                                     (options->clients + options->idle) /
                                         TARGET_PORTS);
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
        return ARGP_ERR_UNKNOWN;
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
    case KEY_MARKS:
        options->marks = true;
        return 0;
    case KEY_WAIT:
        options->wait = true;
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
    case KEY_THREADS:
        options->threads = number(state, "threads", arg, 1, MAX_THREADS);
        return 0;
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
                .threads = 1,
                .duration_ns = 2 * NS_PER_S,
                .warmup_ns = 200 * NS_PER_MS,
                .timeout_ns = 5 * NS_PER_S,
                .connect_timeout_ns = 5 * NS_PER_S,
            },
    };

    argp_program_version = "bench/load " SUITE_VERSION;
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &parsing);
    return parsing.options;
}
