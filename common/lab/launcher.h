/*
 * Starts and ends servers through their contract, for the benchmark, the
 * tests and the demo: `listening HOST:PORT` on stdout when ready, SIGTERM
 * to stop.
 *
 * A server runs in a process group of its own, so that Ctrl-C in a terminal
 * reaches the program that started it and not the server, and so that
 * whatever it forked can be ended with it. What has left the group is known
 * by a mark in its environment. A server dies with the thread that launched
 * it, and is the first to be ended when the machine runs out of memory.
 */
#ifndef COMMON_LAB_LAUNCHER_H
#define COMMON_LAB_LAUNCHER_H

#include "common/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    LAUNCH_ARGS = 48,
    LAUNCH_ERROR = 400,
    LAUNCH_WORDS = 256,
    LAUNCH_MARK = 64,
    LAUNCH_KEPT = 1 << 20, /* bytes that launcher_trim() leaves alone */
};
#define LAUNCH_NO_USER "cannot become a user of its own"

/* What to start and how. Zero means: as it is. */
struct launch_plan {
    const char *const *argv; /* NULL-ended; argv[0] is looked up in PATH */
    size_t nports;           /* `listening` lines to wait for; 0 means 1 */
    int cpu;                 /* 1 + the core to pin it to; 0: any */
    unsigned long max_files; /* RLIMIT_NOFILE; 0: as it is */
    unsigned long max_tasks; /* RLIMIT_NPROC; 0: as it is */
    unsigned long max_bytes; /* RLIMIT_AS; 0: as it is */
    bool own_user;           /* so that max_tasks binds it alone */
    bool bounded; /* a server that nobody vouches for: see below */
    unsigned long max_words; /* bytes of a file that it may write, what it
                                says on stdout and stderr among them; 0 */
    int ready_ms;            /* wait for `listening` this long; 0: 10000 */
    int quit_fd;             /* readable: wait no longer; 0: none */
    bool shares_port;        /* with other servers, on purpose */
    bool listens_elsewhere;  /* the owner of the port can't be seen from
                                here, and is not asked for */
};

/*
 * What a bounded server may use, so that a mistake in it does not take the
 * machine. The first two are limits of the kernel (the second does not bind
 * root), the third is for launcher_exceeds().
 */
enum {
    LAUNCH_SAID = 256 << 20,     /* bytes said before launcher_trim() */
    LAUNCH_TASKS = 16384,        /* processes and threads */
    LAUNCH_MEMORY_KIB = 4 << 20, /* of all its processes (PSS) */
};

struct server {
    pid_t pid; /* its process group, too; 0 when it does not run */
    uint16_t ports[MAX_PORTS];
    size_t nports;
    char host[64]; /* as it said: "127.0.0.1", "::1" */
    /* Files in memory with all that it said; -1 when closed. They take
     * whatever comes: a pipe that nobody empties would block the server, a
     * file at its limit would make its writes fail. */
    int stdout_fd, stderr_fd;
    char mark[LAUNCH_MARK];   /* in its environment, and in that of all
                                 that it starts */
    char note[LAUNCH_ERROR];  /* what is strange about it; "" */
    char error[LAUNCH_ERROR]; /* what went wrong, a sentence */
};

/*
 * Starts a server and waits until it listens.
 *
 * RLIMIT_NPROC counts all that a user runs, and does not bind root.
 * own_user gives the server a user of its own: an unused number for root,
 * otherwise a user namespace. Where neither is allowed
 * the error says so, in the words LAUNCH_NO_USER.
 *
 * The kernel is asked for the owner of the port (common/lab/port.h): a
 * server that was left running may hold it. A server that listens on every
 * address of the machine and says 127.0.0.1 is accepted; server->note says
 * so.
 *
 * Returns  0, and server is to be ended by launcher_stop(); or -1 with
 *          server->error: could not be executed, ended before it listened
 *          (with what it said on stderr), said nothing in time, does not
 *          listen where it says, or was not waited for any longer. Nothing
 *          is then left running.
 */
int launcher_start(struct server *server, const struct launch_plan *plan);

/*
 * Reads what a server said on stderr. A NUL in it becomes `?`, or it would
 * hide the rest.
 *
 * from     the first byte wanted, from 0
 * text     receives at most size - 1 bytes and a NUL; size > 0
 * Returns  how many bytes; 0 when there are no more.
 */
size_t launcher_read_words(const struct server *server, off_t from,
                           char *text, size_t size);

/*
 * The last line that a server said on stderr, "" if nothing. Where that
 * only points to --help, it is the line before.
 */
void launcher_last_words(const struct server *server,
                         char words[LAUNCH_WORDS]);

/*
 * Empties each file that holds more than LAUNCH_KEPT bytes; what is said
 * next stands at its beginning. To be called now and then while a server
 * runs for long: it bounds the memory that one takes which talks without
 * end.
 */
void launcher_trim(const struct server *server);

/*
 * Sends SIGTERM and waits. A server that has not ended after wait_ms
 * milliseconds is killed with its whole process group; so is whatever it
 * leaves behind.
 *
 * status   as from waitpid(); may be NULL
 * Returns  0; or -1 with server->error when it had to be killed or left
 *          processes behind.
 */
int launcher_stop(struct server *server, int wait_ms, int *status);

/* As launcher_stop(); the server has been told to end by other means. */
int launcher_wait(struct server *server, int wait_ms, int *status);

/*
 * Kills server and process group at once and frees what the launcher holds.
 * Does nothing when it does not run.
 */
void launcher_kill(struct server *server);

/*
 * Does it take more than it may: processes and threads, KiB of memory? A
 * scan of /proc, so not to be done while something is timed.
 *
 * Returns  true with server->error, a sentence.
 */
bool launcher_exceeds(struct server *server, unsigned tasks, uint64_t kib);

/* How it ended, as "ended with status 3" or "was ended by signal 9
 * (Killed)"; status as from waitpid(). */
void launcher_describe_end(int status, char *text, size_t size);

/* Has it ended by itself? Then *status is as from waitpid(). */
bool launcher_ended(struct server *server, int *status);

/*
 * The path of one of this suite's servers: "build/forking/server". The
 * environment's SUITE_BUILD names another folder than build.
 */
void launcher_path(char *path, size_t size, const char *model);

/* The folder of the servers: "build", or what SUITE_BUILD says. */
const char *launcher_folder(void);

/*
 * A port of 127.0.0.1 that is free at this moment, below those that the
 * kernel gives to clients: a client could take one of those before it is
 * used. 0 when there is none.
 */
uint16_t launcher_free_port(void);

/*
 * Splits a command as a shell would, with quotes and $VARIABLES but without
 * command substitution; no shell is run. {port} in a word becomes a port
 * that is free at this moment.
 *
 * argv     at least LAUNCH_ARGS places; free by launcher_free_command()
 * port     receives the port; 0 when the command has no {port}
 * Returns  0, or -1: malformed, too long or empty.
 */
int launcher_split(const char *command, char **argv, uint16_t *port);
void launcher_free_command(char **argv);

/*
 * For a child between fork() and exec(): "WHAT: the reason in errno" on
 * stderr. Async-signal-safe, as the parent may have other threads.
 */
void launcher_say_why(const char *what);

#endif
