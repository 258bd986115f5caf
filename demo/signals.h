/*
 * Told to leave by SIGINT, SIGQUIT, SIGTERM or SIGHUP; told by SIGWINCH
 * that the window has changed. The process is one, so the state is the
 * module's.
 *
 * A signal may come at any moment: while a pipe that nobody reads takes
 * nothing more, while a file that is no file is opened. So from the first
 * one on every second another follows, SIGALRM, and whatever waits in the
 * kernel returns EINTR in the end.
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
