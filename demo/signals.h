/*
 * SIGINT, SIGQUIT, SIGTERM and SIGHUP tell the demo to leave; SIGWINCH
 * tells it that the window has changed. The module keeps this state, since
 * there is one process.
 *
 * A signal may come at any moment: while the demo writes to a pipe that is
 * full and that nobody reads, or opens a FIFO. So after the first signal a
 * SIGALRM follows every second, and in the end every call that waits in the
 * kernel returns EINTR.
 */
#ifndef DEMO_SIGNALS_H
#define DEMO_SIGNALS_H

#include <stdbool.h>

/*
 * Begins to take the signals.
 *
 * Returns  a descriptor that is readable once we were told to leave, for
 *          the rest of the process' life; or -1 with errno.
 */
int signals_take(void);

/* Were we told to leave? */
bool signals_told(void);

/* Has the window changed since this was last asked? */
bool signals_resized(void);

#endif
