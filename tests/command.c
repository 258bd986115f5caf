#include "tests/command.h"

#include "common/clock.h"

#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Files in place of pipes: nobody has to read along. */
static int open_file(const char *name)
{
    return memfd_create(name, MFD_CLOEXEC);
}

static void read_file(int fd, char text[COMMAND_OUTPUT])
{
    ssize_t n = pread(fd, text, COMMAND_OUTPUT - 1, 0);

    text[n > 0 ? n : 0] = '\0';
}

static int start(pid_t *pid, char *const *argv, int out, int err)
{
    posix_spawn_file_actions_t actions;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return -1;
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    int error = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error == 0 ? 0 : -1;
}

/* Returns -1 when it had to be killed. */
static int wait_for(pid_t pid, int *status, int wait_ms)
{
    const int64_t deadline_ms = clock_now_ms() + wait_ms;

    while (waitpid(pid, status, WNOHANG) == 0) {
        if (clock_now_ms() > deadline_ms) {
            kill(pid, SIGKILL);
            waitpid(pid, status, 0);
            return -1;
        }
        clock_rest_ms(2);
    }
    return 0;
}

int command_run(struct command *command, char *const *argv, int wait_ms)
{
    int out = open_file("stdout");
    int err = open_file("stderr");
    int result = -1;
    pid_t pid;

    memset(command, 0, sizeof(*command));
    if (out != -1 && err != -1 && start(&pid, argv, out, err) == 0) {
        result = wait_for(pid, &command->status, wait_ms);
        read_file(out, command->out);
        read_file(err, command->err);
    }
    if (out != -1)
        close(out);
    if (err != -1)
        close(err);
    return result;
}
