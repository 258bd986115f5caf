/*
 * alarms COMMAND...: starts a program to which SIGALRM comes every 10 ms,
 * from before it begins. The timer outlasts exec(); until the program has a
 * handler of its own, the signal is ignored.
 */
#include "common/options.h"

#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    const struct timeval every = {.tv_usec = 10000};
    const struct itimerval timer = {every, every};

    if (argc < 2) {
        fprintf(stderr, "Usage: alarms COMMAND...\n");
        return EXIT_USAGE;
    }
    signal(SIGALRM, SIG_IGN);
    if (setitimer(ITIMER_REAL, &timer, NULL) == -1)
        fatal_errno("alarms", "setitimer");
    execvp(argv[1], argv + 1);
    fatal_errno("alarms", "%s", argv[1]);
}
