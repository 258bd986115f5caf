#include "bench/race/arguments.h"

#include "common/options.h"

#include <errno.h>
#include <stdio.h>

struct outer {
    char **argv;
    void *input;
};

static error_t begin(int key, char *arg, struct argp_state *state)
{
    struct outer *outer = state->input;

    (void)arg;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN; /* the inner argp knows */
    state->argv = outer->argv;
    state->child_inputs[0] = outer->input;
    return 0;
}

/*
 * argp calls a program by what stands behind the last slash of argv[0], and
 * getopt by all of it. But where the parser brings an argv of its own, as
 * begin() does, argp takes program_invocation_short_name as it is.
 */
void arguments_parse(const struct argp *argp, char *script, int argc,
                     char **argv, void *input)
{
    static char version[64];
    const struct argp_child inner[] = {{argp, 0, NULL, 0}, {0}};
    const struct argp whole = {.parser = begin, .children = inner};
    struct outer outer = {argv, input};
    char *replaced[] = {NULL};

    snprintf(version, sizeof(version), "%s " SUITE_VERSION, script);
    argp_program_version = version;
    argp_err_exit_status = EXIT_USAGE;
    options_check_stdout(script);
    program_invocation_short_name = script;
    if (argc > 0)
        argv[0] = script;
    argp_parse(&whole, argc, replaced, 0, NULL, &outer);
}
