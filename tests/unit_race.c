/* bench/race: servers in blocks of turns, and servers that fail there. */
#include "bench/race/visit.h"
#include "common/clock.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCKS_RUN = 12 };

static volatile sig_atomic_t stop;
static struct participants who;
static struct progress progress;
static struct bench bench = {
    .load = "build/bench/load",
    .progress = &progress,
    .stop = &stop,
};
static char dir[] = "/tmp/suite-race-XXXXXX";
static struct rows rows;
static struct visited visited;

static void open_dir(void)
{
    char raw[64];

    cr_assert_not_null(mkdtemp(dir));
    snprintf(raw, sizeof(raw), "%s/raw", dir);
    cr_assert(mkdir(raw, 0777) == 0);
    progress_begin(&progress, 10);
    bench.begun_ns = clock_now_ns();
    bench.end_ns = bench.begun_ns + 60 * NS_PER_S;
    cr_assert(participants_add(&who, "build", "select,epoll", "") == 0,
              "%s", who.error);
    who.all[0].reference = who.all[1].reference = 1;
}

static void remove_dir(void)
{
    static const char *const names[] = {
        "/raw/race.csv", "/raw/race.latency.csv", "/raw", ""};
    char path[64];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s%s", dir, names[i]);
        remove(path);
    }
    rows_free(&rows);
    participants_free(&who);
}

TestSuite(race, .init = open_dir, .fini = remove_dir, .timeout = 100);

static void add_bad(const char *fault)
{
    char text[64];

    snprintf(text, sizeof(text), "bad=build/tests/badserver %s # {port}",
             fault);
    cr_assert(participants_add_command(&who, text) == 0, "%s", who.error);
    *strchr(who.all[who.n - 1].command, '#') = '\0';
    who.all[who.n - 1].reference = 1;
}

static void prepare_four(const struct point *point, struct job *job)
{
    (void)point;
    job->clients = 4;
}

static void prepare_rate(const struct point *point, struct job *job)
{
    job->clients = 4;
    job->rate_per_s = point->x;
}

/* Races all participants, and reads the rows back. */
static int run(void (*prepare)(const struct point *, struct job *),
               unsigned blocks)
{
    const struct experiment experiment = {
        .name = "race",
        .points = {{1000, NULL, FREE, 20, {1, 1, 1}}},
        .prepare = prepare,
    };
    struct visit visit = {
        .experiment = &experiment,
        .point = &experiment.points[0],
        .who = &who,
        .number = 1,
        .blocks = blocks,
        .end_ns = bench.end_ns,
        .last_ns = bench.end_ns,
    };
    struct store store;
    char path[64], error[256];

    for (size_t i = 0; i < who.n; i++)
        visit.group.members[visit.group.n++] = i;
    cr_assert(store_open(&store, dir, "race") == 0);
    int result = visit_measure(&visit, &bench, &store, &visited);
    cr_assert(store_close(&store) == 0);
    snprintf(path, sizeof(path), "%s/raw/race.csv", dir);
    cr_assert(rows_read(&rows, path, error, sizeof(error)) == 0, "%s",
              error);
    return result;
}

static bool is(const struct row *row, const char *model,
               const char *outcome)
{
    return (model == NULL || strcmp(row->model, model) == 0) &&
           (outcome == NULL || strcmp(row->outcome, outcome) == 0);
}

static size_t count(const char *model, const char *outcome)
{
    size_t n = 0;

    for (size_t i = 0; i < rows.n; i++)
        n += rows.all[i].value[ROW_BLOCK] > 0 &&
             is(&rows.all[i], model, outcome);
    return n;
}

/* The row that says why the bad one is out. */
static const struct row *fault_of(const char *model)
{
    for (size_t i = 0; i < rows.n; i++)
        if (is(&rows.all[i], model, ROW_FAILED))
            return &rows.all[i];
    cr_assert_fail("%s has not failed", model);
    return NULL;
}

/*
 * The others' blocks went on until the end. A machine that is busy may
 * spoil some of them; they are spoilt, not failed.
 */
static void expect_others(void)
{
    static const char *const others[] = {"epoll", "select"};
    double last = 0;

    for (size_t i = 0; i < 2; i++) {
        cr_assert(count(others[i], ROW_FAILED) == 0);
        cr_assert(count(others[i], ROW_OK) >= BLOCKS_RUN);
    }
    for (size_t i = 0; i < rows.n; i++)
        last = fmax(last, rows.all[i].value[ROW_BLOCK]);
    cr_assert(last == BLOCKS_RUN);
}

static bool has_note(const struct row *row, const char *what)
{
    return strncmp(row->note, "turn ", 5) == 0 &&
           strstr(row->note, what) != NULL;
}

/* The row at another place of the same block. */
static const struct row *at_place(const struct row *row, double place)
{
    for (size_t i = 0; i < rows.n; i++)
        if (rows.all[i].value[ROW_BLOCK] == row->value[ROW_BLOCK] &&
            rows.all[i].value[ROW_PLACE] == place)
            return &rows.all[i];
    cr_assert_fail("block %g has no place %g", row->value[ROW_BLOCK],
                   place);
    return NULL;
}

/* A busy machine may spoil a block, or leave a window without an echo. */
Test(race, goes_forwards_and_backwards_in_each_block)
{
    cr_assert(run(prepare_four, 8) == 0);
    cr_assert(count(NULL, ROW_OK) >= 4);
    for (size_t i = 0; i < rows.n; i++) {
        const struct row *row = &rows.all[i];
        const double *v = row->value;
        if (strcmp(row->outcome, ROW_OK) != 0)
            continue;
        cr_assert_str_eq(row->model,
                         at_place(row, 5 - v[ROW_PLACE])->model);
        cr_assert(v[ROW_BLOCK] >= 1 && v[ROW_BLOCK] <= 8);
        cr_assert(v[ROW_SERVED] == 4);
        cr_assert(v[ROW_ALL_ECHOES] >= 4);
        cr_assert(v[ROW_ALL_ECHOES] >= v[ROW_ECHOES]);
        cr_assert(v[ROW_SERVER_CPU_US] > 0);
        cr_assert(v[ROW_GENERATOR_CPU_US] > 0);
        cr_assert(v[ROW_STOPPED] == 0);
    }
}

Test(race, keeps_histograms_of_an_open_loop)
{
    char path[64];
    struct stat about;

    cr_assert(run(prepare_rate, 1) == 0);
    snprintf(path, sizeof(path), "%s/raw/race.latency.csv", dir);
    cr_assert(stat(path, &about) == 0 && about.st_size > 100);
    cr_assert(rows.n > 0 && rows.all[0].value[ROW_OFFERED] == 1000);
}

Test(race, names_a_server_that_dies_in_the_middle)
{
    add_bad("dies-later");
    cr_assert(run(prepare_four, BLOCKS_RUN) == 0);
    const struct row *row = fault_of("bad");
    cr_assert(has_note(row, "Aborted"), "%s", row->note);
    cr_assert(strstr(row->note, "out of luck") != NULL, "%s", row->note);
    cr_assert_null(strchr(row->note, '\033'), "escaped");
    cr_assert(visited.failed == 1);
    expect_others();
}

Test(race, names_a_server_that_hangs_in_the_middle)
{
    add_bad("hangs-later");
    cr_assert(run(prepare_four, BLOCKS_RUN) == 0);
    const struct row *row = fault_of("bad");
    cr_assert(has_note(row, "without their echo"), "%s", row->note);
    cr_assert(count("bad", ROW_SPOILT) >= 1);
    expect_others();
}

Test(race, names_a_server_that_answers_wrong_bytes)
{
    add_bad("wrong-later");
    cr_assert(run(prepare_four, BLOCKS_RUN) == 0);
    cr_assert(has_note(fault_of("bad"), "wrong"));
    expect_others();
}

Test(race, goes_on_without_one_that_can_not_be_started)
{
    add_bad("nonsense");
    cr_assert(run(prepare_four, BLOCKS_RUN) == 0);
    cr_assert(strstr(fault_of("bad")->note, "one fault is accepted") !=
              NULL);
    expect_others();
}

Test(race, compares_none_that_does_not_serve_all)
{
    add_bad("deaf");
    cr_assert(run(prepare_four, BLOCKS_RUN) == 0);
    cr_assert(count("bad", NULL) == 0);
    for (size_t i = 0; i < rows.n; i++)
        if (is(&rows.all[i], "bad", ROW_OK))
            cr_assert(rows.all[i].value[ROW_SERVED] == 0);
    cr_assert(visited.failed == 0);
    expect_others();
}

Test(race, stops_one_that_is_not_silent)
{
    add_bad("restless");
    cr_assert(run(prepare_four, BLOCKS_RUN) == 0);
    cr_assert(count("bad", ROW_OK) >= BLOCKS_RUN);
    cr_assert(count("bad", ROW_FAILED) == 0);
    for (size_t i = 0; i < rows.n; i++)
        if (is(&rows.all[i], "bad", NULL))
            cr_assert(rows.all[i].value[ROW_STOPPED] == 1);
    expect_others();
}

Test(race, ends_when_it_is_told_and_keeps_what_it_has)
{
    stop = 1;
    cr_assert(run(prepare_four, BLOCKS_RUN) == 1);
    cr_assert(count(NULL, NULL) == 0);
}
