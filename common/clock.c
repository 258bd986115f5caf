#include "common/clock.h"

#include <errno.h>
#include <sys/resource.h>
#include <time.h>

static uint64_t read_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t timeval_ns(struct timeval time)
{
    return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_usec * 1000;
}

uint64_t clock_now_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

int64_t clock_now_ms(void)
{
    return (int64_t)(clock_now_ns() / NS_PER_MS);
}

void clock_rest_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * (long)NS_PER_MS};

    while (nanosleep(&left, &left) == -1 && errno == EINTR)
        ;
}

struct clock_cpu clock_thread_cpu(void)
{
    struct rusage usage;

    getrusage(RUSAGE_THREAD, &usage);
    return (struct clock_cpu){
        .total_ns = read_ns(CLOCK_THREAD_CPUTIME_ID),
        .user_ns = timeval_ns(usage.ru_utime),
        .sys_ns = timeval_ns(usage.ru_stime),
    };
}
