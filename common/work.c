#include "common/work.h"

#include "common/clock.h"
#include "common/options.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

static enum { NOTHING, COMPUTE, SLEEP } kind;
static uint64_t loops;
static uint64_t sleep_ns;

static void compute(uint64_t n)
{
    volatile uint64_t x = 1; /* volatile: the loop is the purpose */

    for (uint64_t i = 0; i < n; i++)
        x = x * 2862933555777941757 + 3037000493;
}

/* The fastest of several tries: the others were interrupted. */
static double measure_loops_per_ns(void)
{
    const uint64_t n = 1000000;
    double best = 0;

    for (int i = 0; i < 10; i++) {
        uint64_t start = clock_now_ns();
        compute(n);
        double rate = (double)n / (double)(clock_now_ns() - start + 1);
        if (rate > best)
            best = rate;
    }
    return best;
}

int work_set(const char *spec)
{
    const uint64_t longest = 10 * NS_PER_S;
    const char *colon = strchr(spec, ':');
    uint64_t ns;

    if (colon == NULL ||
        options_duration_ns(colon + 1, longest, &ns) == -1) {
        errno = EINVAL;
        return -1;
    }
    if (strncmp(spec, "cpu:", 4) == 0) {
        kind = COMPUTE;
        loops = (uint64_t)((double)ns * measure_loops_per_ns());
    } else if (strncmp(spec, "sleep:", 6) == 0) {
        kind = SLEEP;
        sleep_ns = ns;
    } else {
        errno = EINVAL;
        return -1;
    }
    return 0;
}

/* Until a moment, not for a time: a signal in between adds nothing. */
static void wait_until(uint64_t ns)
{
    const struct timespec moment = {
        .tv_sec = (time_t)(ns / NS_PER_S),
        .tv_nsec = (long)(ns % NS_PER_S),
    };

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, NULL) ==
           EINTR)
        ;
}

void work_do(void)
{
    if (kind == COMPUTE)
        compute(loops);
    else if (kind == SLEEP)
        wait_until(clock_now_ns() + sleep_ns);
}
