/*
 * Simulated work per message: what a real server would do between recv()
 * and send(). A message is what one recv() returned.
 */
#ifndef COMMON_WORK_H
#define COMMON_WORK_H

/*
 * Sets what work_do() does. The default is nothing.
 *
 * spec     "cpu:DURATION", computing, or "sleep:DURATION", waiting as for a
 *          disk or another server; DURATION as in options_duration_ns(), at
 *          most 10 s. "cpu" counts loops, found by timing them here (about
 *          20 ms), so that it takes CPU time and not time on the clock: two
 *          threads on one core take twice as long.
 * Returns  0, or -1 when spec is neither (EINVAL).
 */
int work_set(const char *spec);

/* Does the work for one message. */
void work_do(void);

#endif
