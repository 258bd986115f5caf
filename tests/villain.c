/*
 * villain: plays one of the villains against a server, for a lecture.
 */
#include "tests/villains.h"

#include "common/connect.h"
#include "common/options.h"
#include "common/protocol.h"

#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { HELD = 20000 };

struct arguments {
    const struct villain *villain;
    const char *host;
    uint16_t port;
};

static void take_villain(struct arguments *arguments, const char *name,
                         struct argp_state *state)
{
    if (arguments->villain != NULL)
        argp_error(state, "%s: one villain at a time", name);
    arguments->villain = villains_find(name);
    if (arguments->villain != NULL)
        return;
    fprintf(stderr, "villain: %s: no such villain; accepted are", name);
    for (const struct villain *v = villains; v->name != NULL; v++)
        fprintf(stderr, " %s", v->name);
    fprintf(stderr, "\n");
    exit(EXIT_USAGE);
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    long port;

    switch (key) {
    case 'p':
        if (options_number(arg, 1, UINT16_MAX, &port) == -1)
            argp_error(state,
                       "--port %s: a number from 1 to 65535 is "
                       "accepted",
                       arg);
        arguments->port = (uint16_t)port;
        return 0;
    case 'h':
        arguments->host = arg;
        return 0;
    case ARGP_KEY_ARG:
        take_villain(arguments, arg, state);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which villain?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The list of villains, for --help. */
static char *list_villains(int key, const char *text, void *input)
{
    char *list = NULL;
    size_t size;

    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)text;
    FILE *stream = open_memstream(&list, &size);
    if (stream == NULL)
        return NULL;
    for (const struct villain *v = villains; v->name != NULL; v++)
        fprintf(stream, "  %-11s %s\n", v->name, v->about);
    fclose(stream);
    return list;
}

/* Dies when there is no such host. */
static void look_up(const struct arguments *arguments)
{
    struct addrinfo *addresses;
    const char *reason = connect_resolve(arguments->host, arguments->port,
                                         &addresses);

    if (reason != NULL)
        fatal("villain", "--host %s: %s", arguments->host, reason);
    freeaddrinfo(addresses);
}

int main(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"port", 'p', "N", 0, "the server's port (default 5050)", 0},
        {"host", 'h', "ADDRESS", 0,
         "the server's address (default " ECHO_HOST ")", 0},
        {0},
    };
    static const struct argp argp = {
        options, take_option,
        "NAME",  "Plays a badly behaved client against a server.\v",
        NULL,    list_villains,
        NULL,
    };
    static int fds[HELD];
    struct arguments arguments = {.host = ECHO_HOST, .port = ECHO_PORT};

    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    const struct villain *villain = arguments.villain;
    look_up(&arguments);
    printf("%s: %s\n", villain->name, villain->about);
    fflush(stdout);
    ssize_t held = villain->play(arguments.host, arguments.port, fds, HELD);
    if (held == -1)
        fatal_errno("villain", "cannot connect to %s port %d",
                    arguments.host, arguments.port);
    if (held > 0) {
        printf("holding %zd connection%s; Ctrl-C ends\n", held,
               held == 1 ? "" : "s");
        fflush(stdout);
        pause();
    }
    return 0;
}
