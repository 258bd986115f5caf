/*
 * The floor: what one echo takes at least on this machine at this moment.
 *
 * One thread sends 64 bytes over a TCP connection on loopback and receives
 * them at its other end, there and back. No server can be faster on one
 * core; and when this slows down, the machine has, whatever it says about
 * itself.
 */
#ifndef BENCH_RACE_FLOOR_H
#define BENCH_RACE_FLOOR_H

struct floor {
    int ends[2]; /* the two ends of one connection */
};

/* Returns 0, or -1 with errno. Close by floor_close(). */
int floor_open(struct floor *floor);
void floor_close(struct floor *floor);

/*
 * Measures for a few milliseconds.
 *
 * cpu      1 + the core to do it on; 0: any. The thread returns to where it
 *          was allowed before.
 * Returns  microseconds for one round trip: the median of several batches,
 *          so that one interruption does not count; or -1 with errno.
 */
double floor_measure_us(const struct floor *floor, int cpu);

#endif
