/*
 * Programs, run as their users run them: started with arguments, typed to,
 * watched, talked to over the network.
 *
 * Nothing here waits longer than PROGRAM_PATIENCE_MS.
 */
#ifndef TESTS_PROGRAM_H
#define TESTS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    PROGRAM_PATIENCE_MS = 10000, /* a machine may be busy: a deadline */
    PROGRAM_OUTPUT = 1 << 20,    /* bytes of output looked at at once */
};

struct program {
    pid_t pid;
    int in;    /* its stdin, a pipe; -1 when closed */
    int out;   /* a file with its stdout and stderr: it never has to wait */
    size_t at; /* what program_says() has seen of it */
};

/*
 * Starts build/NAME, or $SUITE_BUILD/NAME. It dies with the caller.
 *
 * arguments  one string, split at blanks
 * Returns    false with errno.
 */
bool program_start(struct program *program, const char *name,
                   const char *arguments);

/* Waits until the program has printed the text after what was seen before;
 * then that is seen, too. Returns false when it does not. */
bool program_says(struct program *program, const char *text);

/* The same without waiting. Bytes that it has seen in vain, beyond
 * PROGRAM_OUTPUT, are not looked at again. */
bool program_has_said(struct program *program, const char *text);

/* What it has printed so far, at most PROGRAM_OUTPUT bytes, from the
 * beginning, NUL-ended; valid until the next call. */
const char *program_output(const struct program *program);

/* The port of its next `listening` line; 0: there is none. */
uint16_t program_port(struct program *program);

/* Types at its keyboard. */
bool program_type(struct program *program, const char *text);

/* Ends its stdin. */
void program_hang_up(struct program *program);

/* Sends a signal (0: none), waits for the end. Returns the exit status; or
 * -1: it was killed by a signal, or here when it did not end. */
int program_end(struct program *program, int signo);

/* A connection to a port of this machine, by 127.0.0.1; -1 with errno. All
 * calls on it wait at most PROGRAM_PATIENCE_MS. */
int program_dial(uint16_t port);

/*
 * Dials, sends n bytes, half-closes and reads to the end of the stream.
 *
 * piece    bytes in each send(), or 0: all at once
 * reply    room for size bytes; receives a NUL after what was read
 * Returns  bytes read; or -1 with errno: not connected, reset, or no end
 *          within PROGRAM_PATIENCE_MS. reply holds what came before.
 */
ssize_t program_ask(uint16_t port, const void *data, size_t n, size_t piece,
                    char *reply, size_t size);

#endif
