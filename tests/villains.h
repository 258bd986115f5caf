/*
 * Clients that behave badly, each in one way. A server must lose none but
 * the villain itself.
 */
#ifndef TESTS_VILLAINS_H
#define TESTS_VILLAINS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct villain {
    const char *name;
    const char *about; /* what it does, a sentence */

    /*
     * Plays its part once.
     *
     * fds      receives the sockets that are held open at the end, to be
     *          closed by the caller; max places, at least one
     * Returns  how many sockets are held, or -1 with errno: could not
     *          connect.
     */
    ssize_t (*play)(const char *host, uint16_t port, int *fds, size_t max);
};

/* All of them, ended by a NULL name. */
extern const struct villain villains[];

/* Returns NULL when there is none of that name. */
const struct villain *villains_find(const char *name);

#endif
