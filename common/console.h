/*
 * The console of a server: what it prints while it serves.
 *
 * Its reader may stop reading: Ctrl-S, a connection that hangs, a pager at
 * its first page. printf() would then wait, and all clients with it.
 * This one leaves out what finds no room, and says so later.
 *
 * But for a socket, or a terminal that this user may not open, it waits as
 * printf() does: O_NONBLOCK would hold for all processes that share it.
 */
#ifndef COMMON_CONSOLE_H
#define COMMON_CONSOLE_H

#include <stdio.h>

/*
 * Begins. To be called once, after net_listen(), before the first client.
 *
 * name     the program's, for messages; borrowed until the process ends
 * Returns  a stream to print to, for the life of the process. At the end
 *          of the process, when its last pieces were not taken, it says so
 *          on stderr and makes the exit status 1.
 * Errors   dies when there is no memory.
 */
FILE *console_open(const char *name);

/*
 * Passes on what was printed since the last call, a piece, or as much of it
 * as there is room for. After pieces that were not taken, the next begins
 * with how many: "(3 pieces were not printed)".
 */
void console_pass_on(void);

#endif
