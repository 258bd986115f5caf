/*
 * The command line that every server shares, and the reading of values that
 * every program here shares.
 */
#ifndef COMMON_OPTIONS_H
#define COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SUITE_VERSION "0.1.0"

enum {
    MAX_PORTS = 64,
    MAX_DEFAULT_PORTS = 2,
    EXIT_USAGE = 2, /* exit status: wrong command line */
};

/* A whole number that one model takes beside the shared options. */
struct option_number {
    const char *name;     /* "timeout-ms" */
    const char *argument; /* what --help calls the value: "MS" */
    const char *help;
    long min, max; /* accepted values, both included */
    long *value;   /* holds the default, receives the value */
};

/* What a server tells about itself. */
struct model {
    const char *name;  /* its path: "forking/prefork", "epoll" */
    const char *about; /* one sentence for --help */
    bool many_ports;   /* can it wait on several listeners? */
    long max_clients;  /* default of --max-clients */
    const struct option_number *numbers; /* ended by a NULL name; or NULL */
    /* What --port is when not given. Where it is set, the program is no
     * echo server, and has no --work and no --idle-timeout. Not set:
     * ECHO_PORT. */
    uint16_t ports[MAX_DEFAULT_PORTS];
    bool no_idle_timeout; /* an echo server that does not know the option */
};

struct options {
    const char *model; /* the model's name, for messages */
    const char *host;  /* a numeric address or a name */
    uint16_t ports[MAX_PORTS];
    size_t nports;    /* 1 or more */
    bool many_ports;  /* from the model */
    bool echoes;      /* it is an echo server */
    long max_clients; /* 1 or more */
    long drain_ms;    /* 0 or more */
    uint64_t idle_ns; /* how long a client may be silent; 0: for ever */
    bool reuse_port;  /* share the ports with other servers */
};

/*
 * Reads a server's command line; sets up --work (work.h).
 *
 * Returns  the options. host points into argv.
 * Errors   exits with EXIT_USAGE, naming the option, what was given and
 *          what is accepted; --help and --version exit with 0.
 */
struct options options_parse(int argc, char **argv,
                             const struct model *model);

/*
 * Reads a whole decimal number, nothing before or after it.
 *
 * Returns  0 with *value set, or -1 when text is no number in min ... max;
 *          *value is then untouched.
 */
int options_number(const char *text, long min, long max, long *value);

/*
 * What "one for each core" comes to: the cores that this process may use,
 * which taskset narrows.
 *
 * Returns  1 ... most; 1 when the system does not say.
 */
long options_cores(long most);

/*
 * Reads a duration: a decimal number and its unit, ns, us, ms, s or min
 * ("250us", "1.5s").
 *
 * Returns  0 with *ns set, or -1 when text is no duration in 0 ... max_ns.
 */
int options_duration_ns(const char *text, uint64_t max_ns, uint64_t *ns);

/*
 * Opens /dev/null in the place of stdin, stdout and stderr where a program
 * was started with that one closed: a socket would take its number, and get
 * the messages. Reading it ends at once, writing to it fails. To be called
 * first in main(); options_parse() does.
 */
void options_keep_streams(void);

/*
 * Makes a process that could not print all on stdout say so at its end, and
 * exit with status 1. options_parse() does this.
 *
 * name     the program's, for messages; borrowed until the process ends
 */
void options_check_stdout(const char *name);

/*
 * Dies: prints "NAME: " and the message on stderr and exits with status 1.
 * fatal_errno() adds ": " and the system's reason.
 */
_Noreturn void fatal(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
_Noreturn void fatal_errno(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
