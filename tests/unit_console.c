/* common/console: lines for a reader that may be slow, or gone. */
#include "common/console.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum {
    PIECE = 1000,
    PIECES = 500
}; /* more than a pipe or terminal holds */

static FILE *console;

/* Each test is a process of its own: stdout is its to replace. */
static void print_to(int fd)
{
    dup2(fd, STDOUT_FILENO);
    console = console_open("one");
}

static void print(int n)
{
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < PIECE - 1; k++)
            putc('x', console);
        putc('\n', console);
        console_pass_on();
    }
}

/* Reads what is there until `text` comes. */
static bool finds(int fd, const char *text)
{
    static char all[PIECES * PIECE + 1000];
    size_t filled = 0;

    while (strstr(all, text) == NULL) {
        ssize_t n = read(fd, all + filled, sizeof(all) - 1 - filled);
        if (n <= 0)
            return false;
        filled += (size_t)n;
    }
    return true;
}

Test(console, does_not_wait_for_a_pipe, .timeout = 30)
{
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    print_to(ends[1]);
    print(PIECES);
    cr_assert_eq(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0,
                 "others who have this pipe would not wait, too");
    /* Whole pages are read: room for half of what is missing. */
    char some[32768];
    cr_assert_gt(read(ends[0], some, sizeof(some)), 0);
    fputs("here again\n", console);
    console_pass_on();
    close(ends[1]);
    close(STDOUT_FILENO);
    cr_assert(finds(ends[0], " pieces were not printed)\nhere again\n"));
}

Test(console, does_not_wait_for_a_stopped_terminal, .timeout = 30)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);

    cr_assert(master != -1 && grantpt(master) == 0 &&
              unlockpt(master) == 0);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    cr_assert_neq(terminal, -1);
    print_to(terminal);
    cr_assert_eq(tcflow(terminal, TCOOFF), 0); /* Ctrl-S */
    print(2);
    cr_assert_eq(tcflow(terminal, TCOON), 0); /* Ctrl-Q */
    fputs("here again\n", console);
    console_pass_on();
    cr_assert(finds(master, "(2 pieces were not printed)\r\nhere again"));
}

/* A terminal that nobody shows: a connection that hangs. */
Test(console, does_not_wait_for_a_terminal_that_hangs, .timeout = 30)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);

    cr_redirect_stderr(); /* in the end, it says so */
    cr_assert(master != -1 && grantpt(master) == 0 &&
              unlockpt(master) == 0);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    cr_assert_neq(terminal, -1);
    print_to(terminal);
    print(PIECES);
    close(master);
}

/* stderr may write to the same file: both have one place in it. */
Test(console, takes_its_turns_with_stderr_in_a_file, .timeout = 30)
{
    char path[] = "/tmp/suite-console-XXXXXX";
    int fd = mkstemp(path);

    cr_assert_neq(fd, -1);
    unlink(path);
    print_to(fd);
    fputs("one\n", console);
    console_pass_on();
    dprintf(fd, "two\n");
    fputs("three\n", console);
    console_pass_on();
    char text[32] = "";
    cr_assert_gt(pread(fd, text, sizeof(text) - 1, 0), 0);
    cr_assert_str_eq(text, "one\ntwo\nthree\n");
}
