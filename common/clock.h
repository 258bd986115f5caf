/*
 * Clocks.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

/*
 * Returns  CLOCK_MONOTONIC, nanoseconds since an unnamed moment. Costs
 *          about 25 ns where the kernel lets user space read the counter,
 *          some hundreds where it does not (clocksource hpet, acpi_pm).
 */
uint64_t clock_now_ns(void);

/* The same in milliseconds; signed, as what is left may be below 0. */
int64_t clock_now_ms(void);

/* Waits, whatever signals come meanwhile. */
void clock_rest_ms(long ms);

/* Processor time, in nanoseconds. */
struct clock_cpu {
    uint64_t total_ns; /* exact */
    uint64_t user_ns;  /* of it outside the kernel, and ... */
    uint64_t sys_ns;   /* ... inside: sampled in ticks, a rough division */
};

/* Returns  what the calling thread has used since it began. */
struct clock_cpu clock_thread_cpu(void);

#endif
