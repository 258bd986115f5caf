/*
 * run: one benchmark run, from the command line to the report. Started by
 * the script bench/run; bench/README.md walks through it.
 */
#include "bench/race/against.h"
#include "bench/race/manifest.h"
#include "bench/race/race.h"
#include "bench/race/settings.h"
#include "common/clock.h"
#include "common/connect.h"
#include "common/options.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char name[] = "bench/run";

enum { LOOPBACK_MS = 5000 };

static const char *gather_all(struct participants *who,
                              const struct settings *settings)
{
    int result = 0;

    if (settings->against != NULL)
        result = against_add(who, settings->against, settings->models);
    else
        result = participants_add(who, "build", settings->models, "");
    for (size_t i = 0; result == 0 && i < settings->nservers; i++)
        result = participants_add_command(who, settings->servers[i]);
    if (result == 0 && settings->peers != NULL)
        result = participants_add_peers(who, settings->peers);
    if (result == 0 && settings->against == NULL)
        result = participants_set_reference(
            who, settings->reference != NULL ? settings->reference
                 : participants_find(who, "epoll") < who->n
                     ? "epoll"
                     : who->all[0].name);
    return result == 0 ? NULL : who->error;
}

/* Makes DIR and DIR/raw. Returns NULL, or which of them failed (errno). */
static const char *make_directories(char *dir)
{
    static char raw[PATH_MAX + 8];

    for (char *at = strchr(dir + 1, '/'); at != NULL;
         at = strchr(at + 1, '/')) {
        *at = '\0';
        int made = mkdir(dir, 0777);
        *at = '/';
        if (made == -1 && errno != EEXIST)
            return dir;
    }
    if (mkdir(dir, 0777) == -1 && errno != EEXIST)
        return dir;
    snprintf(raw, sizeof(raw), "%s/raw", dir);
    return mkdir(raw, 0777) == -1 ? raw : NULL;
}

/* The run's own directory: --out, or one that is called by the time. */
static void choose_directory(const struct settings *settings, char *dir,
                             size_t size)
{
    time_t now = time(NULL);

    if (settings->out != NULL)
        snprintf(dir, size, "%s", settings->out);
    else
        strftime(dir, size, "bench/results/%Y-%m-%d-%H%M%S",
                 localtime(&now));
    const char *failed = make_directories(dir);
    if (failed != NULL && errno == EEXIST)
        fatal(name, "%s holds a run already; give --out another directory",
              dir);
    if (failed != NULL)
        fatal_errno(name, "%s can't be written", failed);
    if (settings->out == NULL) {
        unlink("bench/results/latest");
        if (symlink(strrchr(dir, '/') + 1, "bench/results/latest") == -1)
            fprintf(stderr, "%s: bench/results/latest: %s\n", name,
                    strerror(errno));
    }
}

/* A word of a command, as a shell takes it back. */
static void put_word(FILE *file, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz"
                                "0123456789%+,-./:=@_";

    if (*word != '\0' && word[strspn(word, plain)] == '\0') {
        fputs(word, file);
        return;
    }
    fputc('\'', file);
    for (; *word != '\0'; word++)
        if (*word == '\'')
            fputs("'\\''", file);
        else
            fputc(*word, file);
    fputc('\'', file);
}

/* The command, to be typed again; NULL: no memory. */
static char *join(int argc, char **argv)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    if (file == NULL)
        return NULL;
    fputs(name, file);
    for (int i = 1; i < argc; i++) {
        fputc(' ', file);
        put_word(file, argv[i]);
    }
    fclose(file);
    return text;
}

static void announce(const struct settings *settings,
                     const struct course *course, const char *dir)
{
    double most_s = (double)settings->time_ns / 1e9;
    double seconds = fmin(course->wanted_s, most_s);

    fprintf(stderr, "%s: seed %llu, at most %.0f %s; results in %s\n", name,
            (unsigned long long)settings->seed,
            seconds < 120 ? seconds : seconds / 60,
            seconds < 120 ? "s" : "min", dir);
}

/* Returns the report's exit status. */
static int report(char *dir)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        char *argv[] = {"bench/report", dir, NULL};
        execv("build/bench/report", argv);
        _exit(127);
    }
    if (pid == -1 || TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) == -1)
        fatal_errno(name, "no report");
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

/* Dies when this machine does not reach itself: otherwise each server would
 * be told of as if it had failed. */
static void try_loopback(void)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct sockaddr *any = (struct sockaddr *)&address;
    const struct addrinfo here = {
        .ai_family = AF_INET,
        .ai_addr = any,
        .ai_addrlen = sizeof(address),
    };
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client = -1;

    if (listener != -1 && bind(listener, any, size) == 0 &&
        listen(listener, 1) == 0 && getsockname(listener, any, &size) == 0)
        client = connect_any(&here, LOOPBACK_MS);
    if (client == -1)
        fatal_errno(name, "cannot connect to 127.0.0.1 (is loopback up? ip "
                          "link set lo up)");
    close(client);
    close(listener);
}

/* Dies where nobody can see what a server uses. */
static void try_proc(void)
{
    if (access("/proc/self/stat", R_OK) == -1)
        fatal_errno(name,
                    "cannot read /proc, which tells the processor time "
                    "and the tasks of a server");
}

/* To be out of time is no failure: --help says so. */
static bool is_good(const struct ending *ending)
{
    return ending->silent == 0 && strcmp(ending->state, "cut short") != 0 &&
           strcmp(ending->state, "failed") != 0;
}

int main(int argc, char **argv)
{
    static struct participants who;
    static char dir[PATH_MAX];
    char *command = join(argc, argv);
    struct settings settings = settings_parse(argc, argv);
    struct course course;
    struct ending ending = {.state = "running"};

    const char *wrong = gather_all(&who, &settings);
    if (wrong != NULL) {
        fprintf(stderr, "%s: %s\n", name, wrong);
        return EXIT_USAGE;
    }
    if (command == NULL || course_make(&course, &settings, &who) == -1)
        fatal_errno(name, "no plan");
    if (course.n == 0) {
        fprintf(stderr,
                "%s: nothing to measure: no model that was asked "
                "for takes part in these experiments\n",
                name);
        return EXIT_USAGE;
    }
    try_loopback();
    try_proc();
    choose_directory(&settings, dir, sizeof(dir));
    if (manifest_write(dir, &settings, &who, command, &ending) == -1)
        fatal_errno(name, "%s/manifest.json", dir);
    announce(&settings, &course, dir);
    race_catch_signals();
    if (race_run(dir, &settings, &who, &course, &ending) == -1) {
        fprintf(stderr, "%s: %s: %s\n", name, dir, strerror(errno));
        ending.state = "failed";
    }
    manifest_write(dir, &settings, &who, command, &ending);
    bool drawn = report(dir) == 0;
    course_free(&course);
    participants_free(&who);
    free(settings.servers);
    free(command);
    return drawn && is_good(&ending) ? EXIT_SUCCESS : EXIT_FAILURE;
}
