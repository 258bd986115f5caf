/*
 * Handlers written as if they blocked, on one epoll loop.
 *
 * A server is an application made of services; a service is a listener and
 * a handler. Each client runs the handler as a coroutine: on a stack of its
 * own, which is left where a blocking call would wait and taken up again
 * when the call would return.
 *
 * There is one thread. A coroutine is left in the calls below and nowhere
 * else, so between them a handler shares its data with nobody; and while it
 * computes, or sleeps in a call that is not one of these, all wait.
 */
#ifndef EPOLL_COROUTINE_H
#define EPOLL_COROUTINE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * A stack's address space; memory is what of it was touched. For the echo
 * that is two pages: 10,000 clients took 83 MB (PSS, x86-64). Below each
 * stack lies a page that can't be touched, so that who needs more dies by
 * SIGSEGV and writes into no neighbour's stack. A stack takes two of the
 * kernel's mappings: vm.max_map_count, 65,530 by default, ends it at 32,000
 * clients.
 */
enum { COROUTINE_STACK_BYTES = 64 * 1024 };

struct service {
    int listener; /* does not block; from net_listen() */

    /* Serves one client, by the calls below. When it returns, the client is
     * closed. */
    void (*handler)(int client);
};

/*
 * Runs an application until the graceful stop (stop.h) is done.
 *
 * name      the program's, for messages
 * services  n of them; borrowed
 * Errors    dies when it can't start. A client for whom there is no memory
 *           is turned away.
 */
void coroutine_serve(const char *name, const struct service *services,
                     size_t n);

/*
 * recv() and net_send_all(), for a handler and its client: same arguments,
 * same results, and others are served while they wait. recv() gives way at
 * each call, so that a client who never stops sending has but one turn in
 * each lap; sending gives way when there is no room.
 */
ssize_t coroutine_recv(int client, void *buf, size_t n);
int coroutine_send_all(int client, const void *data, size_t n);

#endif
