#include "bench/race/progress.h"

#include "common/clock.h"
#include "common/show.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { PLAIN_EVERY_S = 5, BAR = 20, WIDTH = 256 };

void progress_begin(struct progress *progress, double total_s)
{
    int saved_errno = errno; /* isatty() says ENOTTY in it */

    *progress = (struct progress){
        .terminal = isatty(STDERR_FILENO),
        .begun_ns = clock_now_ns(),
        .total_s = total_s,
    };
    errno = saved_errno;
}

static size_t columns(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_col == 0)
        return 80;
    return size.ws_col < WIDTH ? size.ws_col : WIDTH;
}

static void show(struct progress *progress, const char *about)
{
    uint64_t now_ns = clock_now_ns();
    double age_s = (double)(now_ns - progress->begun_ns) / 1e9;
    double share = fmin(age_s / progress->total_s, 1);
    int left_s = (int)fmax(progress->total_s - age_s, 0);
    char left[32];
    char line[WIDTH];
    char bar[BAR + 1];

    snprintf(left, sizeof(left), "%d:%02d left", left_s / 60, left_s % 60);
    if (!progress->terminal) {
        if (now_ns - progress->said_ns < PLAIN_EVERY_S * NS_PER_S)
            return;
        progress->said_ns = now_ns;
        fprintf(stderr, "%3.0f %%  %s  %s\n", share * 100, left, about);
        return;
    }
    memset(bar, '.', BAR);
    memset(bar, '#', (size_t)(share * BAR));
    bar[BAR] = '\0';
    snprintf(line, sizeof(line), "[%s] %3.0f %%  %s  %s", bar, share * 100,
             left, about);
    fprintf(stderr, "\r\033[K%.*s", (int)columns() - 1, line);
}

void progress_show(struct progress *progress, const char *about)
{
    int saved_errno = errno;

    show(progress, about);
    errno = saved_errno;
}

void progress_say(struct progress *progress, const char *format, ...)
{
    int saved_errno = errno;
    va_list args;

    va_start(args, format);
    char *text = show_format(format, args);
    va_end(args);
    progress_end(progress);
    fprintf(stderr, "%s\n", text != NULL ? text : format);
    free(text);
    errno = saved_errno;
}

void progress_end(struct progress *progress)
{
    int saved_errno = errno;

    if (progress->terminal)
        fputs("\r\033[K", stderr);
    errno = saved_errno;
}
