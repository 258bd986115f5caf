/*
 * The escape filter: text that others wrote (a server's last words, a scene
 * file) on its way to the terminal. A control character in it could move
 * the cursor, change the title or type commands; a bidirectional mark could
 * show the line in another order.
 *
 * What is printable depends on the locale: call setlocale() first. Without
 * UTF-8 in it, each byte beyond ASCII becomes a question mark.
 */
#ifndef DEMO_TEXT_H
#define DEMO_TEXT_H

#include <stddef.h>
#include <wchar.h>

/*
 * Takes the next character.
 *
 * text     n bytes, n > 0; borrowed
 * c        receives a printable character of 1 or 2 columns; `?` in place
 *          of anything else
 * Returns  how many bytes it took, at least 1. Cannot fail.
 */
size_t text_next(const char *text, size_t n, wchar_t *c);

/*
 * Copies what is printable, `?` in place of the rest.
 *
 * to       size bytes, size > 0; always ended by NUL, never in the middle
 *          of a character
 * Returns  to
 */
char *text_clean(char *to, size_t size, const char *from);

/* Adds a word to "a, b, c", of size bytes; what finds no room is cut. */
void text_list(char *list, size_t size, const char *word);

#endif
