#include "bench/race/against.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int fail(struct participants *who, const char *what, const char *why)
{
    snprintf(who->error, sizeof(who->error), "--against %.100s: %.300s",
             what, why);
    return -1;
}

/*
 * Builds a revision in a folder that is called by its commit, if it is not
 * there yet. The revision reaches the shell as an argument, never as text.
 */
static int build_revision(const char *revision)
{
    static char script[] =
        "set -e; commit=$(git rev-parse --verify --quiet \"$1^{commit}\"); "
        "dir=build/against/$commit; rm -f build/against/last; "
        "mkdir -p \"$dir\"; "
        "test -e \"$dir/Makefile\" || git archive \"$commit\" | "
        "tar -x -C \"$dir\"; "
        "echo \"bench/run: building $1\" >&2; "
        "make -s -C \"$dir\" all >&2; ln -s \"$commit\" build/against/last";
    static char shell[] = "/bin/sh";
    static char flag[] = "-c";
    char *copy = strdup(revision);
    char *argv[] = {shell, flag, script, shell, copy, NULL};
    pid_t pid;
    int status = -1;

    if (copy != NULL &&
        posix_spawn(&pid, shell, NULL, NULL, argv, environ) == 0)
        waitpid(pid, &status, 0);
    free(copy);
    return status == 0 ? 0 : -1;
}

int against_add(struct participants *who, const char *what,
                const char *list)
{
    struct stat about;
    char build[512];
    char suffix[48];

    if (stat(what, &about) == 0 && S_ISDIR(about.st_mode))
        snprintf(build, sizeof(build), "%s/build", what);
    else if (build_revision(what) == 0)
        snprintf(build, sizeof(build), "build/against/last/build");
    else
        return fail(who, what,
                    "neither a directory nor a revision of git "
                    "that can be built");
    const char *slash = strrchr(what, '/');
    snprintf(suffix, sizeof(suffix), "@%.40s",
             slash != NULL && slash[1] != '\0' ? slash + 1 : what);
    if (participants_add(who, "build", list, "") == -1)
        return -1;
    size_t n = who->n;
    for (size_t i = 0; i < n; i++) {
        char name[sizeof(who->all[i].name)];
        snprintf(name, sizeof(name), "%s", who->all[i].name);
        if (participants_add(who, build, name, suffix) == -1)
            return -1;
        who->all[i].reference = who->all[who->n - 1].reference = who->n - 1;
    }
    return 0;
}
