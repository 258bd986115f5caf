/*
 * selfcheck: the benchmark of the benchmark, started by bench/selfcheck.
 * docs/method.md says why each part is asked as it is, and what came out.
 */
#include "bench/check/recording.h"
#include "bench/race/arguments.h"
#include "bench/race/contestant.h"
#include "bench/record/metric.h"
#include "common/clock.h"
#include "common/lab/launcher.h"
#include "common/options.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char name[] = "bench/selfcheck";

enum { CLIENTS = 50, TRY_BLOCKS = 20, TABLE = 7, LOOPS_MAX = 2 };

static const char epoll_server[] = "build/epoll/server --port {port}";

/* 25 ms in all: eight minutes hold 240 tries of 20 blocks of two. */
static const struct turn_times short_turn = {8, 17, 1000};
static const struct turn_times turn = {10, 50, 1000};
static const struct job fifty = {.clients = CLIENTS, .bytes = 64};

static volatile sig_atomic_t stop;
static struct bench bench = {.load = "build/bench/load", .stop = &stop};
static double share = 0.5; /* of the full length of a part */
static int failures;

/* --- what was found: a table in Markdown --------------------------- */

static void say(bool holds, const char *what, const char *wanted,
                const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void say(bool holds, const char *what, const char *wanted,
                const char *format, ...)
{
    va_list args;

    printf("| %-40s | %-22s | ", what, wanted);
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
    double load = NAN;
    char date[32];

    uname(&system);
    (void)!getloadavg(&load, 1);
    strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", gmtime(&now));
    printf("%s, Linux %s, %ld cores, load average %.1f:\n\n"
           "| what | wanted | found | holds |\n|---|---|---|---|\n",
           date, system.release, sysconf(_SC_NPROCESSORS_ONLN), load);
    fflush(stdout);
}

/* --- figures ------------------------------------------------------- */

static double rate_of(const struct row *row)
{
    return metric_of(METRIC_ECHOES_PER_S, row);
}

/* The generator's processor time for an echo, in microseconds. */
static double generator_us(const struct row *row)
{
    return row->value[ROW_GENERATOR_CPU_US] / row->value[ROW_ALL_ECHOES];
}

static double generator_share(const struct row *row)
{
    return generator_us(row) / metric_of(METRIC_CPU_PER_ECHO_US, row);
}

static double half_width(const struct estimate *estimate)
{
    return fmax(estimate->high / estimate->ratio - 1,
                1 - estimate->low / estimate->ratio);
}

/* The verdicts by server CPU. NULL reference: the first of the rows. */
static bool judge_cpu(const struct rows *rows, const char *reference,
                      struct table *table)
{
    const struct spot all = {.x = NAN};

    if (judge(rows, &all, reference, METRIC_CPU_PER_ECHO_US, table) == -1)
        fatal_errno(name, "judge");
    return table->n > 0;
}

/* --- a known delay, a known stop ----------------------------------- */

/* One turn of a server; false when nothing came of it. stop_ms: it is
 * stopped so long, in the middle. */
static bool measure_once(const char *command, const struct job *job,
                         const struct turn_times *times, unsigned stop_ms,
                         struct row *row)
{
    const struct participant who = {.name = "subject",
                                    .command = (char *)command};
    const int cpus[2] = {bench.server_cpu, bench.generator_cpu};
    struct contestant one = {.who = &who, .job = job};
    json_t *latency = NULL;

    row_clear(&one.blank);
    snprintf(one.blank.outcome, ROW_NAME, ROW_OK);
    *row = one.blank;
    if (contestant_start(&one, &bench, cpus) == 0 &&
        contestant_gather(&one) == 0) {
        pid_t pid = stop_ms > 0 ? fork() : -1;
        if (pid == 0) {
            clock_rest_ms((times->window - stop_ms) / 2);
            kill(one.server.pid, SIGSTOP);
            clock_rest_ms(stop_ms);
            kill(one.server.pid, SIGCONT);
            _exit(0);
        }
        contestant_turn(&one, times, 1, row, &latency);
        if (pid > 0)
            waitpid(pid, NULL, 0);
    }
    json_decref(latency);
    bool came = !one.out && row->value[ROW_ECHOES] > 0;
    if (!came)
        fprintf(stderr, "%s: %s: %s\n", name, command, one.blank.note);
    contestant_end(&one);
    return came;
}

static double delay_off_us(long delay_us, bool awake)
{
    const struct job job = {.clients = 1, .bytes = 64, .spin = awake};
    const struct turn_times times = {50, 600, 1000};
    char command[96];
    struct row row;

    snprintf(command, sizeof(command),
             "build/bench/delay --port {port} --delay-us %ld", delay_us);
    return measure_once(command, &job, &times, 0, &row)
               ? row.value[ROW_P50_US] - (double)delay_us
               : NAN;
}

static void check_delay(void)
{
    static const long delays_us[] = {1000, 5000, 20000};

    for (size_t i = 0; i < 3; i++) {
        char what[96], wanted[64];
        double allowed_us = fmax(0.02 * (double)delays_us[i], 50);
        double off_us = delay_off_us(delays_us[i], true);
        snprintf(what, sizeof(what), "a delay of %ld ms",
                 delays_us[i] / 1000);
        snprintf(wanted, sizeof(wanted), "within %.0f us", allowed_us);
        say(fabs(off_us) <= allowed_us, what, wanted,
            "%+.1f us (median); %+.1f where the generator sleeps meanwhile",
            off_us, delay_off_us(delays_us[i], false));
    }
}

/*
 * Of ten seconds the server stands still for three. Messages that were
 * planned then wait 0 to 3 s, all times alike: the mean over all is
 * 3 * 3 / 2 / 10 s, and the share that waits longer than t is (3 - t) / 10.
 */
static void check_stall(void)
{
    const struct job job = {
        .clients = CLIENTS, .bytes = 64, .rate_per_s = 1000};
    const struct turn_times times = {0, 10000, 5000};
    struct row row;

    if (!measure_once(epoll_server, &job, &times, 3000, &row)) {
        say(false, "an open loop, stopped 3 s of 10", "measured",
            "nothing");
        return;
    }
    const struct {
        const char *what;
        double s, wanted;
    } all[] = {
        {"stopped 3 s of 10: mean", row.value[ROW_MEAN_US] / 1e6, 0.45},
        {"stopped 3 s of 10: p90", row.value[ROW_P90_US] / 1e6, 2},
        {"stopped 3 s of 10: p99", row.value[ROW_P99_US] / 1e6, 2.9},
    };
    for (size_t i = 0; i < 3; i++) {
        char wanted[32];
        snprintf(wanted, sizeof(wanted), "%.2f s, within 5 %%",
                 all[i].wanted);
        say(fabs(all[i].s / all[i].wanted - 1) <= 0.05, all[i].what, wanted,
            "%.3f s", all[i].s);
    }
}

/* --- the generator ------------------------------------------------- */

/* Beside a loop that checks and records nothing, each with a server. */
static void check_generator(void)
{
    const struct subject two[] = {
        {"bare", epoll_server, "build/bench/bare"},
        {"load", epoll_server, NULL},
    };
    struct rows rows;

    if (recording_make(&bench, two, 2, &fifty, &turn, 40 * share, &rows) ==
        -1) {
        say(false, "the generator", "measured", "nothing");
        return;
    }
    struct estimate rate = recording_compare(&rows, "load", "bare",
                                             rate_of);
    struct estimate cost = recording_compare(&rows, "load", "bare",
                                             generator_us);
    struct estimate own = recording_compare(&rows, "load", NULL,
                                            generator_share);
    say(rate.ratio >= 0.97, "rate / that of a bare loop", "0.97 at least",
        "%.3f (%.3f to %.3f, %zu blocks); CPU for an echo %.3f x its "
        "(%.3f to %.3f)",
        rate.ratio, rate.low, rate.high, rate.blocks, cost.ratio, cost.low,
        cost.high);
    say(own.low <= 1, "CPU for an echo / the server's", "not above 1",
        "%.3f (%.3f to %.3f, %zu blocks)", own.ratio, own.low, own.high,
        own.blocks);
    rows_free(&rows);
}

/* wrk's words, and our generator's. NAN: none, or with errors. */
static double run_for_rate(const char *format, int port)
{
    char command[256], line[256], pin[32] = "";
    double rate = NAN;
    bool wrong = false;

    if (bench.generator_cpu > 0)
        snprintf(pin, sizeof(pin), "taskset -c %d ",
                 bench.generator_cpu - 1);
    snprintf(command, sizeof(command), "%s%s%d", pin, format, port);
    FILE *output = popen(command, "re");
    while (output != NULL && fgets(line, sizeof(line), output) != NULL) {
        sscanf(line, "Requests/sec: %lf", &rate);
        sscanf(line, "round trips %*[^,], %lf", &rate);
        wrong |= strstr(line, "Socket errors") != NULL ||
                 strstr(line, "Non-2xx") != NULL;
    }
    if (output == NULL || pclose(output) != 0 || wrong)
        return NAN;
    return rate;
}

/* wrk counts in seconds, so the two take turns of a second. */
static void check_wrk(void)
{
    static const char wrk[] =
        "wrk -t1 -c50 -d1s -s bench/wrk.lua http://127.0.0.1:";
    static const char ours[] =
        "build/bench/load --clients=50 --duration=1s 127.0.0.1:";
    enum { PAIRS = 20 };
    const char *const argv[] = {"build/epoll/server", "--port=0", NULL};
    const struct launch_plan plan = {.argv = argv, .cpu = bench.server_cpu};
    const struct family pair = {.groups = {2}, .all = true};
    struct server server;
    double logs[PAIRS];
    size_t n = 0;

    if (system("command -v wrk >/dev/null 2>&1") != 0) {
        fprintf(stderr,
                "%s: wrk is not installed (Debian's package wrk): "
                "left out\n",
                name);
        return;
    }
    if (launcher_start(&server, &plan) == -1)
        fatal(name, "%s", server.error);
    for (int i = 0; i < PAIRS * fmax(share, 0.5); i++) {
        double its = run_for_rate(wrk, server.ports[0]);
        double our = run_for_rate(ours, server.ports[0]);
        our *= run_for_rate(ours, server.ports[0]);
        its *= run_for_rate(wrk, server.ports[0]);
        if (isfinite(our / its))
            logs[n++] = log(our / its) / 2;
    }
    launcher_stop(&server, 2000, NULL);
    struct trimmed trimmed = stats_trimmed(logs, n);
    double reach = n >= 10 ? trimmed.error * stats_max_t(&pair, n, 95)
                           : NAN;
    say(exp(trimmed.mean) >= 1.15, "rate / wrk's", "1.15 at least",
        "%.3f (%.3f to %.3f, %zu pairs)", exp(trimmed.mean),
        exp(trimmed.mean - reach), exp(trimmed.mean + reach), n);
}

/* --- equal servers ------------------------------------------------- */

/* Neighbours that take what they get of both cores. */
static void start_loops(pid_t loops[LOOPS_MAX], int n)
{
    pid_t parent = getpid();

    for (int i = 0; i < n; i++) {
        loops[i] = fork();
        if (loops[i] != 0)
            continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == parent)
            ;
        _exit(0);
    }
}

static void end_loops(const pid_t loops[LOOPS_MAX], int n)
{
    for (int i = 0; i < n; i++)
        if (loops[i] > 0) {
            kill(loops[i], SIGKILL);
            waitpid(loops[i], NULL, 0);
        }
}

/* 224 of 240, and of fewer as many by share. */
static size_t least_of(size_t tries)
{
    return (size_t)floor((double)tries * 224 / 240);
}

/* Tries of one recording. Returns how many found the last server dearer. */
static size_t count_found(const struct rows *rows, size_t servers,
                          size_t blocks, double slower, size_t *tries,
                          size_t *wrong)
{
    size_t each = 2 * servers * blocks;
    struct rng rng = {bench.seed};
    size_t found = 0;

    *tries = *wrong = 0;
    for (size_t first = 0; first + each <= rows->n; first += each) {
        struct rows part;
        struct table table;
        bool ranked = false;
        if (recording_cut(rows, first, servers, blocks, slower, &rng,
                          &part) == -1)
            fatal_errno(name, "rows");
        ++*tries;
        if (judge_cpu(&part, "server 1", &table)) {
            for (size_t i = 0; i < table.n; i++)
                ranked |= table.pairs[i].word == WORD_BETTER ||
                          table.pairs[i].word == WORD_WORSE;
            const struct estimate *last = &table.pairs[servers - 2].all;
            found += last->low > 1;
            *wrong += servers > 2 ? ranked
                                  : last->low > 1 || last->high < 1;
        }
        judge_free(&table);
        rows_free(&part);
    }
    return found;
}

static double median_width(const struct rows *rows)
{
    double widths[512];
    struct rng rng = {bench.seed};
    size_t each = 4 * TRY_BLOCKS;
    size_t n = 0;

    for (size_t first = 0; first + each <= rows->n && n < 512;
         first += each) {
        struct rows part;
        struct table table;
        if (recording_cut(rows, first, 2, TRY_BLOCKS, 1, &rng, &part) == -1)
            fatal_errno(name, "rows");
        if (judge_cpu(&part, NULL, &table))
            widths[n++] = half_width(&table.pairs[0].all);
        judge_free(&table);
        rows_free(&part);
    }
    return stats_summary(widths, n).median;
}

static void say_equal(const struct rows *rows, const char *beside)
{
    char what[96], wanted[64];
    size_t tries, wrong;

    count_found(rows, 2, TRY_BLOCKS, 1, &tries, &wrong);
    snprintf(what, sizeof(what), "itself / itself holds 1%s", beside);
    snprintf(wanted, sizeof(wanted), "%zu of %zu", least_of(tries), tries);
    say(tries > 0 && tries - wrong >= least_of(tries), what, wanted,
        "%zu of %zu; a try of %d blocks: +-%.1f %% (median)", tries - wrong,
        tries, TRY_BLOCKS, median_width(rows) * 100);
    count_found(rows, TABLE, TRY_BLOCKS, 1, &tries, &wrong);
    if (tries == 0) /* too short for one */
        return;
    snprintf(what, sizeof(what), "tables of seven equals, one ranked%s",
             beside);
    /* 5 of 240 of a rate of 1 %; of fewer, what chance may bring. */
    size_t most = 1 + tries / 60;
    snprintf(wanted, sizeof(wanted), "%zu of %zu at most", most, tries);
    say(wrong <= most, what, wanted, "%zu of %zu", wrong, tries);
}

/* What is slower by so much is found, in tries of 2 and of 10 s. Enough
 * are 9 of 10 tries of 10 s for 3 %, and all of them for more. */
static void say_power(const struct rows *rows, size_t blocks, bool asked)
{
    static const double by[] = {1.01, 1.02, 1.03, 1.05, 1.10};
    char what[64], text[160] = "";
    size_t tries = 0, wrong, found[5];

    for (size_t i = 0; i < 5; i++) {
        size_t at = strlen(text);
        found[i] = count_found(rows, 2, blocks, by[i], &tries, &wrong);
        snprintf(text + at, sizeof(text) - at, "%s%.0f %%: %zu",
                 i == 0 ? "" : ", ", by[i] * 100 - 100, found[i]);
    }
    snprintf(what, sizeof(what), "1 to 10 %% added, %zu blocks", blocks);
    say(!asked || (tries > 0 && found[2] * 10 >= tries * 9 &&
                   found[3] == tries && found[4] == tries),
        what, asked ? "3 %: 9 of 10; 5 %: all" : "", "%s of %zu tries",
        text, tries);
}

static void check_equal_beside(int loops, double seconds,
                               const char *beside)
{
    static const struct subject two[] = {{"server 1", epoll_server, NULL},
                                         {"server 2", epoll_server, NULL}};
    pid_t pids[LOOPS_MAX];
    struct rows rows;

    start_loops(pids, loops);
    int result = recording_make(&bench, two, 2, &fifty, &short_turn,
                                seconds, &rows);
    end_loops(pids, loops);
    if (result == 0) {
        say_equal(&rows, beside);
        if (loops == 0) {
            say_power(&rows, TRY_BLOCKS, false);
            say_power(&rows, 5 * TRY_BLOCKS, true);
        }
    } else {
        say(false, "equal servers", "measured", "nothing");
    }
    rows_free(&rows);
}

static void check_equal(void)
{
    check_equal_beside(0, 480 * share, "");
}

static void check_busy(void)
{
    check_equal_beside(1, 240 * share, ", one busy loop");
    check_equal_beside(2, 240 * share, ", two busy loops");
}

/* --- how narrow, and what is found live ---------------------------- */

/* The widest interval, as "+-1.2 % (threading / epoll)". */
static double find_widest(const struct rows *rows, char *text, size_t size)
{
    struct table table;
    double width = 0;

    snprintf(text, size, "nothing");
    judge_cpu(rows, NULL, &table);
    for (size_t i = 0; i < table.n; i++) {
        const struct pair *pair = &table.pairs[i];
        double own = half_width(&pair->all);
        if (own <= width)
            continue;
        width = own;
        snprintf(text, size, "+-%.1f %% at most (%s / %s: %.3f)",
                 width * 100, table.models[pair->model],
                 table.models[pair->against], pair->all.ratio);
    }
    judge_free(&table);
    return width > 0 ? width : INFINITY;
}

static void say_width(const struct subject *subjects, size_t n,
                      double seconds, double wanted, const char *what)
{
    struct rows rows;
    char text[32], found[256];

    snprintf(text, sizeof(text), "+-%.0f %%", wanted * 100);
    int result = recording_make(&bench, subjects, n, &fifty, &turn, seconds,
                                &rows);
    double width = find_widest(&rows, found, sizeof(found));
    say(result == 0 && width <= wanted, what, text, "%s, %zu blocks", found,
        recording_blocks(&rows, 2 * n));
    rows_free(&rows);
}

static void check_width(void)
{
    static const struct subject six[] = {
        {"epoll", epoll_server, NULL},
        {"select", "build/select/server --port {port}", NULL},
        {"poll", "build/select/poll --port {port}", NULL},
        {"forking", "build/forking/server --port {port}", NULL},
        {"threading", "build/threading/server --port {port}", NULL},
        {"epoll/edge", "build/epoll/edge --port {port}", NULL},
    };

    say_width(six, 2, 6, 0.02, "a pair, 50 clients, 6 s: CPU");
    say_width(six, 6, 30, 0.03, "six models, all pairs, 30 s: CPU");
}

/* A server that works 1 us for each message, and one that works 5 % of
 * what an echo costs more. Returns false when nothing can be measured. */
static bool find_slower(char *base, char *slower, size_t size)
{
    const struct turn_times times = {50, 500, 100};
    double cpu_us[5];
    struct row row;

    snprintf(base, size, "%s --work cpu:1000ns", epoll_server);
    for (size_t i = 0; i < 5; i++) {
        if (!measure_once(base, &fifty, &times, 0, &row))
            return false;
        cpu_us[i] = metric_of(METRIC_CPU_PER_ECHO_US, &row);
    }
    snprintf(slower, size, "%s --work cpu:%.0fns", epoll_server,
             1000 + 0.05 * 1e3 * stats_summary(cpu_us, 5).median);
    return true;
}

static void check_power(void)
{
    char base[96], slower[96], wanted[32];
    size_t tries = share >= 1 ? 59 : share < 0.5 ? 2 : 6;
    size_t found = 0;

    if (!find_slower(base, slower, sizeof(base))) {
        say(false, "5 % slower", "measured", "nothing");
        return;
    }
    const struct subject two[] = {{"base", base, NULL},
                                  {"slower", slower, NULL}};
    for (size_t i = 0; i < tries; i++) {
        struct rows rows;
        struct table table;
        bench.seed++;
        int result = recording_make(&bench, two, 2, &fifty, &turn, 9,
                                    &rows);
        if (judge_cpu(&rows, "base", &table) && result == 0)
            found += table.pairs[0].word == WORD_WORSE;
        judge_free(&table);
        rows_free(&rows);
    }
    snprintf(wanted, sizeof(wanted), "%zu of %zu", tries, tries);
    say(found == tries, "5 % slower is found, live, in 10 s", wanted,
        "%zu of %zu", found, tries);
}

static void check_thousand(void)
{
    static const struct subject four[] = {
        {"epoll", epoll_server, NULL},
        {"forking", "build/forking/server --port {port}", NULL},
        {"threading", "build/threading/server --port {port}", NULL},
        {"select", "build/select/server --port {port}", NULL},
    };
    const struct job job = {.clients = 1000, .bytes = 64};
    const struct turn_times times = {50, 150, 2000};
    struct rows rows;
    struct table table;
    char found[256] = "";
    size_t served = 0, ranked = 0;

    int result = recording_make(&bench, four, 4, &job, &times, 48, &rows);
    judge_cpu(&rows, "epoll", &table);
    for (size_t i = 0; i < rows.n && i < 8; i++)
        served += rows.all[i].value[ROW_SERVED] == 1000;
    for (size_t i = 0; i < table.n && table.pairs[i].against == 0; i++) {
        const struct pair *pair = &table.pairs[i];
        size_t at = strlen(found);
        ranked += pair->word != WORD_UNRANKED;
        snprintf(found + at, sizeof(found) - at, "%s%s %.2f (%.2f to %.2f)",
                 at > 0 ? ", " : "", table.models[pair->model],
                 pair->all.ratio, pair->all.low, pair->all.high);
    }
    say(result == 0 && served == 8 && ranked == 3,
        "1000 clients, four models, 48 s: CPU", "all served, all ranked",
        "%zu of 8 turns served all; %s x epoll, %zu blocks", served, found,
        recording_blocks(&rows, 8));
    judge_free(&table);
    rows_free(&rows);
}

/* --- whom did we measure? ------------------------------------------ */

static void say_refused(const char *what, const char *script,
                        const char *words)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    const struct launch_plan plan = {.argv = argv, .ready_ms = 1000};
    struct server server;
    int result = launcher_start(&server, &plan);

    say(result == -1 && strstr(server.error, words) != NULL, what,
        "refused, and named", "%s",
        result == -1 ? server.error : "it was taken for the server");
    launcher_kill(&server);
}

/* In a network of its own, where a client can have that port alone. */
static void check_oneself(void)
{
    enum { REFUSED = 8, TAKEN = 9 };
    int status = system(
        "unshare -rn sh -c 'ip link set lo up && echo 5050 5050 "
        ">/proc/sys/net/ipv4/ip_local_port_range || exit 1; "
        "build/bench/load --duration=1s 127.0.0.1:5050 2>/dev/null "
        "| grep -q \"refused 10\" && exit 8; exit 9' 2>/dev/null");

    if (WEXITSTATUS(status) == REFUSED || WEXITSTATUS(status) == TAKEN)
        say(WEXITSTATUS(status) == REFUSED, "a client that reaches itself",
            "refused, and named", "%s",
            WEXITSTATUS(status) == REFUSED ? "10 of 10 refused"
                                           : "it was taken for a server");
    else
        fprintf(stderr,
                "%s: a network of its own can't be made (unshare, ip): a "
                "client that reaches itself is left out\n",
                name);
}

static void check_whom(void)
{
    const char *const argv[] = {"build/epoll/server", "--port=0", NULL};
    const struct launch_plan plan = {.argv = argv};
    struct server stale;
    char script[128], holder[32];

    if (launcher_start(&stale, &plan) == -1)
        fatal(name, "%s", stale.error);
    snprintf(script, sizeof(script),
             "echo listening 127.0.0.1:%d; exec sleep 100", stale.ports[0]);
    snprintf(holder, sizeof(holder), "(pid %d)", stale.pid);
    say_refused("a server from before has the port", script, holder);
    launcher_stop(&stale, 2000, NULL);
    snprintf(script, sizeof(script),
             "echo listening 127.0.0.1:%d; exec sleep 100",
             launcher_free_port());
    say_refused("nobody listens there", script, "nobody");
    check_oneself();
}

/* --- all of it ----------------------------------------------------- */

static struct part {
    const char *name;
    void (*check)(void);
    double seconds; /* about, in full; fixed_s do not shrink */
    double fixed_s;
    bool wanted;
} parts[] = {
    {"whom", check_whom, 0, 3, false},
    {"delay", check_delay, 0, 8, false},
    {"stall", check_stall, 0, 12, false},
    {"generator", check_generator, 40, 2, false},
    {"wrk", check_wrk, 0, 50, false},
    {"width", check_width, 0, 40, false},
    {"thousand", check_thousand, 0, 56, false},
    {"power", check_power, 120, 8, false},
    {"equal", check_equal, 480, 8, false},
    {"busy", check_busy, 480, 8, false},
};
enum { PARTS = sizeof(parts) / sizeof(parts[0]) };

enum { KEY_QUICK = 256, KEY_FULL };

static void choose(struct argp_state *state, const char *arg)
{
    for (size_t i = 0; i < PARTS; i++)
        if (strcmp(parts[i].name, arg) == 0) {
            parts[i].wanted = true;
            return;
        }
    argp_error(state,
               "%s: no such part; there are: whom delay stall generator "
               "wrk width thousand power equal busy",
               arg);
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
    switch (key) {
    case KEY_QUICK:
        share = 0.125;
        return 0;
    case KEY_FULL:
        share = 1;
        return 0;
    case 'p':
    case ARGP_KEY_ARG:
        choose(state, arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void parse(int argc, char **argv)
{
    static const struct argp_option table[] = {
        {"part", 'p', "NAME", 0, "this part alone; may be repeated", 0},
        {"quick", KEY_QUICK, 0, 0, "an eighth of the recordings", 0},
        {"full", KEY_FULL, 0, 0, "all of them: twice the default", 0},
        {0},
    };
    static const char about[] =
        "Measures the benchmark itself; 12 minutes.\v"
        "The parts:\n"
        "  whom       whose port is it, and do we talk to ourselves?\n"
        "  delay      a server that answers after a known time\n"
        "  stall      an open loop whose server stands still 3 s of 10\n"
        "  generator  against a loop that checks and records nothing, and "
        "against the server\n"
        "  wrk        against wrk, where it is installed\n"
        "  width      how narrow intervals are after 6 and 30 s\n"
        "  thousand   four models with 1000 clients each\n"
        "  power      5 % slower, live, 10 s a try (59 tries in full)\n"
        "  equal      a recording of two equal servers, cut into tries; "
        "and what of 1 to 10 % added would be found\n"
        "  busy       the same beside one and two busy loops\n"
        "The result, on standard output, is a table in Markdown.\n\n"
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
    bool all = true;

    for (size_t i = 0; i < PARTS; i++)
        all &= !parts[i].wanted;
    for (size_t i = 0; i < PARTS; i++) {
        parts[i].wanted |= all;
        if (parts[i].wanted)
            seconds += parts[i].seconds * share + parts[i].fixed_s;
    }
    fprintf(stderr, "%s: about %.0f s\n", name, seconds);
}

int main(int argc, char **argv)
{
    parse(argc, argv);
    if (bench_find_cores(&bench) == -1)
        fatal_errno(name, "sched_getaffinity");
    bench.begun_ns = bench.seed = clock_now_ns();
    announce();
    say_head();
    for (size_t i = 0; i < PARTS; i++)
        if (parts[i].wanted)
            parts[i].check();
    return failures > 0;
}
