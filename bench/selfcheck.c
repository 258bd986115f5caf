/*
 * selfcheck: the benchmark of the benchmark. Started by bench/selfcheck;
 * docs/method.md says what it found.
 *
 *   delay      a server that answers after a known time is measured at it
 *   generator  against a bare loop that checks and records nothing
 *   itself     a server against itself: ratio 1
 *   slower     a server made 5 % slower is found out
 *   wire       no rate that the kernel's own counters contradict
 */
#include "bench/launcher.h"
#include "bench/measure.h"
#include "bench/metric.h"
#include "bench/participants.h"
#include "bench/verdict.h"
#include "common/clock.h"
#include "common/options.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char name[] = "bench/selfcheck";

enum {
    SLICE_MS = 120,
    TRIES = 20,
    QUADS = 12,
    TRY_S = 15,
    PAIRS = 20,
    CLIENTS = 50
};

static const double itself_most = 0.02, slower_by = 0.05;

static struct bench bench;
static double wire_most; /* over all slices */
static int failures;

static void say(bool holds, const char *what, const char *found)
{
    printf("%-5s %-34s %s\n", holds ? "holds" : "FAILS", what, found);
    fflush(stdout);
    failures += !holds;
}

static unsigned clients = CLIENTS;

static void prepare(const struct point *point, struct job *job)
{
    (void)point;
    job->clients = clients;
}

static const struct experiment experiment = {
    .name = "selfcheck",
    .prepare = prepare,
    .points = {{0, NULL, PINNED, PAIRED, {1, 1, 1}}},
};

/* One slice of a command; false when nothing came of it. */
static bool measure(const char *command, struct row *row)
{
    const struct slice slice = {.experiment = &experiment,
                                .point = &experiment.points[0]};
    struct participant who = {.name = "subject"};
    bool started;

    who.command = strdup(command);
    int result = who.command == NULL
                     ? -1
                     : bench_measure(&bench, &slice, &who, row, &started);
    free(who.command);
    if (result == -1 || strcmp(row->outcome, ROW_OK) != 0) {
        fprintf(stderr, "%s: %s: %s\n", name, command, row->note);
        return false;
    }
    wire_most = fmax(wire_most, metric_wire(row));
    return true;
}

static void check_delay(long delay_us)
{
    char command[128], what[64], found[96];
    struct row row;

    snprintf(command, sizeof(command),
             "build/bench/delay --port {port} "
             "--delay-us %ld",
             delay_us);
    clients = 1;
    double allowed_us = fmax(0.02 * (double)delay_us, 50);
    bool measured = measure(command, &row);
    double off_us = row.value[ROW_P50_US] - (double)delay_us;
    clients = CLIENTS;
    snprintf(what, sizeof(what), "delay of %ld us, within %.0f us",
             delay_us, allowed_us);
    snprintf(found, sizeof(found), "median %.1f us, %+.1f us",
             row.value[ROW_P50_US], off_us);
    say(measured && fabs(off_us) <= allowed_us, what, found);
}

static const char epoll_server[] = "build/epoll/server --port {port}";

/* The bare loop against a fresh server. NaN: it could not run. */
static double measure_bare(void)
{
    const char *const argv[] = {"build/epoll/server", "--port=0", NULL};
    const struct launch_plan plan = {.argv = argv, .cpu = bench.server_cpu};
    struct server server;
    char command[128];
    double rate = NAN;

    if (launcher_start(&server, &plan) == -1)
        return NAN;
    snprintf(command, sizeof(command), "build/bench/bare %d %d %d %d",
             server.ports[0], CLIENTS, SLICE_MS, bench.generator_cpu - 1);
    FILE *output = popen(command, "re");
    if (output == NULL || fscanf(output, "%lf", &rate) != 1)
        rate = NAN;
    if (output != NULL)
        pclose(output);
    launcher_stop(&server, 2000, NULL);
    return rate;
}

static void check_generator(void)
{
    struct quad quads[PAIRS];
    struct row rows[2];
    char found[128];
    size_t n = 0;
    double generator_us = 0;
    double server_us = 0;
    int known = 0; /* slices whose server's CPU time is known */

    for (int i = 0; i < PAIRS; i++) {
        double first = measure_bare();
        if (!measure(epoll_server, &rows[0]) ||
            !measure(epoll_server, &rows[1]))
            continue;
        quads[n++] = (struct quad){
            {first, measure_bare()},
            {metric_of(METRIC_ECHOES_PER_S, &rows[0]),
             metric_of(METRIC_ECHOES_PER_S, &rows[1])},
        };
        for (int k = 0; k < 2; k++) {
            double cpu_us = metric_of(METRIC_CPU_PER_ECHO_US, &rows[k]);
            if (isnan(cpu_us))
                continue;
            known++;
            generator_us += rows[k].value[ROW_GENERATOR_CPU_US] /
                            rows[k].value[ROW_ECHOES];
            server_us += cpu_us;
        }
    }
    struct verdict verdict = verdict_of(quads, n, 1, 0, 1);
    snprintf(found, sizeof(found), "%.3f (%.3f to %.3f, %zu pairs)",
             verdict.ratio, verdict.low, verdict.high, verdict.quads);
    say(verdict.ratio >= 0.97, "generator, 0.97 x a bare loop", found);
    snprintf(found, sizeof(found), "%.2f us, the server %.2f us",
             generator_us / known, server_us / known);
    say(generator_us <= server_us, "generator's CPU per echo <= server's",
        found);
}

/* A B B A of two commands. Returns false when a slice failed. */
static bool measure_quad(const char *a, const char *b, enum metric metric,
                         struct quad *quad)
{
    const char *const order[] = {a, b, b, a};
    double values[4];

    for (int i = 0; i < 4; i++) {
        struct row row;
        char reason[96];
        if (!measure(order[i], &row) ||
            metric_gate(metric, &row, reason, sizeof(reason)) ==
                GATE_CLOSED)
            return false;
        values[i] = metric_of(metric, &row);
    }
    *quad = (struct quad){{values[0], values[3]}, {values[1], values[2]}};
    return true;
}

/* As many pairs of either kind as fit into a try; returns how long it took.
 */
static double try_once(const char *other, enum metric metric,
                       struct verdict *itself, struct verdict *verdict)
{
    struct quad own[QUADS], pairs[QUADS];
    uint64_t begun_ns = clock_now_ns();
    size_t nown = 0;
    size_t npairs = 0;
    double took_s = 0;

    for (int i = 0; i < QUADS && took_s < TRY_S * 0.9; i++) {
        nown += measure_quad(epoll_server, epoll_server, metric,
                             &own[nown]);
        npairs += measure_quad(epoll_server, other, metric, &pairs[npairs]);
        took_s = (double)(clock_now_ns() - begun_ns) / 1e9;
    }
    double error = verdict_error(own, nown, 1);
    *itself = verdict_of(own, nown, 1, error, 1);
    *verdict = verdict_of(pairs, npairs, metric_about(metric)->better,
                          error, 1);
    return took_s;
}

/* What the tries have come to. */
struct tally {
    int tries, same, found_out;
    double longest_s, furthest;
};

static void try_all(const char *slower_server, enum metric metric,
                    struct tally *tally)
{
    struct verdict itself, slower;

    for (int i = 0; i < tally->tries; i++) {
        double took_s = try_once(slower_server, metric, &itself, &slower);
        tally->longest_s = fmax(tally->longest_s, took_s);
        tally->furthest = fmax(tally->furthest, fabs(itself.ratio - 1));
        tally->same += fabs(itself.ratio - 1) <= itself_most;
        tally->found_out += slower.word == VERDICT_WORSE;
        fprintf(stderr,
                "%s %d/%d: itself %.4f, slower %.4f (%.4f to %.4f), error "
                "%.4f, %zu pairs\n",
                metric_about(metric)->name, i + 1, tally->tries,
                itself.ratio, slower.ratio, slower.low, slower.high,
                slower.error, slower.quads);
    }
}

static void check_tries(enum metric metric, int tries)
{
    struct tally tally = {.tries = tries};
    char command[128], what[96], found[128];
    struct row row;

    if (!measure(epoll_server, &row))
        return;
    double work_ns = metric_of(METRIC_CPU_PER_ECHO_US, &row) * slower_by *
                     1e3;
    snprintf(command, sizeof(command),
             "build/epoll/server --port {port} "
             "--work cpu:%.0fns",
             work_ns);
    try_all(command, metric, &tally);
    snprintf(what, sizeof(what), "itself within 2 %%, by %s",
             metric_about(metric)->name);
    snprintf(found, sizeof(found),
             "%d of %d tries; furthest %.1f %%; at "
             "most %.1f s",
             tally.same, tries, tally.furthest * 100, tally.longest_s);
    say(tally.same * 20 >= tries * 19, what, found);
    snprintf(what, sizeof(what), "5 %% slower is found, by %s",
             metric_about(metric)->name);
    snprintf(found, sizeof(found), "%d of %d tries (--work cpu:%.0fns)",
             tally.found_out, tries, work_ns);
    say(tally.found_out * 20 >= tries * 18, what, found);
}

int main(int argc, char **argv)
{
    long tries = TRIES;
    char found[64];

    if (argc > 2 ||
        (argc == 2 && options_number(argv[1], 1, 1000, &tries) == -1)) {
        bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
        fprintf(help ? stdout : stderr,
                "Usage: bench/selfcheck [TRIES]\nMeasures the benchmark "
                "itself; %d tries by default, about 20 minutes.\n",
                TRIES);
        return help ? EXIT_SUCCESS : EXIT_USAGE;
    }
    if (bench_open(&bench, SLICE_MS * NS_PER_MS) == -1)
        fatal_errno(name, "no loopback");
    check_delay(1000);
    check_delay(5000);
    check_delay(20000);
    check_generator();
    check_tries(METRIC_ECHOES_PER_S, (int)tries);
    check_tries(METRIC_CPU_PER_ECHO_US, (int)tries);
    snprintf(found, sizeof(found), "at most %.3f of the bytes on the wire",
             wire_most);
    say(wire_most <= 1, "no rate the kernel contradicts", found);
    bench_close(&bench);
    return failures > 0;
}
