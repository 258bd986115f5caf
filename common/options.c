#include "common/options.h"

#include "common/clock.h"
#include "common/protocol.h"
#include "common/show.h"
#include "common/work.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *program;

/* A disk may be full, or a reader gone, and printf()'s result is not looked
 * at anywhere. */
static void check_stdout(void)
{
    if (!ferror(stdout) && fflush(stdout) == 0)
        return;
    fprintf(stderr, "%s: not all could be written to stdout\n", program);
    _exit(EXIT_FAILURE);
}

void options_check_stdout(const char *name)
{
    program = name;
    atexit(check_stdout);
}

void options_keep_streams(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDONLY);
    while (fd != -1 && fd <= STDERR_FILENO);
    if (fd != -1)
        close(fd);
}

int options_number(const char *text, long min, long max, long *value)
{
    char *end;

    /* strtol() skips blanks and takes a plus sign. */
    if ((*text < '0' || *text > '9') && *text != '-')
        return -1;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || number < min ||
        number > max)
        return -1;
    *value = number;
    return 0;
}

long options_cores(long most)
{
    cpu_set_t cores;

    if (sched_getaffinity(0, sizeof(cores), &cores) == -1)
        return 1; /* more cores than the set holds */
    return CPU_COUNT(&cores) < most ? CPU_COUNT(&cores) : most;
}

int options_duration_ns(const char *text, uint64_t max_ns, uint64_t *ns)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {
        {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"min", 60e9},
    };
    size_t digits = strspn(text, "0123456789.");
    char *end;

    if (digits == 0)
        return -1;
    double number = strtod(text, &end);
    if (end != text + digits)
        return -1;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(end, units[i].name) == 0) {
            double wanted = number * units[i].ns;
            if (wanted > (double)max_ns)
                return -1;
            *ns = (uint64_t)(wanted + 0.5);
            return 0;
        }
    return -1;
}

__attribute__((format(printf, 2, 0))) static void
say(const char *name, const char *format, va_list args)
{
    char *text = show_format(format, args);

    fprintf(stderr, "%s: %s", name, text != NULL ? text : format);
    free(text);
}

void fatal(const char *name, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(name, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(EXIT_FAILURE);
}

void fatal_errno(const char *name, const char *format, ...)
{
    int reason = errno;
    va_list args;

    va_start(args, format);
    say(name, format, args);
    va_end(args);
    fprintf(stderr, ": %s\n", strerror(reason));
    exit(EXIT_FAILURE);
}

/* Keys of the options; a model's own numbers follow from KEY_NUMBERS on. */
enum {
    KEY_PORT = 256,
    KEY_HOST,
    KEY_MAX_CLIENTS,
    KEY_DRAIN_MS,
    KEY_IDLE_TIMEOUT,
    KEY_REUSE_PORT,
    KEY_WORK,
    KEY_NUMBERS
};

enum { MAX_NUMBERS = 8, SHARED_OPTIONS = 7, ECHO_OPTIONS = 2 };

/* Of --idle-timeout: a day. */
static const uint64_t longest_idle_ns = 24 * 60 * 60 * NS_PER_S;

static char port_help[80], max_clients_help[80];

/* The last ECHO_OPTIONS are for echo servers alone, and the last of these
 * is not for all of them. */
static const struct argp_option shared[SHARED_OPTIONS] = {
    {"port", KEY_PORT, "N", 0, port_help, 1},
    {"host", KEY_HOST, "ADDRESS", 0,
     "listen on ADDRESS (default " ECHO_HOST ", nobody outside)", 1},
    {"max-clients", KEY_MAX_CLIENTS, "N", 0, max_clients_help, 1},
    {"drain-ms", KEY_DRAIN_MS, "MS", 0,
     "when stopped, cut clients that have not finished after MS ms "
     "(default 3000)",
     1},
    {"reuse-port", KEY_REUSE_PORT, NULL, 0,
     "share the port with other servers that were started so: the kernel "
     "spreads the newcomers",
     1},
    {"work", KEY_WORK, "KIND:DURATION", 0,
     "work for each message: cpu:200us computes, sleep:1ms waits", 1},
    {"idle-timeout", KEY_IDLE_TIMEOUT, "DURATION", 0,
     "close a client that neither sends nor takes a byte for DURATION, as "
     "30s (default 0s: none)",
     1},
};

struct parsing {
    const struct model *model;
    struct options options;
};

static void add_port(struct parsing *parsing, const char *arg,
                     struct argp_state *state)
{
    struct options *options = &parsing->options;
    long port = 0;

    if (options_number(arg, 0, UINT16_MAX, &port) == -1)
        argp_error(state,
                   "--port %s: not a port; a number from 0 to 65535 "
                   "is accepted",
                   arg);
    if (options->nports == 1 && !options->many_ports)
        argp_error(state,
                   "--port %s: a second port, but accept() waits on "
                   "one alone; timeout_poll, select and epoll can wait on "
                   "several",
                   arg);
    if (options->nports == MAX_PORTS)
        argp_error(state, "--port %s: more than %d ports", arg, MAX_PORTS);
    options->ports[options->nports++] = (uint16_t)port;
}

static void take_number(struct argp_state *state, const char *name,
                        const char *arg, long min, long max, long *value)
{
    if (options_number(arg, min, max, value) == -1)
        argp_error(state, "--%s %s: a number from %ld to %ld is accepted",
                   name, arg, min, max);
}

static void take_idle_timeout(struct argp_state *state, const char *arg,
                              uint64_t *ns)
{
    if (options_duration_ns(arg, longest_idle_ns, ns) == -1)
        argp_error(
            state,
            "--idle-timeout %s: a duration in ns, us, ms, s or min is "
            "accepted, as in 30s, up to 1440min",
            arg);
}

static void take_work(struct argp_state *state, const char *arg)
{
    if (work_set(arg) == -1)
        argp_error(state,
                   "--work %s: cpu:DURATION or sleep:DURATION is accepted, "
                   "as in cpu:200us, up to 10s",
                   arg);
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
    struct parsing *parsing = state->input;
    struct options *options = &parsing->options;
    const struct option_number *number;

    state->name = (char *)options->model; /* argp cuts it at a slash */
    switch (key) {
    case KEY_PORT:
        add_port(parsing, arg, state);
        return 0;
    case KEY_HOST:
        options->host = arg;
        return 0;
    case KEY_MAX_CLIENTS:
        take_number(state, "max-clients", arg, 1, 1000000,
                    &options->max_clients);
        return 0;
    case KEY_DRAIN_MS:
        take_number(state, "drain-ms", arg, 0, 3600000, &options->drain_ms);
        return 0;
    case KEY_IDLE_TIMEOUT:
        take_idle_timeout(state, arg, &options->idle_ns);
        return 0;
    case KEY_REUSE_PORT:
        options->reuse_port = true;
        return 0;
    case KEY_WORK:
        take_work(state, arg);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "%s: only options are accepted", arg);
        return 0;
    default:
        if (key < KEY_NUMBERS || key >= KEY_NUMBERS + MAX_NUMBERS)
            return ARGP_ERR_UNKNOWN;
        number = &parsing->model->numbers[key - KEY_NUMBERS];
        take_number(state, number->name, arg, number->min, number->max,
                    number->value);
        return 0;
    }
}

/* The ports when none is given. */
static void default_ports(const struct model *model,
                          struct options *options)
{
    size_t n = 0;

    while (n < MAX_DEFAULT_PORTS && model->ports[n] != 0) {
        options->ports[n] = model->ports[n];
        n++;
    }
    if (n == 0)
        options->ports[n++] = ECHO_PORT;
    options->nports = n;
}

static size_t options_shared(const struct model *model)
{
    if (model->ports[0] != 0)
        return SHARED_OPTIONS - ECHO_OPTIONS;
    return model->no_idle_timeout ? SHARED_OPTIONS - 1 : SHARED_OPTIONS;
}

/* Fills table, which is all zeros. */
static void list_options(const struct model *model,
                         struct argp_option *table)
{
    struct options defaults;
    size_t n = options_shared(model);
    char second[16] = "";

    default_ports(model, &defaults);
    if (defaults.nports == 2)
        snprintf(second, sizeof(second), " and %d", defaults.ports[1]);
    snprintf(port_help, sizeof(port_help),
             "listen on port N; 0: the kernel chooses (default %d%s)",
             defaults.ports[0], second);
    snprintf(max_clients_help, sizeof(max_clients_help),
             "serve at most N at once; newcomers are closed, or wait "
             "(default %ld)",
             model->max_clients);
    memcpy(table, shared, n * sizeof(*table));
    for (int i = 0; model->numbers != NULL && model->numbers[i].name; i++) {
        const struct option_number *number = &model->numbers[i];
        table[n++] = (struct argp_option){number->name,     KEY_NUMBERS + i,
                                          number->argument, 0,
                                          number->help,     1};
    }
}

struct options options_parse(int argc, char **argv,
                             const struct model *model)
{
    struct argp_option table[SHARED_OPTIONS + MAX_NUMBERS + 1] = {0};
    char *about;
    struct argp argp = {table, take_option, NULL, NULL, NULL, NULL, NULL};
    struct parsing parsing = {
        .model = model,
        .options =
            {
                .model = model->name,
                .host = ECHO_HOST,
                .many_ports = model->many_ports,
                .echoes = model->ports[0] == 0,
                .max_clients = model->max_clients,
                .drain_ms = 3000,
            },
    };

    list_options(model, table);
    if (asprintf(&about, "%s: %s", model->name, model->about) == -1)
        fatal_errno(model->name, "cannot start");
    argp.doc = about;
    /* Messages begin with the model's name, not with that of its file. */
    if (argc > 0)
        argv[0] = (char *)model->name;
    static char version[64];
    snprintf(version, sizeof(version), "%s %s", model->name, SUITE_VERSION);
    argp_program_version = version;
    argp_err_exit_status = EXIT_USAGE;
    options_keep_streams();
    options_check_stdout(model->name);
    argp_parse(&argp, argc, argv, 0, NULL, &parsing);
    free(about);
    if (parsing.options.nports == 0)
        default_ports(model, &parsing.options);
    return parsing.options;
}
