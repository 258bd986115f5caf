#include "common/console.h"

#include "common/options.h"

#include <fcntl.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 64 * 1024 }; /* a piece, and more than a pipe holds */

static FILE *console;
static const char *program;
static long lost; /* pieces that were not taken, since the last that was */

/*
 * Opens stdout once more: O_NONBLOCK on the description that it has would
 * hold for all processes that share it, the shell among them. A file is not
 * opened again: it always has room, and a second description would begin
 * to write at its start. Returns -1 where it can't be opened: a socket, a
 * pipe without a reader, a terminal of another user.
 */
static int open_own(void)
{
    struct stat about;

    if (fstat(STDOUT_FILENO, &about) == -1 ||
        (!S_ISFIFO(about.st_mode) && !S_ISCHR(about.st_mode)))
        return -1;
    return open("/proc/self/fd/1",
                O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static void end(void)
{
    if (lost == 0)
        return;
    fprintf(stderr, "%s: the last %ld piece%s could not be printed\n",
            program, lost, lost == 1 ? "" : "s");
    _exit(EXIT_FAILURE);
}

FILE *console_open(const char *name)
{
    static char buffer[BUFFER_BYTES];
    int fd = open_own();

    program = name;
    console = fd == -1 ? stdout : fdopen(fd, "w");
    if (console == NULL ||
        setvbuf(console, buffer, _IOFBF, sizeof(buffer)) != 0 ||
        atexit(end) != 0)
        fatal_errno(name, "cannot start");
    return console;
}

void console_pass_on(void)
{
    if (fflush(console) == 0 && !ferror(console)) {
        lost = 0;
        return;
    }
    lost++;
    __fpurge(console);
    clearerr(console);
    fprintf(console, "\n(%ld piece%s not printed)\n", lost,
            lost == 1 ? " was" : "s were");
}
