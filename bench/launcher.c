#include "bench/launcher.h"

#include "common/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wordexp.h>

enum { READY_MS = 10000, LINE = 256 };

static int left_ms(int64_t deadline_ms)
{
    int64_t left = deadline_ms - clock_now_ms();
    return left > 0 ? (int)left : 0;
}

static void limit(int what, unsigned long value)
{
    const struct rlimit both = {value, value};

    if (value != 0 && setrlimit((__rlimit_resource_t)what, &both) == -1)
        _exit(126);
}

/* Numbers this high are given to nobody; the pid makes it one server's. */
static void take_own_user(void)
{
    const uid_t user = 0x20000000 + (uid_t)getpid();

    if (geteuid() == 0 ? setgid(user) == -1 || setuid(user) == -1
                       : unshare(CLONE_NEWUSER) == -1) {
        dprintf(STDERR_FILENO, LAUNCH_NO_USER ": %s\n", strerror(errno));
        _exit(126);
    }
}

/* In the child, between fork() and exec(): async-signal-safe calls only. */
_Noreturn static void become(const struct launch_plan *plan, int out,
                             int err, pid_t parent)
{
    sigset_t none;
    cpu_set_t cpus;

    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close_range(3, ~0U, 0);
    limit(RLIMIT_NOFILE, plan->max_files);
    /* First: PR_SET_PDEATHSIG does not outlast it, and a limit on tasks
     * from before a user namespace would bind all that we run. */
    if (plan->own_user)
        take_own_user();
    limit(RLIMIT_NPROC, plan->max_tasks);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(126); /* the parent died before it was asked for */
    limit(RLIMIT_AS, plan->max_bytes);
    if (plan->cpu > 0) {
        CPU_ZERO(&cpus);
        CPU_SET((size_t)plan->cpu - 1, &cpus);
        sched_setaffinity(0, sizeof(cpus), &cpus);
    }
    execvp(plan->argv[0], (char *const *)plan->argv);
    dprintf(STDERR_FILENO, "%s: %s\n", plan->argv[0], strerror(errno));
    _exit(127);
}

/* One line of stdout, without its end. Returns 1, or 0: end or deadline. */
static int read_line(int fd, char line[LINE], int64_t deadline_ms)
{
    size_t n = 0;

    while (n < LINE - 1) {
        struct pollfd one = {.fd = fd, .events = POLLIN};
        int ready = poll(&one, 1, left_ms(deadline_ms));
        if (ready == -1 && errno == EINTR)
            continue;
        if (ready <= 0 || read(fd, line + n, 1) != 1)
            return 0; /* a byte at a time: the rest is not ours to take */
        if (line[n] == '\n')
            break;
        n++;
    }
    line[n] = '\0';
    return 1;
}

/* "listening 127.0.0.1:5050", "listening [::1]:5050" */
static int read_listening(struct server *server, const char *line)
{
    static const char word[] = "listening ";
    const char *colon = strrchr(line, ':');
    long port;

    if (strncmp(line, word, sizeof(word) - 1) != 0 || colon == NULL ||
        options_number(colon + 1, 1, UINT16_MAX, &port) == -1)
        return -1;
    const char *host = line + sizeof(word) - 1;
    const char *end = colon;
    if (*host == '[' && end[-1] == ']') {
        host++;
        end--;
    }
    size_t n = (size_t)(end - host);
    if (n == 0 || n >= sizeof(server->host))
        return -1;
    memcpy(server->host, host, n);
    server->host[n] = '\0';
    server->ports[server->nports++] = (uint16_t)port;
    return 0;
}

/* The last line of what the server said on stderr; empty if nothing. */
static void last_words(int fd, char words[LINE])
{
    char text[4096];
    off_t size = lseek(fd, 0, SEEK_END);
    off_t from = size > (off_t)sizeof(text) - 1
                     ? size - (off_t)sizeof(text) + 1
                     : 0;
    ssize_t n = pread(fd, text, sizeof(text) - 1, from);

    while (n > 0 && text[n - 1] == '\n')
        n--;
    text[n > 0 ? n : 0] = '\0';
    const char *newline = strrchr(text, '\n');
    snprintf(words, LINE, "%.200s", newline ? newline + 1 : text);
}

static void explain_silence(struct server *server, const char *name,
                            int ready_ms)
{
    char words[LINE];
    int status;

    last_words(server->stderr_fd, words);
    const char *colon = words[0] ? ": " : "";
    if (!launcher_ended(server, &status))
        snprintf(server->error, LAUNCH_ERROR,
                 "%s did not say `listening "
                 "HOST:PORT` within %d ms%s%.120s",
                 name, ready_ms, colon, words);
    else if (WIFSIGNALED(status))
        snprintf(server->error, LAUNCH_ERROR,
                 "%s was ended by signal %d "
                 "before it listened%s%.120s",
                 name, WTERMSIG(status), colon, words);
    else
        snprintf(server->error, LAUNCH_ERROR,
                 "%s ended with status %d "
                 "before it listened%s%.120s",
                 name, WEXITSTATUS(status), colon, words);
}

static int wait_until_ready(struct server *server,
                            const struct launch_plan *plan)
{
    int ready_ms = plan->ready_ms ? plan->ready_ms : READY_MS;
    int64_t deadline_ms = clock_now_ms() + ready_ms;
    size_t wanted = plan->nports ? plan->nports : 1;
    char line[LINE];

    while (server->nports < wanted) {
        if (!read_line(server->stdout_fd, line, deadline_ms)) {
            /* stdout ends a moment before the process does */
            struct timespec moment = {.tv_nsec = 50000000};
            nanosleep(&moment, NULL);
            explain_silence(server, plan->argv[0], ready_ms);
            return -1;
        }
        if (read_listening(server, line) == -1) {
            snprintf(server->error, LAUNCH_ERROR,
                     "%s said `%.80s` in place "
                     "of `listening HOST:PORT`",
                     plan->argv[0], line);
            return -1;
        }
    }
    return 0;
}

int launcher_start(struct server *server, const struct launch_plan *plan)
{
    int out[2];
    pid_t parent = getpid();

    memset(server, 0, sizeof(*server));
    server->stdout_fd = server->stderr_fd = -1;
    if (pipe2(out, O_CLOEXEC) == -1)
        goto fail;
    server->stdout_fd = out[0];
    server->stderr_fd = memfd_create("stderr",
                                     MFD_CLOEXEC | MFD_ALLOW_SEALING);
    pid_t pid = server->stderr_fd == -1 ? -1 : fork();
    if (pid == 0)
        become(plan, out[1], server->stderr_fd, parent);
    close(out[1]);
    if (pid == -1)
        goto fail;
    setpgid(pid, pid); /* here too: whoever is first */
    server->pid = pid;
    if (wait_until_ready(server, plan) == 0)
        return 0;
    launcher_kill(server);
    return -1;

fail:
    snprintf(server->error, LAUNCH_ERROR, "cannot start %s: %s",
             plan->argv[0], strerror(errno));
    launcher_kill(server);
    return -1;
}

/* Waits for the end of a child. Returns 0, or -1 when the time is over. */
static int wait_end(pid_t pid, int wait_ms)
{
    int64_t deadline_ms = clock_now_ms() + wait_ms;
    struct pollfd end = {.events = POLLIN};
    int ready;

    end.fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (end.fd == -1)
        return -1;
    do {
        ready = poll(&end, 1, left_ms(deadline_ms));
    } while (ready == -1 && errno == EINTR);
    close(end.fd);
    return ready == 1 ? 0 : -1;
}

static void forget(struct server *server)
{
    if (server->stdout_fd != -1)
        close(server->stdout_fd);
    if (server->stderr_fd != -1)
        close(server->stderr_fd);
    server->stdout_fd = server->stderr_fd = -1;
    server->pid = 0;
}

bool launcher_ended(struct server *server, int *status)
{
    siginfo_t info = {0};

    /* WNOWAIT: it stays a zombie until launcher_stop(), its pid ours. */
    if (server->pid == 0 ||
        waitid(P_PID, (id_t)server->pid, &info,
               WEXITED | WNOHANG | WNOWAIT) == -1 ||
        info.si_pid == 0)
        return false;
    *status = info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8
                                         : info.si_status;
    return true;
}

int launcher_stop(struct server *server, int wait_ms, int *status)
{
    if (server->pid != 0)
        kill(server->pid, SIGTERM);
    return launcher_wait(server, wait_ms, status);
}

int launcher_wait(struct server *server, int wait_ms, int *status)
{
    int how = 0;
    int result = 0;

    if (server->pid == 0)
        return 0;
    if (wait_end(server->pid, wait_ms) == -1) {
        snprintf(server->error, LAUNCH_ERROR,
                 "did not end within %d ms of "
                 "the signal to stop and was killed",
                 wait_ms);
        result = -1;
    }
    kill(server->pid, SIGKILL); /* a zombie by now, if all went well */
    waitpid(server->pid, &how, 0);
    if (kill(-server->pid, SIGKILL) == 0 && result == 0) {
        snprintf(server->error, LAUNCH_ERROR,
                 "left processes behind when "
                 "it ended");
        result = -1;
    }
    if (status != NULL)
        *status = how;
    forget(server);
    return result;
}

void launcher_kill(struct server *server)
{
    if (server->pid != 0) {
        kill(-server->pid, SIGKILL);
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
    }
    forget(server);
}

const char *launcher_folder(void)
{
    const char *folder = getenv("SUITE_BUILD");

    return folder != NULL && *folder != '\0' ? folder : "build";
}

void launcher_path(char *path, size_t size, const char *model)
{
    snprintf(path, size, "%s/%s/server", launcher_folder(), model);
    if (access(path, X_OK) == -1)
        snprintf(path, size, "%s/%s", launcher_folder(), model);
}

static bool port_is_free(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_free = fd != -1 && bind(fd, (const struct sockaddr *)&address,
                                    sizeof(address)) == 0;

    if (fd != -1)
        close(fd);
    return is_free;
}

/* The lowest port that the kernel gives to a client. */
static unsigned first_client_port(void)
{
    unsigned first = 32768; /* Linux' default */
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");

    if (file != NULL) {
        if (fscanf(file, "%u", &first) != 1)
            first = 32768;
        fclose(file);
    }
    return first;
}

uint16_t launcher_free_port(void)
{
    enum { LOWEST = 10240, TRIES = 1000 };
    unsigned end = first_client_port();

    for (int i = 0; i < TRIES && end > LOWEST && end <= UINT16_MAX; i++) {
        unsigned number;
        if (getrandom(&number, sizeof(number), 0) != sizeof(number))
            break;
        uint16_t port = (uint16_t)(LOWEST + number % (end - LOWEST));
        if (port_is_free(port))
            return port;
    }
    return 0;
}

/* A copy of text, {port} filled in wherever it stands. NULL: no memory. */
static char *fill_port(const char *text, uint16_t *port)
{
    static const char mark[] = "{port}";
    char *copy = strdup(text);
    char *at;

    while (copy != NULL && (at = strstr(copy, mark)) != NULL) {
        char *longer;
        if (*port == 0)
            *port = launcher_free_port();
        *at = '\0';
        int n = asprintf(&longer, "%s%d%s", copy, *port,
                         at + sizeof(mark) - 1);
        free(copy);
        copy = n == -1 ? NULL : longer;
    }
    return copy;
}

int launcher_split(const char *command, char **argv, uint16_t *port)
{
    wordexp_t words;

    *port = 0;
    argv[0] = NULL;
    char *filled = fill_port(command,
                             port); /* wordexp() refuses a bare { */
    if (filled == NULL)
        return -1;
    int error = wordexp(filled, &words, WRDE_NOCMD | WRDE_UNDEF);
    free(filled);
    if (error != 0)
        return -1;
    int result = words.we_wordc > 0 && words.we_wordc < LAUNCH_ARGS ? 0
                                                                    : -1;
    for (size_t i = 0; result == 0 && i < words.we_wordc; i++) {
        argv[i] = strdup(words.we_wordv[i]);
        argv[i + 1] = NULL;
        if (argv[i] == NULL)
            result = -1;
    }
    wordfree(&words);
    if (result == -1)
        launcher_free_command(argv);
    return result;
}

void launcher_free_command(char **argv)
{
    for (size_t i = 0; argv[i] != NULL; i++)
        free(argv[i]);
    argv[0] = NULL;
}
