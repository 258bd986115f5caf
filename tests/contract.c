/*
 * contract: runs every check over every server found in the build, or over
 * the one server that the environment's SERVER gives as a command, in which
 * {port} stands for the port and {options} for options like ours.
 *
 *   build/tests/contract --filter 'forking/echoes*'
 *   SERVER='python3 echo.py {port}' build/tests/contract
 *
 * SUITE_BUILD names another build folder, as of a sanitized build. LIKE
 * names the model whose exceptions (expected.h) SERVER may claim. FAULTS
 * names a folder: then the faults are run, and the matrix of what they have
 * come to is written there.
 */
#include "tests/contract.h"
#include "tests/contract_matrix.h"

#include <criterion/hooks.h>
#include <criterion/stats.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Beyond what any check may take: each of its waits has a deadline. */
enum { CHECK_TIMEOUT_S = 120 };

static const struct check *checks[256];
static size_t nchecks;

void contract_add(const struct check *check)
{
    if (nchecks < sizeof(checks) / sizeof(checks[0]))
        checks[nchecks++] = check;
}

static struct subject subject; /* of the one check that this process runs */

static const struct check *find_check(const char *name)
{
    for (size_t i = 0; i < nchecks; i++)
        if (strcmp(checks[i]->name, name) == 0)
            return checks[i];
    return NULL;
}

static const char *foreign_command(void)
{
    const char *command = getenv("SERVER");

    return command != NULL && *command != '\0' ? command : NULL;
}

static void describe_subject(const char *name)
{
    const char *command = foreign_command();
    const char *like = getenv("LIKE");
    char path[256];

    subject.name = name;
    subject.server.stdout_fd = subject.server.stderr_fd = -1;
    if (command != NULL) {
        subject.like = like != NULL ? like : "";
        snprintf(subject.command, sizeof(subject.command), "%s", command);
    } else {
        subject.like = name;
        launcher_path(path, sizeof(path), name);
        snprintf(subject.command, sizeof(subject.command),
                 "'%s' --port {port} {options}", path);
    }
    subject.takes_options = strstr(subject.command, "{options}") != NULL;
}

static void run_check(void)
{
    const struct check *check = find_check(criterion_current_test->name);

    describe_subject(criterion_current_test->category);
    subject.check = check;
    if (check->options != NULL && !subject.takes_options)
        cr_skip_test("needs a command with {options}");
    if (!check->by_hand) {
        subject_start(&subject, check->options, &check->plan, 0);
        subject_warm_up(&subject);
    }
    check->run(&subject);
    if (subject.server.pid != 0) {
        subject_survives(&subject);
        subject_dismiss(&subject);
    }
}

/* Also after a failed assertion. */
static void end_check(void)
{
    launcher_kill(&subject.server);
}

/* What Criterion's Test() makes of a function, for one made here. */
static void run_test(void)
{
    criterion_internal_test_setup();
    criterion_internal_test_main(run_check);
    criterion_internal_test_teardown();
}

static void *allocate(size_t n, size_t size)
{
    void *memory = calloc(n, size);

    if (memory == NULL)
        fatal_errno("contract", "cannot start");
    return memory;
}

/* The test lives as long as the process. */
static void register_check(struct criterion_test_set *set,
                           const char *model, const struct check *check)
{
    struct criterion_test_extra_data *data = allocate(1, sizeof(*data));
    char *id;

    if (asprintf(&id, "%s/%s", model, check->name) == -1)
        fatal_errno("contract", "cannot start");
    *data = (struct criterion_test_extra_data){
        .lang_ = CR_LANG_C,
        .kind_ = CR_TEST_NORMAL,
        .identifier_ = id,
        .file_ = check->file,
        .line_ = check->line,
        .fini = end_check,
        .description = promises[check->promise],
        .timeout = CHECK_TIMEOUT_S,
    };
    struct criterion_test test = {check->name, model, run_test, data};
    criterion_register_test(set, &test);
}

/* Those of the contract, or the faults of the matrix. */
static void register_checks(struct criterion_test_set *set,
                            const char *model)
{
    for (size_t i = 0; i < nchecks; i++)
        if (subject_faulted() != NULL ? checks[i]->fault.group != NO_FAULT
                                      : !checks[i]->apart)
            register_check(set, model, checks[i]);
}

/* The servers in the build; the tests name them from here on. */
static char models[64][64];

static void register_models(struct criterion_test_set *set)
{
    char path[256];
    size_t n = 0;

    snprintf(path, sizeof(path), "%s/servers", launcher_folder());
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fatal_errno("contract", "%s: run `make all` first", path);
    while (n < 64 && fscanf(file, "%63s", models[n]) == 1)
        register_checks(set, models[n++]);
    fclose(file);
}

/* What the faults have come to. */
static void write_matrix(const struct criterion_global_stats *stats)
{
    struct matrix matrix = {.stats = stats, .like = getenv("LIKE")};

    if (foreign_command() != NULL)
        matrix_add_server(&matrix, "server");
    for (size_t i = 0; i < 64 && models[i][0] != '\0'; i++)
        matrix_add_server(&matrix, models[i]);
    for (size_t i = 0; i < nchecks; i++)
        matrix_add_fault(&matrix, checks[i]);
    if (matrix_write(&matrix, subject_faulted()) == -1)
        fatal_errno("contract", "cannot write to %s", subject_faulted());
}

/* More than a thousand clients are ours, where the system allows it. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static size_t ran; /* tests that were not skipped */

/* A check that ended without an assertion: how, and behind which line. */
static void print_end(const struct criterion_test_stats *test)
{
    if (test->timed_out)
        fprintf(stderr, "    found: the check took more than %d s",
                CHECK_TIMEOUT_S);
    else if (test->signal != 0)
        fprintf(stderr,
                "    found: the check itself died of signal %d (%s)",
                test->signal, strsignal(test->signal));
    else
        fprintf(stderr, "    found: the check itself ended with status %d",
                test->exit_code);
    fprintf(stderr, ", behind %s:%u\n", test->file, test->progress);
}

static void print_failure(const struct criterion_suite_stats *suite,
                          const struct criterion_test_stats *test)
{
    const struct check *check = find_check(test->test->name);

    fprintf(stderr, "  %s/%s\n    P%d: %s\n", suite->suite->name,
            check->name, (int)check->promise, promises[check->promise]);
    for (const struct criterion_assert_stats *a = test->asserts; a != NULL;
         a = a->next)
        if (!a->passed)
            fprintf(stderr, "    found: %s\n", a->message);
    if (test->failed_asserts == 0)
        print_end(test);
}

/* A last word on what failed, and what that means. */
ReportHook(POST_ALL)(struct criterion_global_stats *stats)
{
    const char *command = foreign_command();

    if (command != NULL && strstr(command, "{options}") == NULL)
        fprintf(
            stderr,
            "Not run: the checks of options like --max-clients; "
            "where the server takes them, put {options} into SERVER.\n");
    ran = stats->tests_passed + stats->tests_failed + stats->tests_crashed;
    if (subject_faulted() != NULL)
        write_matrix(stats);
    if (stats->tests_failed + stats->tests_crashed == 0)
        return;
    fprintf(stderr, "\nNot kept, of the contract (docs/reference.md):\n");
    for (struct criterion_suite_stats *s = stats->suites; s != NULL;
         s = s->next)
        for (struct criterion_test_stats *t = s->tests; t != NULL;
             t = t->next)
            if (t->test_status == CR_STATUS_FAILED)
                print_failure(s, t);
    fprintf(stderr, "\n");
}

int main(int argc, char **argv)
{
    struct criterion_test_set *set = criterion_initialize();
    int status = EXIT_SUCCESS;

    raise_descriptor_limit();
    /* What AddressSanitizer keeps of freed memory looks like a leak. */
    setenv("ASAN_OPTIONS",
           "quarantine_size_mb=1:thread_local_quarantine_size_kb=64", 0);
    if (foreign_command() != NULL)
        register_checks(set, "server");
    else
        register_models(set);
    if (criterion_handle_args(argc, argv, true)) {
        if (!criterion_run_all_tests(set))
            status = EXIT_FAILURE;
        if (status == EXIT_SUCCESS && ran == 0) {
            fprintf(stderr, "contract: no test was run\n");
            status = EXIT_FAILURE;
        }
    }
    criterion_finalize(set);
    return status;
}
