#include "demo/stage.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS = 2 * LAUNCH_ARGS + 2 * MAX_PORTS, BYTES = 8192 };

extern char **environ;

/* A command line that is being put together. */
struct command {
    const char *argv[WORDS + 1]; /* NULL-ended */
    size_t n;
    char bytes[BYTES]; /* what the words point to */
    size_t filled;
    bool full; /* a word did not fit */
};

static void add(struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add(struct command *command, const char *format, ...)
{
    size_t left = BYTES - command->filled;
    va_list args;

    va_start(args, format);
    int n = vsnprintf(command->bytes + command->filled, left, format, args);
    va_end(args);
    if (command->n == WORDS || n < 0 || (size_t)n >= left) {
        command->full = true;
        return;
    }
    command->argv[command->n++] = command->bytes + command->filled;
    command->filled += (size_t)n + 1;
}

static void add_limit(struct command *command, unsigned long tasks,
                      unsigned nth)
{
    if (geteuid() == 0) {
        add(command, "setpriv");
        /* A number that no user has; each server of each demo gets another.
         */
        add(command, "--reuid=%u",
            (1U << 20) + (unsigned)getpid() * 32 + nth);
        add(command, "--clear-groups");
        add(command, "--pdeathsig=KILL"); /* the new user cleared it */
    } else {
        add(command, "unshare");
        add(command, "--user");
    }
    add(command, "prlimit");
    add(command, "--nproc=%lu:%lu", tasks, tasks);
}

static void add_words(struct command *command, const char *text)
{
    while (*(text += strspn(text, " \t")) != '\0') {
        size_t n = strcspn(text, " \t");
        add(command, "%.*s", (int)n, text);
        text += n;
    }
}

static void add_model(struct command *command, const char *name,
                      const struct scene *scene, bool limited)
{
    for (size_t i = 0; i < scene->ports; i++) {
        add(command, "--port");
        add(command, "0");
    }
    unsigned long clients = scene->limits.clients;
    if (scene->limits.tasks > 0 && !limited) /* one is the server's own */
        clients = scene->limits.tasks - 1;
    if (clients > 0) {
        add(command, "--max-clients");
        add(command, "%lu", clients);
    }
    for (size_t i = 0; i < scene->nargs; i++)
        if (strcmp(scene->args[i].model, "all") == 0 ||
            strcmp(scene->args[i].model, name) == 0)
            add_words(command, scene->args[i].words);
}

/* Runs a command that says nothing. Does it exit with 0? */
static bool succeeds(const struct command *command)
{
    posix_spawn_file_actions_t actions;
    int status = -1;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    for (int fd = 0; fd < 3; fd++)
        posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR,
                                         0);
    if (posix_spawnp(&pid, command->argv[0], &actions, NULL,
                     (char *const *)command->argv, environ) == 0)
        waitpid(pid, &status, 0);
    posix_spawn_file_actions_destroy(&actions);
    return status == 0;
}

/* Can this server be started under a limit on tasks? */
static bool can_limit(const char *path, unsigned nth)
{
    struct command trial = {0};

    add_limit(&trial, 64, nth);
    add(&trial, "%s", path);
    add(&trial, "--version");
    return !trial.full && succeeds(&trial);
}

static int start(struct server *process, const struct command *command,
                 const struct stage_order *order)
{
    const struct launch_plan plan = {
        .argv = command->argv,
        .nports = order->scene->ports,
        .max_files = order->scene->limits.files,
        .quit_fd = order->quit_fd,
    };

    if (!command->full)
        return launcher_start(process, &plan);
    snprintf(process->error, sizeof(process->error),
             "more arguments than fit");
    return -1;
}

static int start_model(struct server *process,
                       const struct stage_order *order,
                       char note[STAGE_NOTE])
{
    struct command command = {0};
    const char *name = order->part->name;
    unsigned long tasks = order->scene->limits.tasks;
    char path[2 * SCENE_NAME];

    launcher_path(path, sizeof(path), name);
    bool limited = tasks > 0 && can_limit(path, order->nth);
    if (limited)
        add_limit(&command, tasks, order->nth);
    else if (tasks > 0)
        snprintf(note, STAGE_NOTE,
                 "No process limit can be set here: "
                 "--max-clients %lu stands in for it.",
                 tasks - 1);
    add(&command, "%s", path);
    add_model(&command, name, order->scene, limited);
    return start(process, &command, order);
}

static int start_own(struct server *process,
                     const struct stage_order *order, char note[STAGE_NOTE])
{
    const struct scene *scene = order->scene;
    struct command command = {0};
    char *words[LAUNCH_ARGS];
    uint16_t port;

    if (scene->ports > 1) {
        snprintf(process->error, sizeof(process->error),
                 "the scene wants "
                 "%zu ports; a --server command has one",
                 scene->ports);
        return -1;
    }
    if (launcher_split(order->part->command, words, &port) == -1) {
        snprintf(process->error, sizeof(process->error),
                 "`%.150s` is no "
                 "command that can be split into words",
                 order->part->command);
        return -1;
    }
    for (size_t i = 0; words[i] != NULL; i++)
        add(&command, "%s", words[i]);
    launcher_free_command(words);
    if (scene->limits.tasks > 0 || scene->limits.clients > 0)
        snprintf(note, STAGE_NOTE, "%s plays without the scene's limit.",
                 order->part->name);
    return start(process, &command, order);
}

int stage_start(struct server *process, const struct stage_order *order,
                char note[STAGE_NOTE])
{
    memset(process, 0, sizeof(*process));
    process->stdout_fd = process->stderr_fd = -1;
    note[0] = '\0';
    if (order->part->command != NULL)
        return start_own(process, order, note);
    return start_model(process, order, note);
}
