#include "tests/program.h"

#include "common/clock.h"
#include "common/lab/launcher.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGUMENTS = 32 };

/* A Criterion test's child only executes, or exits. */
static _Noreturn void execute(const char *path, char **argv, int in,
                              int out)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    execv(path, argv);
    _exit(127);
}

bool program_start(struct program *program, const char *name,
                   const char *arguments)
{
    char path[512], words[1024];
    char *argv[ARGUMENTS] = {path};
    int argc = 1;
    int pipes[2];

    snprintf(path, sizeof(path), "%s/%s", launcher_folder(), name);
    snprintf(words, sizeof(words), "%s", arguments);
    for (char *word = strtok(words, " ");
         word != NULL && argc + 1 < ARGUMENTS; word = strtok(NULL, " "))
        argv[argc++] = word;
    *program = (struct program){.out = memfd_create(name, MFD_CLOEXEC)};
    if (program->out == -1 || pipe2(pipes, O_CLOEXEC) == -1)
        return false;
    program->in = pipes[1];
    program->pid = fork();
    if (program->pid == 0)
        execute(path, argv, pipes[0], program->out);
    close(pipes[0]);
    return program->pid != -1;
}

/* What it has printed from a place on, NUL-ended. */
static const char *output_from(const struct program *program, size_t at)
{
    static char text[PROGRAM_OUTPUT];
    ssize_t n = pread(program->out, text, sizeof(text) - 1, (off_t)at);

    n = n > 0 ? n : 0;
    for (ssize_t i = 0; i < n; i++)
        if (text[i] == '\0')
            text[i] = '?';
    text[n] = '\0';
    return text;
}

const char *program_output(const struct program *program)
{
    return output_from(program, 0);
}

bool program_has_said(struct program *program, const char *text)
{
    for (;;) {
        const char *output = output_from(program, program->at);
        const char *found = strstr(output, text);
        if (found != NULL) {
            program->at += (size_t)(found - output) + strlen(text);
            return true;
        }
        if (strlen(output) < PROGRAM_OUTPUT - 1)
            return false;
        program->at += PROGRAM_OUTPUT - 1 - strlen(text);
    }
}

bool program_says(struct program *program, const char *text)
{
    int64_t deadline_ms = clock_now_ms() + PROGRAM_PATIENCE_MS;

    do {
        if (program_has_said(program, text))
            return true;
        clock_rest_ms(2);
    } while (clock_now_ms() < deadline_ms);
    fprintf(stderr, "waited for \"%s\" in vain; there was:\n%.2000s", text,
            output_from(program, program->at));
    return false;
}

uint16_t program_port(struct program *program)
{
    if (!program_says(program, "listening 127.0.0.1:") ||
        !program_says(program, "\n"))
        return 0;
    const char *output = program_output(program);
    size_t at = program->at - 1;
    while (output[at - 1] != ':')
        at--;
    return (uint16_t)atoi(output + at);
}

bool program_type(struct program *program, const char *text)
{
    return write(program->in, text, strlen(text)) == (ssize_t)strlen(text);
}

void program_hang_up(struct program *program)
{
    if (program->in != -1)
        close(program->in);
    program->in = -1;
}

int program_end(struct program *program, int signo)
{
    int64_t deadline_ms = clock_now_ms() + PROGRAM_PATIENCE_MS;
    int status;

    if (signo != 0)
        kill(program->pid, signo);
    while (waitpid(program->pid, &status, WNOHANG) == 0) {
        if (clock_now_ms() > deadline_ms)
            kill(program->pid, SIGKILL);
        clock_rest_ms(2);
    }
    program_hang_up(program);
    if (WIFSIGNALED(status) && WTERMSIG(status) != signo)
        fprintf(stderr, "died; it had said:\n%s", program_output(program));
    close(program->out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int program_dial(uint16_t port)
{
    const struct timeval patience = {.tv_sec = PROGRAM_PATIENCE_MS / 1000};
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) ==
        -1) {
        close(fd);
        return -1;
    }
    return fd;
}

ssize_t program_ask(uint16_t port, const void *data, size_t n, size_t piece,
                    char *reply, size_t size)
{
    const char *bytes = data;
    size_t filled = 0;
    bool refused = false;
    ssize_t got = 1;
    int fd = program_dial(port);

    if (fd == -1)
        return -1;
    for (size_t sent = 0; sent < n && !refused;) {
        size_t left = n - sent;
        size_t wanted = piece > 0 && piece < left ? piece : left;
        ssize_t done = send(fd, bytes + sent, wanted, MSG_NOSIGNAL);
        refused = done == -1; /* the reply may say why */
        sent += refused ? 0 : (size_t)done;
    }
    shutdown(fd, SHUT_WR);
    while (got > 0 && filled + 1 < size) {
        got = recv(fd, reply + filled, size - 1 - filled, 0);
        filled += got > 0 ? (size_t)got : 0;
    }
    reply[filled] = '\0';
    close(fd);
    return got == -1 || refused ? -1 : (ssize_t)filled;
}
