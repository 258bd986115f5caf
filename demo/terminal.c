#include "demo/terminal.h"

#include "common/options.h"
#include "demo/signals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { LARGEST = 1000 }; /* columns or rows that are believed */

static struct termios before;
static bool ours;

bool terminal_usable(void)
{
    const char *term = getenv("TERM");

    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term != NULL &&
           *term != '\0' && strcmp(term, "dumb") != 0;
}

/* A write may fail when the terminal is gone; SIGHUP then ends the play. */
void terminal_write(const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, n);
        if (written == -1 && errno == EINTR && !signals_told())
            continue;
        if (written <= 0)
            return;
        bytes += written;
        n -= (size_t)written;
    }
}

static void put(const char *bytes)
{
    terminal_write(bytes, strlen(bytes));
}

int terminal_enter(void)
{
    static bool at_exit;

    if (tcgetattr(STDIN_FILENO, &before) == -1)
        return -1;
    struct termios keys = before;
    keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    keys.c_iflag &= ~(tcflag_t)(IXON | ICRNL);
    keys.c_cc[VMIN] = 1;
    keys.c_cc[VTIME] = 0;
    keys.c_cc[VSUSP] = _POSIX_VDISABLE;
    if (!at_exit)
        atexit(terminal_leave);
    at_exit = true;
    if (tcsetattr(STDIN_FILENO, TCSANOW, &keys) == -1)
        return -1;
    ours = true;
    /* The other screen, no cursor, no wrapping at the right edge. */
    put("\033[?1049h\033[?25l\033[?7l");
    return 0;
}

void terminal_leave(void)
{
    if (!ours)
        return;
    ours = false;
    put("\033[0m\033[?7h\033[?25h\033[?1049l");
    /* When the terminal takes no more, a signal ends the wait: signals.h.
     */
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &before) == -1)
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

static int from_environment(const char *name, int otherwise)
{
    const char *text = getenv(name);
    long value;

    return text != NULL && options_number(text, 1, LARGEST, &value) == 0
               ? (int)value
               : otherwise;
}

void terminal_size(int *width, int *height)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 &&
        size.ws_row > 0) {
        *width = size.ws_col < LARGEST ? size.ws_col : LARGEST;
        *height = size.ws_row < LARGEST ? size.ws_row : LARGEST;
        return;
    }
    *width = from_environment("COLUMNS", 80);
    *height = from_environment("LINES", 24);
}
