/*
 * The contract suite: what every echo server keeps, each promise a check.
 *
 * A check is a function that gets a server that runs and was shown to echo,
 * and asserts by Criterion. Its assertions' messages tell what broke. After
 * it, whatever it did, the server must serve a fresh client, have no zombie
 * and no descriptor more than before, and end at SIGTERM: contract.c sees
 * to that.
 */
#ifndef TESTS_CONTRACT_H
#define TESTS_CONTRACT_H

#include "common/lab/launcher.h"
#include "tests/client.h"
#include "tests/expected.h"
#include "tests/processes.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stddef.h>

/* The server under test, of one check. */
struct subject {
    const char *name;  /* "forking"; "server" when it is not ours */
    const char *like;  /* the model whose exceptions it may claim */
    char command[512]; /* with {port} and, if it takes ours, {options} */
    bool takes_options;
    const struct check *check;
    struct server server;
    struct processes idle; /* how it is without clients */
};

/* A table each in the fault matrix (contract_matrix.c). */
enum fault_group {
    NO_FAULT,
    VILLAINS, /* clients */
    ACCEPT,   /* fails, as do */
    RECV,
    SEND,
    TASKS, /* and the calls that wait, or make tasks */
    LIMITS,
    SIGNALS,
    FAULT_GROUPS
};

/* A column. */
struct fault {
    enum fault_group group;
    const char *name; /* in a word or two: "reset", "EMFILE" */
    const char *done; /* what is done, a sentence */
};

struct check {
    const char *name;
    void (*run)(struct subject *subject);
    const char *promise; /* what the contract says */
    struct fault fault;  /* what is done to it, if that is a fault */
    /* What that takes. A server of which expected.h says that it has less
     * passes by design: by the first of these properties. */
    long needs;
    enum property design[3];
    const char *options;     /* with which options to start it; or NULL */
    struct launch_plan plan; /* under which limits */
    size_t bytes;            /* for the run function: a size, */
    const char *villain;     /* a villain */
    const char *calls;       /* system calls that fail, as for strace(1), */
    const char *error;       /* and how: "EINTR" */
    bool by_hand;            /* the check starts the server itself */
};

/* The checks, a table a file, each ended by a NULL name. */
extern const struct check contract_bytes[];
extern const struct check contract_clients[];
extern const struct check contract_idle[];
extern const struct check contract_limits[];
extern const struct check contract_stop[];
extern const struct check contract_usage[];
/* Faults for the matrix alone: they take their time. */
extern const struct check contract_faults[];
extern const struct check contract_calls[];

/*
 * Starts the server: the check's options and limits, and port 0 or a free
 * one when `port` is 0. Asserts that it listens.
 */
void subject_start(struct subject *subject, const char *options,
                   const struct launch_plan *plan, uint16_t port);

/* The same without asserting; false with subject->server.error. */
bool subject_starts(struct subject *subject, const char *options,
                    const struct launch_plan *plan, uint16_t port);

/* Echoes once, and notes how the server is when idle. */
void subject_warm_up(struct subject *subject);

/* A new client; asserts that it could connect. */
int subject_connect(const struct subject *subject);

/* Asserts that a new client is echoed n bytes; `after`: "a reset". */
void subject_serves(const struct subject *subject, const char *after);

/* A new client, echoed once: the server is surely talking to it. */
int subject_welcome(const struct subject *subject);

/*
 * Asserts what every server owes after every check: it lives, has no zombie
 * and no descriptor more than when it was idle, and serves a new client.
 * After a fault (subject_faulted()) it takes no CPU time either, and no
 * more memory than before.
 */
void subject_survives(struct subject *subject);

/* Is this a run for the fault matrix? Then the environment's FAULTS names
 * the folder for it; otherwise NULL. */
const char *subject_faulted(void);

/* Asserts that it takes next to no CPU time; when: "with idle clients". */
void subject_rests(const struct subject *subject, const char *when);

/* How many clients it talks to at the same time, at most n. */
size_t subject_at_once(const struct subject *subject, size_t n);

/*
 * Waits until the group is as wanted, by asking again and again.
 *
 * wanted   called with what /proc says
 * Returns  false when it has not come to that within PATIENCE_MS
 */
bool subject_becomes(const struct subject *subject,
                     bool (*wanted)(const struct processes *now,
                                    const struct subject *subject));

/* CPU time of the whole group over a while, in percent of a core. */
double subject_cpu_percent(const struct subject *subject, int while_ms);

/* What it said on stderr, NUL-ended; the buffer is reused. */
const char *subject_stderr(const struct subject *subject);

/*
 * Asserts that it ends, told to by a signal, with that status and with
 * these words on stderr, with nothing left behind and no sanitizer's
 * report.
 */
void subject_ended(struct subject *subject, int status, const char *words);

/*
 * Sends SIGTERM and asserts that it ends, when that is not what the check
 * is about: who knows no graceful stop shall fail at those checks, not at
 * all.
 */
void subject_dismiss(struct subject *subject);

/*
 * The command, with these options, as words.
 *
 * argv     LAUNCH_ARGS places, to be freed by launcher_free_command()
 */
void subject_words(const struct subject *subject, const char *options,
                   uint16_t port, char **argv);

#endif
