/*
 * The terminal while the demo has it: another screen, no cursor, keys as
 * they are typed. One terminal, so the state is the module's.
 */
#ifndef DEMO_TERMINAL_H
#define DEMO_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Can it be drawn on: are stdin and stdout a terminal, and does TERM name
 * one that can move its cursor?
 */
bool terminal_usable(void);

/*
 * Takes the terminal over; it is given back when the process exits, too.
 * Ctrl-C stays a signal; Ctrl-Z is off, as it would leave it in disorder.
 *
 * Returns  0, or -1 with errno.
 */
int terminal_enter(void);

/* Gives the terminal back as it was. Does nothing when it is not ours. */
void terminal_leave(void);

/* Writes to it, as far as it takes it before we are told to leave. */
void terminal_write(const char *bytes, size_t n);

/*
 * Columns and rows: of the terminal, else from COLUMNS and LINES, else 80
 * and 24.
 */
void terminal_size(int *width, int *height);

#endif
