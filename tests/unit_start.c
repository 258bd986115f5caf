/* Servers of all rooms that start in odd surroundings. */
#include "common/lab/launcher.h"
#include "tests/client.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(start, .timeout = 60);

/* The loops have their descriptors before any client could take them. */
Test(start, loops_are_not_robbed_by_the_first_newcomers)
{
    enum { ROUNDS = 10, NEWCOMERS = 40 };
    char path[256];
    const char *argv[] = {path, "--port", "0", "--loops", "8", NULL};
    const struct launch_plan plan = {.argv = argv, .max_files = 44};
    struct server server;
    int status;

    launcher_path(path, sizeof(path), "epoll/loops");
    for (int i = 0; i < ROUNDS; i++) {
        int fds[NEWCOMERS];
        cr_assert(launcher_start(&server, &plan) == 0, "%s", server.error);
        for (int n = 0; n < NEWCOMERS; n++)
            fds[n] = client_connect(server.host, server.ports[0]);
        usleep(20000);
        cr_assert(!launcher_ended(&server, &status), "status %#x",
                  (unsigned)status);
        for (int n = 0; n < NEWCOMERS; n++)
            close(fds[n]);
        cr_assert(launcher_stop(&server, PATIENCE_MS, &status) == 0);
        cr_assert(status == 0);
    }
}

/* The listener's descriptor is beyond the set, which ends there. */
Test(start, select_needs_a_low_descriptor)
{
    char path[256];
    int status;

    launcher_path(path, sizeof(path), "select");
    pid_t pid = fork();
    if (pid == 0) {
        int out = open("/dev/null", O_WRONLY);
        dup2(out, STDOUT_FILENO);
        dup2(out, STDERR_FILENO);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close_range(3, ~0U, 0); /* no gap is to be left by exec() */
        for (int fd = 0; fd != -1 && fd < FD_SETSIZE;)
            fd = open("/dev/null", O_RDONLY);
        execl(path, path, "--port", "0", NULL);
        _exit(127);
    }
    cr_assert(waitpid(pid, &status, 0) == pid);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 1, "status %#x",
              (unsigned)status);
}
