/* The whole build, closed by default: every program is hardened, and those
 * that listen, beside the echo servers of the contract suite, listen on
 * loopback. */
#include "common/lab/launcher.h"
#include "tests/command.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(closed, .timeout = 120);

/* What a tool says about a file. */
static const char *told(const char *tool, const char *how, const char *path)
{
    static struct command command;
    char *argv[] = {(char *)tool, (char *)how, (char *)path, NULL};

    cr_assert(command_run(&command, argv, PROGRAM_PATIENCE_MS) == 0 &&
                  command.status == 0,
              "%s %s %s failed (binutils has it): %s", tool, how, path,
              command.err);
    cr_assert(strlen(command.out) < COMMAND_OUTPUT - 1, "%s: cut", path);
    return command.out;
}

/* A word of `told` that starts and ends like this. */
static bool has_symbol(const char *symbols, const char *start,
                       const char *end)
{
    char copy[COMMAND_OUTPUT];
    char *rest;

    snprintf(copy, sizeof(copy), "%s", symbols);
    for (char *word = strtok_r(copy, " \n", &rest); word != NULL;
         word = strtok_r(NULL, " \n", &rest)) {
        word[strcspn(word, "@")] = '\0'; /* the version of its library */
        size_t n = strlen(word);
        if (strncmp(word, start, strlen(start)) == 0 && n >= strlen(end) &&
            strcmp(word + n - strlen(end), end) == 0)
            return true;
    }
    return false;
}

static void assert_hardened(const char *path)
{
    const char *file = told("readelf", "-hldW", path);

    cr_assert(strstr(file, " NOW PIE") != NULL,
              "%s: is no position-independent executable whose symbols are "
              "bound at the start",
              path);
    cr_assert(strstr(file, "GNU_RELRO") != NULL, "%s: no RELRO", path);
    cr_assert(strstr(file, " RWE ") == NULL,
              "%s: has memory to write to and to execute", path);
    const char *symbols = told("nm", "-Du", path);
    cr_assert(has_symbol(symbols, "__stack_chk_fail", ""),
              "%s: no stack protector", path);
    cr_assert(has_symbol(symbols, "__", "_chk"),
              "%s: no call is fortified (_FORTIFY_SOURCE)", path);
}

/* Fuzz targets are clang's, with other flags; the suites' many symbols are
 * too much for told(); what has an ending is a library. */
static bool is_program(const char *path)
{
    struct stat about;

    return strncmp(path, "build/fuzz/", 11) != 0 &&
           strcmp(path, "build/tests/unit") != 0 &&
           strcmp(path, "build/tests/contract") != 0 &&
           strchr(path, '.') == NULL && stat(path, &about) == 0 &&
           S_ISREG(about.st_mode) && access(path, X_OK) == 0;
}

Test(closed, every_program_is_hardened)
{
    size_t programs = 0;
    glob_t found;

#ifndef __OPTIMIZE__
    cr_skip_test("without optimization nothing is fortified");
#endif
    if (strcmp(launcher_folder(), "build") != 0)
        cr_skip_test("a build with sanitizers goes without");
    cr_assert(glob("build/*/*", 0, NULL, &found) == 0);
    cr_assert(glob("build/bench/peers/*", GLOB_APPEND, NULL, &found) == 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (is_program(found.gl_pathv[i])) {
            assert_hardened(found.gl_pathv[i]);
            programs++;
        }
    globfree(&found);
    cr_assert(programs >= 20, "there are only %zu", programs);
}

/* Where a program listens that is told nothing but its port. */
Test(closed, what_listens_is_on_loopback)
{
    static const struct {
        const char *name, *arguments;
    } all[] = {
        {"timeout_poll/two_ports", "--port 0"},
        {"select/two_ports", "--port 0"},
        {"select/chat", "--name=server --port 0"},
        {"epoll/web", "--port 0"},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct program program;
        cr_assert(program_start(&program, all[i].name, all[i].arguments));
        cr_assert(program_says(&program, "listening 127.0.0.1:"),
                  "%s says: %s", all[i].name, program_output(&program));
        program_end(&program, SIGTERM);
    }
}
