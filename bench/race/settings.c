#include "bench/race/settings.h"

#include "bench/race/arguments.h"
#include "common/clock.h"
#include "common/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char about[] =
    "Measures concurrency models side by side and writes a report.\v"
    "Without options: all experiments but held and million, the plain "
    "models, under 5 minutes. "
    "The run's directory receives raw/*.csv, one row for each turn, "
    "plots, report.html, report.md, report.txt and manifest.json; "
    "bench/report DIR makes the report again from the raw files.\n\n"
    "The servers of a comparison are all started, each with its clients, "
    "and driven one at a time, for a turn of some 50 ms. A block is a turn "
    "of each in random order and the same backwards; ratios are taken "
    "within a block.\n\n"
    "Examples:\n"
    "  bench/run --quick\n"
    "  bench/run --experiment churn --models forking,threading\n"
    "  bench/run --server 'mine=python3 my.py --port {port}' --quick\n"
    "  bench/run --against HEAD~1 --models epoll\n\n"
    "Ctrl-C ends a run early; what was measured is kept and reported.\n\n"
    "Exit status: 0 done; 1 could not run, cut short, a server of which "
    "nothing at all could be measured, or a plot that could not be drawn; "
    "2 wrong usage. A turn that was lost (a server that gives up at 4000 "
    "clients) or a run that is out of time is told at the top of the "
    "report and at the end of the run, and is no failure.";

enum { HELD_MAX = 1000000 };

enum {
    KEY_QUICK = 256,
    KEY_FULL,
    KEY_MODELS,
    KEY_SERVER,
    KEY_PEERS,
    KEY_OUT,
    KEY_SEED,
    KEY_REFERENCE,
    KEY_AGAINST,
    KEY_TURN,
    KEY_TIME,
    KEY_CLIENTS
};

static const struct argp_option table[] = {
    {0, 0, 0, 0, "How long:", 1},
    {"quick", KEY_QUICK, 0, 0, "what parts the models most, under a minute",
     1},
    {"full", KEY_FULL, 0, 0,
     "every point, many blocks; says how long it takes", 1},
    {"turn", KEY_TURN, "DURATION", 0,
     "the least length of a turn (default: 30ms to 100ms, by experiment)",
     1},
    {"time", KEY_TIME, "DURATION", 0,
     "stop after this time, between two turns", 1},
    {0, 0, 0, 0, "What:", 2},
    {"experiment", 'e', "NAME", 0,
     "only this one; may be repeated; there are clients, churn, idle, "
     "fairness, stall, lap, size, work, rate, memory, syscalls; and, "
     "taking long and "
     "so only when asked for by name, held (10,000 connections at once) "
     "and million (as many as the machine holds)",
     2},
    {"clients", KEY_CLIENTS, "N", 0, "held and million: hold N connections",
     2},
    {"models", KEY_MODELS, "LIST", 0,
     "only these, with commas between; all: every server of the suite "
     "(default: those without a slash)",
     2},
    {"server", KEY_SERVER, "NAME=COMMAND", 0,
     "a server of your own takes part; {port} in the command becomes its "
     "port",
     2},
    {"peers", KEY_PEERS, "LIST", OPTION_ARG_OPTIONAL,
     "servers of other libraries and languages take part, where they are "
     "installed; with LIST, these of them",
     2},
    {"reference", KEY_REFERENCE, "MODEL", 0,
     "compare everybody with this one (default epoll, or the first)", 2},
    {"against", KEY_AGAINST, "REV|DIR", 0,
     "compare each model with another version of itself: a git revision, "
     "or a directory where it is built",
     2},
    {0, 0, 0, 0, "Else:", 3},
    {"out", 'o', "DIR", 0, "write here (default bench/results/DATE-TIME)",
     3},
    {"seed", KEY_SEED, "N", 0, "order of the turns (default: the time)", 3},
    {0},
};

static void add_experiment(struct settings *settings, const char *name,
                           struct argp_state *state)
{
    const struct experiment *one = experiment_find(name);
    char known[256] = "";

    for (size_t i = 0; i < nexperiments; i++)
        snprintf(known + strlen(known), sizeof(known) - strlen(known),
                 " %s", experiments[i]->name);
    if (one == NULL)
        argp_error(state,
                   "--experiment %s: no such experiment; there "
                   "are:%s",
                   name, known);
    for (size_t i = 0; i < settings->nwanted; i++)
        if (settings->wanted[i] == one)
            return;
    settings->wanted[settings->nwanted++] = one;
}

static uint64_t duration(struct argp_state *state, const char *name,
                         const char *arg, uint64_t min_ns, uint64_t max_ns)
{
    uint64_t ns = 0;

    if (options_duration_ns(arg, max_ns, &ns) == -1 || ns < min_ns)
        argp_error(state,
                   "--%s %s: a duration from %g s to %g s is accepted, a "
                   "number and ns, us, ms, s or min",
                   name, arg, (double)min_ns / 1e9, (double)max_ns / 1e9);
    return ns;
}

static void add_server(struct settings *settings, char *arg,
                       struct argp_state *state)
{
    const char **more = realloc(settings->servers,
                                (settings->nservers + 1) * sizeof(*more));

    if (more == NULL) {
        argp_failure(state, EXIT_FAILURE, errno, "--server %s", arg);
        return;
    }
    more[settings->nservers++] = arg;
    settings->servers = more;
}

static void set_held(struct settings *settings, const char *arg,
                     struct argp_state *state)
{
    long held;

    if (options_number(arg, 1, HELD_MAX, &held) == -1)
        argp_error(state, "--clients %s: a number from 1 to %d is accepted",
                   arg, HELD_MAX);
    settings->held = (unsigned)held;
}

/* Is one of those wanted that must be asked for by name? */
static bool wants_long(const struct settings *settings)
{
    for (size_t i = 0; i < settings->nwanted; i++)
        if (settings->wanted[i]->by_name)
            return true;
    return false;
}

static void add_usual(struct settings *settings)
{
    for (size_t i = 0; i < nexperiments; i++)
        if (!experiments[i]->by_name)
            settings->wanted[settings->nwanted++] = experiments[i];
}

static bool has_point(const struct experiment *one, enum budget budget)
{
    for (size_t i = 0; i < POINTS; i++)
        if (one->points[i].blocks[budget] > 0)
            return true;
    return false;
}

static void finish(struct settings *settings, struct argp_state *state)
{
    static const uint64_t time_s[BUDGETS] = {54, 285, 3600};

    for (size_t i = 0; i < settings->nwanted; i++)
        if (!has_point(settings->wanted[i], settings->budget))
            argp_error(state,
                       "%s has no point in --quick; leave --quick out",
                       settings->wanted[i]->name);
    if (settings->held > 0 && !wants_long(settings))
        argp_error(state, "--clients: only with --experiment held or "
                          "million");
    if (settings->nwanted == 0)
        add_usual(settings);
    if (settings->time_ns == 0)
        settings->time_ns = NS_PER_S * (wants_long(settings)
                                            ? time_s[BUDGET_FULL]
                                            : time_s[settings->budget]);
}

static void set_seed(struct settings *settings, const char *arg,
                     struct argp_state *state)
{
    long seed;

    if (options_number(arg, 0, INT32_MAX, &seed) == -1)
        argp_error(state, "--seed %s: a number from 0 to %d is accepted",
                   arg, INT32_MAX);
    settings->seed = (uint64_t)seed;
}

static void set_budget(struct settings *settings, enum budget budget,
                       struct argp_state *state)
{
    if (settings->budget != BUDGET_DEFAULT && settings->budget != budget)
        argp_error(state, "--quick, --full: one of them is accepted");
    settings->budget = budget;
}

static error_t take_length(int key, const char *arg,
                           struct argp_state *state,
                           struct settings *settings)
{
    switch (key) {
    case KEY_QUICK:
        set_budget(settings, BUDGET_QUICK, state);
        return 0;
    case KEY_FULL:
        set_budget(settings, BUDGET_FULL, state);
        return 0;
    case KEY_TURN:
        settings->turn_ms = (unsigned)(duration(state, "turn", arg,
                                                10 * NS_PER_MS, NS_PER_S) /
                                       NS_PER_MS);
        return 0;
    case KEY_TIME:
        settings->time_ns = duration(state, "time", arg, NS_PER_S,
                                     86400 * NS_PER_S);
        return 0;
    case KEY_SEED:
        set_seed(settings, arg, state);
        return 0;
    case KEY_CLIENTS:
        set_held(settings, arg, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
    struct settings *settings = state->input;

    switch (key) {
    case 'e':
        add_experiment(settings, arg, state);
        return 0;
    case KEY_MODELS:
        settings->models = arg;
        return 0;
    case KEY_SERVER:
        add_server(settings, arg, state);
        return 0;
    case KEY_PEERS:
        settings->peers = arg != NULL ? arg : "all";
        return 0;
    case KEY_REFERENCE:
        settings->reference = arg;
        return 0;
    case KEY_AGAINST:
        settings->against = arg;
        return 0;
    case 'o':
        settings->out = arg;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: only options are accepted", arg);
        return 0;
    case ARGP_KEY_END:
        finish(settings, state);
        return 0;
    default:
        return take_length(key, arg, state, settings);
    }
}

struct settings settings_parse(int argc, char **argv)
{
    static char script[] = "bench/run";
    const struct argp argp = {
        .options = table,
        .parser = take_option,
        .doc = about,
    };
    struct settings settings = {
        .budget = BUDGET_DEFAULT,
        .seed = (uint64_t)time(NULL),
    };

    arguments_parse(&argp, script, argc, argv, &settings);
    return settings;
}
