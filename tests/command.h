/* Runs a command to its end and keeps what it said. */
#ifndef TESTS_COMMAND_H
#define TESTS_COMMAND_H

enum { COMMAND_OUTPUT = 8192 };

struct command {
    int status;               /* as from waitpid() */
    char out[COMMAND_OUTPUT]; /* its stdout, NUL-ended, perhaps cut */
    char err[COMMAND_OUTPUT]; /* its stderr, likewise */
};

/*
 * argv     NULL-ended; argv[0] is looked up in PATH
 * wait_ms  a command that has not ended by then is killed
 * Returns  0, or -1: it could not be started or was killed.
 */
int command_run(struct command *command, char *const *argv, int wait_ms);

#endif
