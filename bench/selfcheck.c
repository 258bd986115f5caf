/*
 * selfcheck: the benchmark of the benchmark, started by bench/selfcheck.
 * docs/method.md says why each part is asked as it is, and what came out.
 */
#include "bench/race/arguments.h"
#include "bench/race/contestant.h"
#include "bench/race/participants.h"
#include "bench/record/metric.h"
#include "bench/record/stats.h"
#include "bench/record/verdict.h"
#include "common/clock.h"
#include "common/lab/launcher.h"
#include "common/options.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static char name[] = "bench/selfcheck";

enum {
    SLICE_MS = 120,
    WRK_MS = 1000, /* wrk counts in seconds */
    TRIES = 20,
    TRY_S = 15, /* the most that one try may take */
    QUADS_MAX = 48,
    CLIENTS = 50, /* as in the commands of wrk and bare below */
};

static const char epoll_server[] = "build/epoll/server --port {port}";

static struct bench bench = {.load = "build/bench/load"};
static long tries = TRIES;
static int failures;
static unsigned turn_ms = SLICE_MS;

/* --- what was found: a table in Markdown --------------------------- */

static void say(bool holds, const char *what, const char *wanted,
                const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void say(bool holds, const char *what, const char *wanted,
                const char *format, ...)
{
    va_list args;

    printf("| %-34s | %-20s | ", what, wanted);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf(" | %s |\n", holds ? "yes" : "**no**");
    fflush(stdout);
    failures += !holds;
}

static void say_head(void)
{
    struct utsname system;
    time_t now = time(NULL);
    char date[32];

    uname(&system);
    strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", gmtime(&now));
    printf("%s, Linux %s, %ld cores:\n\n"
           "| what | wanted | found | holds |\n|---|---|---|---|\n",
           date, system.release, sysconf(_SC_NPROCESSORS_ONLN));
    fflush(stdout);
}

/* --- slices -------------------------------------------------------- */

static bool spin; /* the generator is not to sleep */

/* One turn of a command; false when nothing came of it. */
static bool measure(const char *command, unsigned clients, struct row *row)
{
    char text[256];
    const struct participant who = {.name = "subject", .command = text};
    const struct job job = {.clients = clients, .bytes = 64, .spin = spin};
    const struct turn_times times = {20, turn_ms, 1000};
    const int cpus[2] = {bench.server_cpu, bench.generator_cpu};
    struct contestant one = {.who = &who, .job = &job};
    json_t *latency = NULL;

    snprintf(text, sizeof(text), "%s", command);
    row_clear(&one.blank);
    snprintf(one.blank.outcome, sizeof(one.blank.outcome), ROW_OK);
    *row = one.blank;
    if (contestant_start(&one, &bench, cpus) == 0 &&
        contestant_gather(&one) == 0)
        contestant_turn(&one, &times, 1, row, &latency);
    json_decref(latency);
    contestant_end(&one);
    if (!(row->value[ROW_ECHOES] > 0) ||
        strcmp(row->outcome, ROW_OK) != 0) {
        fprintf(stderr, "%s: %s: %s\n", name, command,
                one.out ? one.blank.note : row->note);
        return false;
    }
    return true;
}

/* CPU time of the generator for a round trip. */
static double generator_us(const struct row *row)
{
    return row->value[ROW_GENERATOR_CPU_US] / row->value[ROW_ECHOES];
}

/* --- delay --------------------------------------------------------- */

/* How much more than the delay was measured, in microseconds. */
static double delay_off_us(long delay_us, bool awake)
{
    char command[96];
    struct row row;

    snprintf(command, sizeof(command),
             "build/bench/delay --port {port} --delay-us %ld", delay_us);
    spin = awake;
    const bool came = measure(command, 1, &row);
    spin = false;
    return came ? row.value[ROW_P50_US] - (double)delay_us : NAN;
}

static void check_one_delay(long delay_us)
{
    char what[64], wanted[32];
    double allowed_us = fmax(0.02 * (double)delay_us, 50);
    double off_us = delay_off_us(delay_us, true);

    snprintf(what, sizeof(what), "a delay of %ld ms", delay_us / 1000);
    snprintf(wanted, sizeof(wanted), "within %.0f us", allowed_us);
    say(fabs(off_us) <= allowed_us, what, wanted,
        "%+.1f us (median); %+.1f where the generator sleeps meanwhile",
        off_us, delay_off_us(delay_us, false));
}

static void check_delay(void)
{
    check_one_delay(1000);
    check_one_delay(5000);
    check_one_delay(20000);
}

/* --- another generator, on the core of ours ------------------------ */

struct rival {
    const char *command; /* the port follows */
    const char *what, *wanted;
    unsigned slice_ms, warmup_ms;
    int pairs;
    double least; /* our rate over its */
};

struct rival_slice {
    double rate;   /* round trips a second; NaN: none */
    double cpu_us; /* of it, for a round trip */
};

static double children_us(void)
{
    struct rusage used;

    getrusage(RUSAGE_CHILDREN, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

/* wrk's words, and bare's. */
static double read_rate(FILE *output)
{
    char line[256];
    double rate = NAN;
    bool wrong = false;

    while (fgets(line, sizeof(line), output) != NULL) {
        sscanf(line, "Requests/sec: %lf", &rate);
        wrong |= strstr(line, "Socket errors") != NULL ||
                 strstr(line, "Non-2xx") != NULL;
    }
    return wrong ? NAN : rate;
}

/* Against a server of its own, as ours has one. */
static struct rival_slice measure_rival(const struct rival *rival)
{
    const char *const argv[] = {"build/epoll/server", "--port=0", NULL};
    const struct launch_plan plan = {.argv = argv, .cpu = bench.server_cpu};
    struct rival_slice slice = {NAN, NAN};
    struct server server;
    char pin[32] = "", command[256];

    if (launcher_start(&server, &plan) == -1)
        return slice;
    if (bench.generator_cpu > 0)
        snprintf(pin, sizeof(pin), "taskset -c %d ",
                 bench.generator_cpu - 1);
    snprintf(command, sizeof(command), "%s%s%d", pin, rival->command,
             server.ports[0]);
    double before_us = children_us();
    FILE *output = popen(command, "re");
    if (output != NULL) {
        slice.rate = read_rate(output);
        pclose(output);
        slice.cpu_us = (children_us() - before_us) /
                       (slice.rate * (rival->slice_ms + rival->warmup_ms) /
                        1e3);
    }
    launcher_stop(&server, 2000, NULL);
    return slice;
}

static void compare(const struct rival *rival)
{
    struct quad rates[QUADS_MAX], costs[QUADS_MAX];
    struct row rows[2];
    size_t n = 0;

    turn_ms = rival->slice_ms;
    for (int i = 0; i < rival->pairs; i++) {
        struct rival_slice first = measure_rival(rival);
        if (!measure(epoll_server, CLIENTS, &rows[0]) ||
            !measure(epoll_server, CLIENTS, &rows[1]))
            continue;
        struct rival_slice last = measure_rival(rival);
        rates[n] = (struct quad){{first.rate, last.rate}, {0}};
        costs[n] = (struct quad){{first.cpu_us, last.cpu_us}, {0}};
        for (int k = 0; k < 2; k++) {
            rates[n].model[k] = metric_of(METRIC_ECHOES_PER_S, &rows[k]);
            costs[n].model[k] = generator_us(&rows[k]);
        }
        n++;
    }
    turn_ms = SLICE_MS;
    struct verdict rate = verdict_of(rates, n, 1, 0, 1);
    struct verdict cost = verdict_of(costs, n, -1, 0, 1);
    say(rate.ratio >= rival->least, rival->what, rival->wanted,
        "%.3f (%.3f to %.3f, %zu pairs); CPU for a round trip %.3f x its",
        rate.ratio, rate.low, rate.high, rate.quads, cost.ratio);
}

static void check_bare(void)
{
    static const struct rival bare = {
        .command = "build/bench/bare 50 120 ",
        .what = "rate / that of a bare loop",
        .wanted = "0.97 at least",
        .slice_ms = SLICE_MS,
        .warmup_ms = 50,
        .pairs = 20,
        .least = 0.97,
    };

    compare(&bare);
}

static void check_wrk(void)
{
    static const struct rival wrk = {
        .command = "wrk -t1 -c50 -d1s -s bench/wrk.lua http://127.0.0.1:",
        .what = "rate / wrk's",
        .wanted = "1.15 at least",
        .slice_ms = WRK_MS,
        .pairs = 10,
        .least = 1.15,
    };

    if (system("command -v wrk >/dev/null 2>&1") == 0)
        compare(&wrk);
    else
        fprintf(stderr,
                "%s: wrk is not installed (Debian's package wrk): left "
                "out\n",
                name);
}

/* --- the generator's CPU time -------------------------------------- */

static void exchange_cores(void)
{
    int core = bench.server_cpu;

    bench.server_cpu = bench.generator_cpu;
    bench.generator_cpu = core;
}

/* Once this way and once that: interrupts may prefer a core. */
static void check_cpu(void)
{
    enum { PAIRS = 20 };
    struct quad quads[PAIRS] = {0};
    struct row row;

    for (int i = 0; i < PAIRS * 2; i++) {
        struct quad *quad = &quads[i / 2];
        exchange_cores();
        if (!measure(epoll_server, CLIENTS, &row))
            continue;
        quad->reference[i % 2] = metric_of(METRIC_CPU_PER_ECHO_US, &row);
        quad->model[i % 2] = generator_us(&row);
    }
    struct verdict verdict = verdict_of(quads, PAIRS, -1, 0, 1);
    say(verdict.low <= 1, "CPU for an echo / the server's", "not above 1",
        "%.3f (%.3f to %.3f, %zu pairs)", verdict.ratio, verdict.low,
        verdict.high, verdict.quads);
}

/* --- a server against itself, and against a slower one ------------- */

static const double itself_most = 0.02, slower_by = 0.05;

/* What the same slices are judged by. */
static struct finding {
    enum metric metric;
    const char *by;
    long same, found;
    double furthest;
} findings[] = {
    {.metric = METRIC_ECHOES_PER_S, .by = "rate"},
    {.metric = METRIC_CPU_PER_ECHO_US, .by = "server CPU"},
};
enum { WAYS = sizeof(findings) / sizeof(findings[0]) };

struct quads {
    struct quad by[WAYS][QUADS_MAX];
    size_t n;
};

/* The server works a microsecond for each message, so that it is the limit,
 * not the generator: what makes it 5 % slower takes 5 % of its rate. */
static const double base_ns = 1000;
static char server[96], slower[96];
static double slower_ns, longest_s;

/* A B B A of two commands, noted behind the others. */
static void measure_quad(const char *a, const char *b, struct quads *quads)
{
    const char *const order[] = {a, b, b, a};
    double values[WAYS][4];
    char reason[96];

    for (int i = 0; i < 4; i++) {
        struct row row;
        if (!measure(order[i], CLIENTS, &row))
            return;
        for (size_t k = 0; k < WAYS; k++) {
            if (metric_gate(findings[k].metric, &row, reason,
                            sizeof(reason)) == GATE_CLOSED)
                return;
            values[k][i] = metric_of(findings[k].metric, &row);
        }
    }
    for (size_t k = 0; k < WAYS; k++)
        quads->by[k][quads->n] = (struct quad){
            {values[k][0], values[k][3]}, {values[k][1], values[k][2]}};
    quads->n++;
}

/* As many as fit into a try. */
static void gather(const char *a, const char *b, struct quads *quads)
{
    const uint64_t begun_ns = clock_now_ns();
    double took_s = 0;

    quads->n = 0;
    for (int k = 0; k < QUADS_MAX && took_s * (k + 1) <= (double)TRY_S * k;
         k++) {
        measure_quad(a, b, quads);
        took_s = (double)(clock_now_ns() - begun_ns) / 1e9;
    }
    longest_s = fmax(longest_s, took_s);
}

static void judge(struct finding *one, const struct quad *own, size_t nown,
                  const struct quad *pairs, size_t npairs)
{
    double error = verdict_error(own, nown, 1);
    double itself = verdict_of(own, nown, 1, error, 1).ratio;
    struct verdict verdict = verdict_of(
        pairs, npairs, metric_about(one->metric)->better, error, 1);

    one->furthest = fmax(one->furthest, fabs(itself - 1));
    one->same += fabs(itself - 1) <= itself_most;
    one->found += verdict.word == VERDICT_WORSE;
    fprintf(stderr,
            "  by %s: itself %.4f; slower %.4f (%.4f to %.4f), error %.4f; "
            "%zu and %zu pairs\n",
            one->by, itself, verdict.ratio, verdict.low, verdict.high,
            error, nown, verdict.quads);
}

/* Finds what is 5 % of an echo. False when nothing can be measured. */
static bool set_servers(void)
{
    enum { SLICES = 5 };
    double cpu_us[SLICES];
    struct row row;

    snprintf(server, sizeof(server), "%s --work cpu:%.0fns", epoll_server,
             base_ns);
    for (int i = 0; i < SLICES; i++) {
        if (!measure(server, CLIENTS, &row))
            return false;
        cpu_us[i] = metric_of(METRIC_CPU_PER_ECHO_US, &row);
    }
    slower_ns = stats_summary(cpu_us, SLICES).median * 1e3 * slower_by;
    snprintf(slower, sizeof(slower), "%s --work cpu:%.0fns", epoll_server,
             base_ns + slower_ns);
    return true;
}

static void check_tries(void)
{
    static struct quads own, pairs;
    char what[64];

    const bool measurable = set_servers();
    for (long i = 1; measurable && i <= tries; i++) {
        fprintf(stderr, "try %ld of %ld\n", i, tries);
        gather(server, server, &own);
        gather(server, slower, &pairs);
        for (size_t k = 0; k < WAYS; k++)
            judge(&findings[k], own.by[k], own.n, pairs.by[k], pairs.n);
    }
    for (size_t k = 0; k < WAYS; k++) {
        const struct finding *one = &findings[k];
        snprintf(what, sizeof(what), "itself / itself, by %s", one->by);
        say(one->same * 20 >= tries * 19, what, "within 2 %, 19 of 20",
            "%ld of %ld; the furthest off by %.1f %%; a try took %.1f s",
            one->same, tries, one->furthest * 100, longest_s);
        snprintf(what, sizeof(what), "5 %% slower is found, by %s",
                 one->by);
        say(one->found * 20 >= tries * 18, what, "18 of 20",
            "%ld of %ld; 5 %% were %.0f ns", one->found, tries, slower_ns);
    }
}

/* --- all of it ----------------------------------------------------- */

static struct part {
    const char *name;
    void (*check)(void);
    double seconds; /* about; `per_try` of these for each */
    bool per_try, wanted;
} parts[] = {
    {"delay", check_delay, 2, false, false},
    {"bare", check_bare, 30, false, false},
    {"wrk", check_wrk, 55, false, false},
    {"cpu", check_cpu, 15, false, false},
    {"tries", check_tries, 2 * TRY_S, true, false},
};
enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

static void choose(struct argp_state *state, const char *arg)
{
    for (size_t i = 0; i < PARTS; i++)
        if (strcmp(parts[i].name, arg) == 0) {
            parts[i].wanted = true;
            return;
        }
    argp_error(state,
               "%s: no such part; there are: delay bare wrk cpu tries",
               arg);
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
    switch (key) {
    case 't':
        if (options_number(arg, 1, 1000, &tries) == -1)
            argp_error(state,
                       "--tries %s: a number from 1 to 1000 is accepted",
                       arg);
        return 0;
    case ARGP_KEY_ARG:
        choose(state, arg);
        return 0;
    case ARGP_KEY_NO_ARGS:
        for (size_t i = 0; i < PARTS; i++)
            parts[i].wanted = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void parse(int argc, char **argv)
{
    static const struct argp_option table[] = {
        {"tries", 't', "N", 0, "so many tries (default 20)", 0},
        {0},
    };
    static const char about[] =
        "Measures the benchmark itself; 12 minutes on a quiet machine.\v"
        "PART is one or more of these, all when none is named:\n"
        "  delay  a server that answers after a known time\n"
        "  bare   the generator's rate against a loop's that checks and "
        "records nothing\n"
        "  wrk    the same against wrk, where it is installed\n"
        "  cpu    the generator's CPU time for an echo against the "
        "server's\n"
        "  tries  a server against itself, and against one 5 % slower\n"
        "In all of them no rate may be more than the kernel's counters "
        "allow. The result, on standard output, is a table in Markdown.\n\n"
        "Exit status: 0 all holds; 1 something does not, or could not be "
        "measured; 2 wrong usage.";
    const struct argp argp = {
        .options = table,
        .parser = take_option,
        .args_doc = "[PART...]",
        .doc = about,
    };

    arguments_parse(&argp, name, argc, argv, NULL);
}

static void announce(void)
{
    double seconds = 0;

    for (size_t i = 0; i < PARTS; i++)
        if (parts[i].wanted)
            seconds += parts[i].seconds *
                       (parts[i].per_try ? (double)tries : 1);
    fprintf(stderr, "%s: about %.0f s\n", name, seconds);
}

int main(int argc, char **argv)
{
    parse(argc, argv);
    if (bench_find_cores(&bench) == -1)
        fatal_errno(name, "sched_getaffinity");
    announce();
    say_head();
    for (size_t i = 0; i < PARTS; i++)
        if (parts[i].wanted)
            parts[i].check();
    return failures > 0;
}
