/*
 * What others sent, made fit for a terminal.
 *
 * A terminal obeys what it is sent: a client that sends "\x1b[2J" clears
 * the teacher's screen, others retitle the window or type into the shell.
 * And it believes what it is sent: after U+202E a line runs backwards.
 */
#ifndef COMMON_SHOW_H
#define COMMON_SHOW_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Prints n bytes as text: well-formed UTF-8 (RFC 3629) as it is; and as
 * \xNN every byte of what is not, of control characters (line ends
 * included), and of characters that show nothing or turn the direction of
 * writing (the table is in show.c). A backslash stays as it is: this is to
 * be read by people, not by programs.
 *
 * out      borrowed; its errors are for the caller to see by ferror()
 * text     n bytes, NUL included; borrowed
 */
void show_text(FILE *out, const void *text, size_t n);

/*
 * The same for a whole message that quotes others: a file, the last words
 * of a server. Its line ends are not escaped.
 *
 * format   as for vasprintf()
 * Returns  the text, for the caller to free; NULL: no memory.
 */
char *show_format(const char *format, va_list args)
    __attribute__((format(printf, 1, 0)));

/*
 * How many bytes the character at the start of the text has.
 *
 * n        bytes of text, at least 1
 * Returns  1 to 4; or 0 when these bytes are no well-formed UTF-8, or a
 *          character that show_text() does not let pass.
 */
size_t show_character(const void *text, size_t n);

#endif
