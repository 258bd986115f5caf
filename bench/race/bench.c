#include "bench/race/bench.h"

#include <sched.h>

int bench_find_cores(struct bench *bench)
{
    cpu_set_t allowed;

    if (sched_getaffinity(0, sizeof(allowed), &allowed) == -1)
        return -1;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET((size_t)cpu, &allowed)) {
            if (bench->generator_cpu == 0)
                bench->generator_cpu = cpu + 1;
            bench->server_cpu = cpu + 1;
        }
    if (bench->generator_cpu == bench->server_cpu)
        bench->generator_cpu = bench->server_cpu = 0;
    return 0;
}
