/*
 * Coroutines: functions that step aside and are taken up again.
 *
 * Each runs on a stack of its own. Where it gives way, its registers are
 * put by, its stack stays as it is, and whoever resumed it goes on. When it
 * is resumed again, it goes on where it stood.
 *
 * All belong to one thread. A coroutine is left where it gives way and
 * nowhere else, so that between two such points it shares its data with
 * nobody; and while it computes, or sleeps in the kernel, all others wait.
 */
#ifndef EPOLL_COROUTINE_H
#define EPOLL_COROUTINE_H

/*
 * A stack's address space; of it, what was touched is memory. For the echo
 * that is two pages: 10,000 clients took 83 MB (PSS, x86-64). A stack and
 * its guard take two of the kernel's mappings: vm.max_map_count, 65,530 by
 * default, ends it at 32,000 coroutines.
 *
 * The guard lies below the stack and can't be touched: a coroutine that
 * needs more stack dies by SIGSEGV and writes into no neighbour's. A frame
 * larger than the guard would step over it; so the suite is built with
 * -fstack-clash-protection, by which a function touches a large frame in
 * steps: of a page, on ARM64 of 64 KiB.
 */
enum {
    COROUTINE_STACK_BYTES = 64 * 1024,
    COROUTINE_GUARD_BYTES = 64 * 1024,
};

struct coroutine;

/*
 * Begins run(argument) as a coroutine.
 *
 * Returns  0 when it has given way for the first time, or is over already;
 *          -1 with errno when there is no memory for its stack.
 */
int coroutine_start(void (*run)(int argument), int argument);

/* The coroutine that runs now; NULL outside of all. It is valid until the
 * coroutine is over. */
struct coroutine *coroutine_running(void);

/* Steps aside: leaves the running coroutine for the code that started or
 * resumed it. Returns when it is resumed again. */
void coroutine_give_way(void);

/* Goes on with a coroutine that has given way. Returns when it gives way
 * again, or is over. */
void coroutine_resume(struct coroutine *coroutine);

#endif
