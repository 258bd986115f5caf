#include "demo/signals.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static volatile sig_atomic_t told, resized;
static int bell = -1; /* an eventfd */

static void on_leave(int signo)
{
    const uint64_t one = 1;
    int reason = errno;

    (void)signo;
    told = 1;
    (void)!write(bell, &one, sizeof(one));
    alarm(1);
    errno = reason;
}

static void on_resize(int signo)
{
    (void)signo;
    resized = 1;
}

int signals_take(void)
{
    static const int leaving[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP,
                                  SIGALRM};
    const struct sigaction leave = {.sa_handler = on_leave};
    const struct sigaction resize = {.sa_handler = on_resize,
                                     .sa_flags = SA_RESTART};

    bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (bell == -1)
        return -1;
    for (size_t i = 0; i < sizeof(leaving) / sizeof(leaving[0]); i++)
        sigaction(leaving[i], &leave, NULL);
    sigaction(SIGWINCH, &resize, NULL);
    signal(SIGPIPE, SIG_IGN); /* a reader that leaves: write() says so */
    return bell;
}

bool signals_told(void)
{
    return told != 0;
}

bool signals_resized(void)
{
    bool so = resized != 0;

    resized = 0;
    return so;
}
