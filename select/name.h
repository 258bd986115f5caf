/*
 * Names as people see them, for chat.
 *
 * Two names are the same when they look the same, whatever bytes they are
 * made of. The rule is Unicode's NFKC_Casefold: "Server", "server" in wide
 * letters, and "server" with a joiner that shows nothing are all "server".
 * Blanks count as one, and not at all at either end.
 *
 * Not seen through: letters of two scripts that look alike, such as the
 * Cyrillic and the Latin "e" (Unicode's UTS #39 has a table of them).
 */
#ifndef SELECT_NAME_H
#define SELECT_NAME_H

#include <stdbool.h>

/*
 * What is wrong with a name?
 *
 * name     one that frame_name_fits()
 * Returns  NULL: nothing; or "shows nothing", "has a colon" (the colon ends
 *          a name on the screen).
 */
const char *name_fault(const char *name);

/* Do two such names look the same? */
bool name_looks_like(const char *a, const char *b);

#endif
