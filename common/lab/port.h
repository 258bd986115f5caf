/*
 * The owner of a port. A server that was left running may still hold the
 * port that a new one says it listens on, and would be tested or measured
 * in its place.
 */
#ifndef COMMON_LAB_PORT_H
#define COMMON_LAB_PORT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum port_owner {
    PORT_OURS,
    PORT_WIDER,   /* ours, but it listens on every address of the machine */
    PORT_SHARED,  /* ours, and other listeners are on it, too */
    PORT_OTHERS,  /* another's */
    PORT_NOBODYS, /* nobody listens there */
    PORT_UNKNOWN, /* this machine does not say */
};

/*
 * Finds the listener that would get a connection to host and port, and
 * whether a process of a tree has it among its descriptors.
 *
 * host     a name or a numeric address
 * root     the tree: it, what descends from it, its process group
 * mark     "NAME=value": what has this in its environment belongs to the
 *          tree, though it has left it, as a daemon does
 * holder   receives another process that has it, "NAME (pid N)"; "" when
 *          that can't be seen; size bytes
 */
enum port_owner port_owner(const char *host, uint16_t port, pid_t root,
                           const char *mark, char *holder, size_t size);

#endif
