#include "common/lab/launcher.h"

#include "common/clock.h"
#include "common/lab/port.h"
#include "common/lab/proc.h"

#include <arpa/inet.h>
#include <dirent.h>
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
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <wordexp.h>

enum { READY_MS = 10000, LOOK_MS = 2, LINE = 256 };

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

void launcher_say_why(const char *what)
{
    const char *reason = strerrordesc_np(errno);

    if (reason == NULL)
        reason = "unknown error";
    const struct iovec words[] = {
        {(void *)(uintptr_t)what, strlen(what)},
        {": ", 2},
        {(void *)(uintptr_t)reason, strlen(reason)},
        {"\n", 1},
    };
    (void)!writev(STDERR_FILENO, words, 4);
}

/* Numbers this high are given to nobody; the pid makes it one server's. */
static void take_own_user(void)
{
    const uid_t user = 0x20000000 + (uid_t)getpid();

    if (geteuid() == 0 ? setgid(user) == -1 || setuid(user) == -1
                       : unshare(CLONE_NEWUSER) == -1) {
        launcher_say_why(LAUNCH_NO_USER);
        _exit(126);
    }
}

/* Should memory run out, the kernel ends it before us. */
static void go_first(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    if (fd == -1)
        return;
    (void)!write(fd, "1000", 4);
    close(fd);
}

static void close_from(int first)
{
    struct rlimit limit = {.rlim_cur = 1024};

    if (close_range((unsigned)first, ~0U, 0) == 0)
        return;
    getrlimit(RLIMIT_NOFILE, &limit); /* before Linux 5.9 */
    for (int fd = first; fd < (int)limit.rlim_cur; fd++)
        close(fd);
}

/* In the child, between fork() and exec(): async-signal-safe calls only. */
_Noreturn static void become(const struct launch_plan *plan, char **envp,
                             int out, int err, pid_t parent)
{
    sigset_t none;
    cpu_set_t cpus;

    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close_from(3);
    go_first();
    limit(RLIMIT_FSIZE, plan->max_words);
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
    execvpe(plan->argv[0], (char *const *)plan->argv, envp);
    launcher_say_why(plan->argv[0]);
    _exit(127);
}

/*
 * One line of stdout, without its end, from *at on, which goes on to the
 * next. Returns 1, or 0: no whole line is there yet.
 */
static int read_line(int fd, char line[LINE], off_t *at)
{
    ssize_t n = pread(fd, line, LINE - 1, *at);

    line[n > 0 ? n : 0] = '\0';
    char *end = strchr(line, '\n');
    if (end == NULL && n < LINE - 1)
        return 0;
    if (end != NULL)
        *end = '\0';
    *at += end != NULL ? end + 1 - line : n;
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

static off_t size_of(int fd)
{
    struct stat file;

    return fstat(fd, &file) == -1 ? 0 : file.st_size;
}

size_t launcher_read_words(const struct server *server, off_t from,
                           char *text, size_t size)
{
    ssize_t n = pread(server->stderr_fd, text, size - 1, from);
    size_t length = n > 0 ? (size_t)n : 0;

    for (size_t i = 0; i < length; i++)
        if (text[i] == '\0')
            text[i] = '?';
    text[length] = '\0';
    return length;
}

void launcher_trim(const struct server *server)
{
    const int files[] = {server->stdout_fd, server->stderr_fd};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (size_of(files[i]) > LAUNCH_KEPT && ftruncate(files[i], 0) == -1)
            return; /* it only costs memory */
}

/* "Try `epoll --help' or `epoll --usage' for more information." */
static bool is_hint(const char *line)
{
    return strncmp(line, "Try ", 4) == 0 && strstr(line, "--help") != NULL;
}

void launcher_last_words(const struct server *server,
                         char words[LAUNCH_WORDS])
{
    char text[4096];
    off_t most = sizeof(text) - 1;
    off_t size = size_of(server->stderr_fd);
    size_t n = launcher_read_words(server, size > most ? size - most : 0,
                                   text, sizeof(text));

    words[0] = '\0';
    while (n > 0) {
        while (n > 0 && text[n - 1] == '\n')
            text[--n] = '\0';
        while (n > 0 && text[n - 1] != '\n')
            n--;
        if (words[0] == '\0' || is_hint(words))
            snprintf(words, LAUNCH_WORDS, "%.200s", text + n);
    }
}

void launcher_describe_end(int status, char *text, size_t size)
{
    int signo = status & 0x7f;

    if (signo == 0)
        snprintf(text, size, "ended with status %d", status >> 8);
    else if (signo == SIGXFSZ)
        snprintf(text, size,
                 "wrote a larger file, or said more, than it may, and was "
                 "ended");
    else
        snprintf(text, size, "was ended by signal %d (%s)", signo,
                 strsignal(signo));
}

static void explain_silence(struct server *server, const char *name,
                            int ready_ms)
{
    char words[LAUNCH_WORDS], end[LAUNCH_ERROR];
    int status;

    launcher_last_words(server, words);
    const char *colon = words[0] ? ": " : "";
    if (!launcher_ended(server, &status)) {
        snprintf(server->error, LAUNCH_ERROR,
                 "%.60s did not say `listening "
                 "HOST:PORT` within %d ms%s%.200s",
                 name, ready_ms, colon, words);
        return;
    }
    launcher_describe_end(status, end, sizeof(end));
    snprintf(server->error, LAUNCH_ERROR,
             "%.60s %.90s before it listened%s%.200s", name, end, colon,
             words);
}

static bool is_readable(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};

    return poll(&one, 1, 0) == 1;
}

/* Takes the `listening` lines that are there. Returns 0, or -1: another
 * line. */
static int take_lines(struct server *server, const struct launch_plan *plan,
                      size_t wanted, off_t *at)
{
    char line[LINE];

    while (server->nports < wanted &&
           read_line(server->stdout_fd, line, at)) {
        if (read_listening(server, line) == 0)
            continue;
        snprintf(server->error, LAUNCH_ERROR,
                 "%s said `%.80s` in place "
                 "of `listening HOST:PORT`",
                 plan->argv[0], line);
        return -1;
    }
    return 0;
}

/* The owner of the listener that a client of this port would reach. A
 * server may print its line before it listens: it is waited for. */
static enum port_owner find_owner(struct server *server, uint16_t port,
                                  int64_t deadline_ms, char *holder,
                                  size_t size)
{
    for (;;) {
        int status;
        bool last = launcher_ended(server, &status) ||
                    left_ms(deadline_ms) == 0;
        enum port_owner owner = port_owner(server->host, port, server->pid,
                                           server->mark, holder, size);
        if (owner != PORT_NOBODYS || last)
            return owner;
        clock_rest_ms(5 * LOOK_MS);
    }
}

/* Is it its own listener that a client would reach? */
static int check_port(struct server *server, uint16_t port,
                      int64_t deadline_ms)
{
    char holder[64];
    enum port_owner owner = find_owner(server, port, deadline_ms, holder,
                                       sizeof(holder));
    const char *who = holder[0] != '\0' ? holder
                                        : "a process of another user";

    if (owner == PORT_NOBODYS)
        snprintf(server->error, LAUNCH_ERROR,
                 "it says that it listens on %s port %d, but nobody does",
                 server->host, port);
    else if (owner == PORT_OTHERS)
        snprintf(server->error, LAUNCH_ERROR,
                 "it says that it listens on %s port %d, but %s does",
                 server->host, port, who);
    else if (owner == PORT_SHARED)
        snprintf(server->error, LAUNCH_ERROR,
                 "it listens on %s port %d, but so does %s, which takes a "
                 "part of the clients",
                 server->host, port, who);
    if (owner == PORT_WIDER)
        snprintf(server->note, LAUNCH_ERROR,
                 "says %s and listens on every address of the machine",
                 server->host);
    return owner == PORT_NOBODYS || owner == PORT_OTHERS ||
                   owner == PORT_SHARED
               ? -1
               : 0;
}

static int check_ports(struct server *server,
                       const struct launch_plan *plan)
{
    if (plan->listens_elsewhere || plan->shares_port)
        return 0;
    int ready_ms = plan->ready_ms ? plan->ready_ms : READY_MS;
    int64_t deadline_ms = clock_now_ms() + ready_ms;
    int status;
    for (size_t i = 0; i < server->nports; i++) {
        if (check_port(server, server->ports[i], deadline_ms) == 0)
            continue;
        if (launcher_ended(server, &status)) /* that is why */
            explain_silence(server, plan->argv[0], ready_ms);
        return -1;
    }
    return 0;
}

/* A file is not waited for by poll(): we look, and rest. */
static int wait_until_ready(struct server *server,
                            const struct launch_plan *plan)
{
    int ready_ms = plan->ready_ms ? plan->ready_ms : READY_MS;
    int64_t deadline_ms = clock_now_ms() + ready_ms;
    size_t wanted = plan->nports ? plan->nports : 1;
    off_t at = 0;
    int status;

    for (;;) {
        /* Before the look: what it says before it ends is seen. */
        bool last = launcher_ended(server, &status) ||
                    left_ms(deadline_ms) == 0;
        if (take_lines(server, plan, wanted, &at) == -1)
            return -1;
        if (server->nports == wanted)
            return 0;
        if (last) {
            explain_silence(server, plan->argv[0], ready_ms);
            return -1;
        }
        if (plan->quit_fd > 0 && is_readable(plan->quit_fd)) {
            snprintf(server->error, LAUNCH_ERROR, "%s was not waited for",
                     plan->argv[0]);
            return -1;
        }
        clock_rest_ms(LOOK_MS);
    }
}

/* To its end, wherever that is after launcher_trim(). */
static int open_words(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    if (fd != -1 && fcntl(fd, F_SETFL, O_APPEND) == -1) {
        close(fd);
        return -1;
    }
    return fd;
}

/* --- a mark that the server hands on to all that it starts ---------- */

/* Our environment and the mark in front. NULL: no memory. To be freed. */
static char **mark_environment(struct server *server)
{
    static unsigned count;
    size_t n = 0;

    snprintf(server->mark, LAUNCH_MARK, "SUITE_LAUNCH=%d.%u.%llx", getpid(),
             count++, (unsigned long long)clock_now_ns());
    while (environ[n] != NULL)
        n++;
    char **envp = calloc(n + 2, sizeof(*envp));
    if (envp != NULL) {
        envp[0] = server->mark;
        memcpy(envp + 1, environ, n * sizeof(*envp));
    }
    return envp;
}

/* Kills what has the mark, wherever it has gone. Returns how many. */
static size_t kill_marked(const char *mark)
{
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    size_t n = 0;

    while (processes != NULL && (entry = readdir(processes)) != NULL) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 1 && pid != getpid() && proc_has_variable(pid, mark) &&
            kill(pid, SIGKILL) == 0)
            n++;
    }
    if (processes != NULL)
        closedir(processes);
    return n;
}

/* --- starting and ending --------------------------------------------- */

/* What a server that nobody vouches for may use. */
static struct launch_plan bound(const struct launch_plan *plan)
{
    struct launch_plan copy = *plan;

    if (!plan->bounded)
        return copy;
    if (copy.max_words == 0)
        copy.max_words = LAUNCH_SAID;
    /* The limit counts all that the user runs, and so does its start. */
    if (copy.max_tasks == 0 && !copy.own_user)
        copy.max_tasks = LAUNCH_TASKS + proc_count_tasks(geteuid());
    return copy;
}

static int spawn(struct server *server, const struct launch_plan *plan)
{
    pid_t parent = getpid();
    char **envp = mark_environment(server);
    const struct launch_plan bounded = bound(plan);

    server->stdout_fd = open_words("stdout");
    server->stderr_fd = open_words("stderr");
    if (envp == NULL || server->stdout_fd == -1 ||
        server->stderr_fd == -1) {
        free(envp);
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0)
        become(&bounded, envp, server->stdout_fd, server->stderr_fd,
               parent);
    free(envp);
    if (pid == -1)
        return -1;
    setpgid(pid, pid); /* the child does it, too: one of the two is first */
    server->pid = pid;
    return 0;
}

int launcher_start(struct server *server, const struct launch_plan *plan)
{
    memset(server, 0, sizeof(*server));
    if (spawn(server, plan) == -1)
        snprintf(server->error, LAUNCH_ERROR, "cannot start %s: %s",
                 plan->argv[0], strerror(errno));
    else if (wait_until_ready(server, plan) == 0 &&
             check_ports(server, plan) == 0)
        return 0;
    launcher_kill(server);
    return -1;
}

/* Waits for the end of a child. Returns 0, or -1 when the time is over. By
 * looking again and again: pidfd_open() is missing before Linux 5.3. */
static int wait_end(struct server *server, int wait_ms)
{
    int64_t deadline_ms = clock_now_ms() + wait_ms;
    int status;

    while (!launcher_ended(server, &status)) {
        if (left_ms(deadline_ms) == 0)
            return -1;
        clock_rest_ms(1);
    }
    return 0;
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
    if (wait_end(server, wait_ms) == -1) {
        snprintf(server->error, LAUNCH_ERROR,
                 "did not end within %d ms of "
                 "the signal to stop and was killed",
                 wait_ms);
        result = -1;
    }
    kill(server->pid, SIGKILL); /* a zombie by now, if all went well */
    TEMP_FAILURE_RETRY(waitpid(server->pid, &how, 0));
    bool left = kill(-server->pid, SIGKILL) == 0;
    left |= kill_marked(server->mark) > 0;
    if (left && result == 0) {
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
        TEMP_FAILURE_RETRY(waitpid(server->pid, NULL, 0));
        kill_marked(server->mark);
    }
    forget(server);
}

bool launcher_exceeds(struct server *server, unsigned tasks, uint64_t kib)
{
    struct proc_tree tree;
    bool exceeds = true;

    if (server->pid == 0 || proc_find(server->pid, &tree) == -1)
        return false;
    uint64_t used_kib = tree.tasks > tasks ? 0 : proc_pss_kib(&tree);
    if (tree.tasks > tasks)
        snprintf(server->error, LAUNCH_ERROR,
                 "has %u processes and threads; %u are allowed", tree.tasks,
                 tasks);
    else if (used_kib > kib)
        snprintf(server->error, LAUNCH_ERROR,
                 "uses %llu KiB of memory; %llu are allowed",
                 (unsigned long long)used_kib, (unsigned long long)kib);
    else
        exceeds = false;
    proc_forget(&tree);
    return exceeds;
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
    /* First: wordexp() refuses a bare {. */
    char *filled = fill_port(command, port);
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
