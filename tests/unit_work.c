/* common/work: work per message takes the time it says. */
#include "common/work.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

Test(work, bad_specs_are_refused)
{
    static const char *const bad[] = {
        "", "cpu", "sleep", "cpu:", "sleep:", "cpu:5", ":5ms", "disk:5ms",
        "sleep:11s", "cpu:-1ms", "cpu:1ms ", "CPU:1ms", "sleep::1ms",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        errno = 0;
        cr_assert(work_set(bad[i]) == -1 && errno == EINVAL,
                  "`%s` was not refused", bad[i]);
    }
}

Test(work, none_is_the_default)
{
    double start = seconds(CLOCK_PROCESS_CPUTIME_ID);

    for (int i = 0; i < 1000; i++)
        work_do();
    cr_assert(seconds(CLOCK_PROCESS_CPUTIME_ID) - start < 0.1);
}

Test(work, sleep_takes_time_but_no_cpu)
{
    cr_assert(work_set("sleep:100ms") == 0);
    double start = seconds(CLOCK_MONOTONIC);
    double cpu_start = seconds(CLOCK_PROCESS_CPUTIME_ID);
    work_do();
    work_do();
    cr_assert(seconds(CLOCK_MONOTONIC) - start >= 0.2);
    cr_assert(seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_start < 0.05);
}

/* The factor is wide: a core that others share changes its speed. */
Test(work, cpu_takes_cpu_time)
{
    cr_assert(work_set("cpu:100ms") == 0);
    double start = seconds(CLOCK_PROCESS_CPUTIME_ID);
    work_do();
    double took = seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
    cr_assert(took > 0.03 && took < 1, "100 ms of work took %.3f s of CPU",
              took);
}
