/*
 * The live demo: real servers, real sockets, and what the kernel says about
 * them, side by side. docs/demo.md says how to use it in a lecture.
 */
#include "common/options.h"
#include "demo/play.h"
#include "demo/playbill.h"
#include "demo/terminal.h"
#include "demo/text.h"

#include <argp.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
    KEY_SCENE = 256,
    KEY_SERVER,
    KEY_PREDICT,
    KEY_SPEED,
    KEY_RECORD,
    KEY_TRACE,
    KEY_PLAIN
};

static const double MIN_SPEED = 0.1;
static const double MAX_SPEED = 50;

static const struct argp_option table[] = {
    {"scene", KEY_SCENE, "NAME", 0,
     "play demo/scenes/NAME.scene, or the file NAME that has a slash in it "
     "(default silent-first)",
     0},
    {"server", KEY_SERVER, "NAME=COMMAND", 0,
     "a server of your own, which keeps the contract: {port} in COMMAND "
     "becomes a free port, and it prints `listening HOST:PORT`",
     0},
    {"predict", KEY_PREDICT, NULL, 0,
     "stop at each question and take your prediction", 0},
    {"speed", KEY_SPEED, "X", 0,
     "play X times as fast, 0.1 to 50 (default 1); servers keep their own "
     "time",
     0},
    {"record", KEY_RECORD, "FILE.cast", 0,
     "record what is drawn (asciinema v2)", 0},
    {"trace", KEY_TRACE, "FILE.json", 0,
     "write who did what when (Chrome trace format, for Perfetto)", 0},
    {"plain", KEY_PLAIN, NULL, 0,
     "events as lines and a picture at the end; so it is, too, without a "
     "terminal",
     0},
    {0},
};

static struct stage_part *add_part(struct play_options *options,
                                   struct argp_state *state)
{
    if (options->nparts == SCENE_SERVERS)
        argp_error(state, "more than %d servers", SCENE_SERVERS);
    return &options->parts[options->nparts++];
}

static void add_model(struct play_options *options, const char *arg,
                      struct argp_state *state)
{
    char error[SCENE_ERROR];

    if (playbill_check_model(arg, error) == -1)
        argp_error(state, "%s", error);
    struct stage_part *part = add_part(options, state);
    snprintf(part->name, sizeof(part->name), "%s", arg);
}

static void add_server(struct play_options *options, const char *arg,
                       struct argp_state *state)
{
    const char *equals = strchr(arg, '=');
    char name[SCENE_NAME];

    if (equals == NULL || equals == arg || equals[1] == '\0' ||
        equals - arg >= SCENE_NAME)
        argp_error(
            state,
            "--server %s: NAME=COMMAND is accepted, as in "
            "'mine=./server --port {port}', with at most %d bytes of "
            "name",
            arg, SCENE_NAME - 1);
    struct stage_part *part = add_part(options, state);
    snprintf(name, sizeof(name), "%.*s", (int)(equals - arg), arg);
    text_clean(part->name, sizeof(part->name), name);
    part->command = equals + 1;
}

static void take_speed(struct play_options *options, const char *arg,
                       struct argp_state *state)
{
    char *end;
    double speed = strtod(arg, &end);

    if (end == arg || *end != '\0' ||
        !(speed >= MIN_SPEED && speed <= MAX_SPEED))
        argp_error(state, "--speed %s: a number from 0.1 to 50 is accepted",
                   arg);
    options->speed = speed;
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
    struct play_options *options = state->input;

    switch (key) {
    case KEY_SCENE:
        options->scene = arg;
        return 0;
    case KEY_SERVER:
        add_server(options, arg, state);
        return 0;
    case KEY_PREDICT:
        options->predict = true;
        return 0;
    case KEY_SPEED:
        take_speed(options, arg, state);
        return 0;
    case KEY_RECORD:
        options->record = arg;
        return 0;
    case KEY_TRACE:
        options->trace = arg;
        return 0;
    case KEY_PLAIN:
        options->plain = true;
        return 0;
    case ARGP_KEY_ARG:
        add_model(options, arg, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* A bus of clients at several servers takes thousands of descriptors. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit); /* else a large scene says so */
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        table,
        take_option,
        "[MODEL ...]",
        "The live demo: servers side by side, as the kernel sees them.\v"
        "MODEL is a line of build/servers; without one the scene chooses. "
        "Keys: `?` lists them.",
        NULL,
        NULL,
        NULL,
    };
    struct play_options options = {.scene = "silent-first", .speed = 1};

    options_keep_streams();
    setlocale(LC_ALL, "");
    setlocale(LC_NUMERIC, "C"); /* figures with a point, as in a scene */
    argp_program_version = "demo " SUITE_VERSION;
    argp_err_exit_status = EXIT_USAGE;
    /* In order: so they stand side by side. */
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &options);
    if (!terminal_usable())
        options.plain = true;
    raise_descriptor_limit();
    return play(&options);
}
