/*
 * Text files as a whole.
 */
#ifndef BENCH_RECORD_FILE_H
#define BENCH_RECORD_FILE_H

#include <stddef.h>

/*
 * Returns  the text, to be freed; NULL with errno, ENODATA when it is
 * empty.
 */
char *file_read(const char *path);

/*
 * Puts n bytes in the place of a file. They are written beside it, and
 * the new file is renamed: when the process is killed, or the disk is full,
 * the old file stays whole.
 *
 * Returns  0, or -1 with errno.
 */
int file_replace(const char *path, const char *text, size_t n);

#endif
