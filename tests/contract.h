/*
 * The contract suite: each check asks every echo server for one of the
 * promises that docs/reference.md numbers.
 *
 *     CHECK(echoes_1_B, P3)
 *     {
 *         echo_exactly(subject, 1);
 *     }
 *
 * The check gets a server that runs and was shown to echo, and asserts by
 * Criterion. Its message is a sentence that tells what broke. After it,
 * whatever it did, the server must live, echo to a new client and end at
 * SIGTERM: contract.c asserts that. Other checks ask for what a server
 * leaves behind, so that one fault fails one check.
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

/* The numbers of the contract's promises; their words are in promises[]. */
enum promise {
    P1 = 1,
    P2,
    P3,
    P4,
    P5,
    P6,
    P7,
    P8,
    P9,
    P10,
    P11,
    P12,
    P13,
    P14,
    P15,
    P16,
    PROMISES
};
extern const char *const promises[PROMISES];

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

/* The tables of the fault matrix (contract_matrix.c). */
enum fault_group {
    NO_FAULT, /* the check is in none of them */
    VILLAINS, /* clients that behave badly */
    ACCEPT,   /* accept() fails */
    RECV,     /* recv() fails */
    SEND,     /* send() fails */
    TASKS,    /* calls fail that wait, or that make processes and threads */
    LIMITS,   /* the system gives no more, or is old */
    SIGNALS,
    FAULT_GROUPS
};

/* A column of its table. */
struct fault {
    enum fault_group group;
    const char *name; /* in a word or two: "reset"; NULL: the villain's */
    const char *done; /* what is done, a sentence; NULL: the villain's */
};

struct check {
    enum promise promise;
    const char *name;
    void (*run)(struct subject *subject);
    const char *file; /* where it stands */
    unsigned line;
    bool apart;         /* only for the fault matrix: it takes its time */
    struct fault fault; /* what is done to the server, if that is a fault */
    /* How many of something the check needs. A server of which expected.h
     * says that it has fewer passes by design: by the first of these
     * properties. */
    long needs;
    enum property design[3];
    const char *options;     /* with which options to start it; or NULL */
    struct launch_plan plan; /* under which limits */
    const char *villain;     /* which client of villains.h plays */
    const char *calls;       /* system calls that fail, as for strace(1) */
    const char *error;       /* and how they do: "EINTR" */
    bool by_hand;            /* the check starts the server itself */
};

/* Notes a check, before main(). */
void contract_add(const struct check *check);

/* A check's head; its promise comes first, then fields of struct check. */
#define CHECK(name_, ...)                                                  \
    static void name_(struct subject *subject);                            \
    __attribute__((constructor)) static void add_##name_(void)             \
    {                                                                      \
        static const struct check check = {__VA_ARGS__, .name = #name_,    \
                                           .run = name_, .file = __FILE__, \
                                           .line = __LINE__};              \
        contract_add(&check);                                              \
    }                                                                      \
    static void name_(struct subject *subject)

/*
 * Asserts that a function of client.h had no problem.
 *
 * problem  what it returned
 * who      printf's; the problem ends the sentence: "the client"
 */
void expect(const char *problem, const char *who, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Starts the server: the check's options and limits, and port 0 or a free
 * one when `port` is 0. Asserts that it listens.
 */
void subject_start(struct subject *subject, const char *options,
                   const struct launch_plan *plan, uint16_t port);

/* The same without asserting; false with subject->server.error. */
bool subject_starts(struct subject *subject, const char *options,
                    const struct launch_plan *plan, uint16_t port);

/* The same by another command, to which the server's words are added:
 * "strace". With the check's options and limits. */
bool subject_starts_by(struct subject *subject, const char *starter);

/* Echoes once, and notes how the server is when idle. */
void subject_warm_up(struct subject *subject);

/* A new client; asserts that it could connect. */
int subject_connect(const struct subject *subject);

/* Asserts that a new client is echoed to; `after`: "a reset". */
void subject_serves(const struct subject *subject, const char *after);

/* A new client, echoed to once: the server is surely talking to it. */
int subject_welcome(const struct subject *subject);

/* Asserts that the server has not ended; `when`: "at the limit". */
void subject_lives(struct subject *subject, const char *when);

/*
 * Asserts what every server owes after every check: it lives and echoes to
 * a new client. After a fault of the matrix (subject_faulted()) it also has
 * no zombie, no descriptor and no more memory than before, and takes no
 * CPU time.
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

/* For subject_becomes(): nothing of it runs any more, but for zombies. */
bool subject_is_gone(const struct processes *now,
                     const struct subject *subject);

/* How it is as soon as nothing of it runs or changes, or after
 * PATIENCE_MS. */
struct processes subject_settles(const struct subject *subject);

/* What it said on stderr, NUL-ended; the buffer is reused. */
const char *subject_stderr(const struct subject *subject);

/*
 * Asserts that it ends, told to by a signal, with that status and with
 * these words on stderr, with nothing left behind and no sanitizer's
 * report.
 */
void subject_ended(struct subject *subject, int status, const char *words);

/*
 * Asserts that it has ended, or does so, with status 1 and the system's
 * reason.
 *
 * starts   what subject_starts() returned: a server may listen before it
 *          finds out
 */
void subject_gives_up(struct subject *subject, bool starts, int reason);

/*
 * Sends SIGTERM and asserts that it ends, when that is not what the check
 * is about: a server without a graceful stop, or one that leaves processes
 * behind, fails at those checks alone.
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
