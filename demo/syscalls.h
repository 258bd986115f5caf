/*
 * What a blocked system call waits for, in words: "recv(client A)",
 * "epoll_wait(3 clients + listener)", "poll(listener 4, 1000 ms)".
 */
#ifndef DEMO_SYSCALLS_H
#define DEMO_SYSCALLS_H

#include "demo/observe.h"

#include <sys/types.h>

/*
 * Says in words what a system call waits for: "recv(client A)".
 *
 * text     receives the words, printable ASCII or as the kernel names a
 *          file
 * pid      the process, a child of ours: its descriptors and memory are
 *          looked at
 * number   of the system call; one that is unknown here is shown as such
 * args     its arguments
 */
void syscalls_describe(char text[OBSERVE_CALL], pid_t pid, long number,
                       const unsigned long args[6],
                       const struct sockets *sockets);

#endif
