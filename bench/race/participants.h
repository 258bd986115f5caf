/*
 * The servers that take part in a run: this suite's servers, by their names
 * in build/servers, and servers that somebody brings.
 */
#ifndef BENCH_RACE_PARTICIPANTS_H
#define BENCH_RACE_PARTICIPANTS_H

#include "bench/record/experiment.h"
#include "common/lab/launcher.h"

#include <stddef.h>

enum { PARTICIPANT_ERROR = 512 };

struct participant {
    char name[64];
    char *path;    /* of one of the suite's binaries; or NULL */
    char *command; /* `COMMAND {port}`, where there is no path; or NULL */
    size_t reference; /* number of the one it is compared with */
};

struct participants {
    struct participant *all; /* owned; free by participants_free() */
    size_t n;
    char error[PARTICIPANT_ERROR]; /* of the call that failed, a sentence */
};

/*
 * Adds models of this suite.
 *
 * build    the directory that holds `servers` and the binaries: "build"
 * list     names with commas; "all"; NULL: the plain ones, without a slash
 * suffix   goes behind each name: "@v1"; or ""
 * Returns  0, or -1 with ->error, which names what there is.
 */
int participants_add(struct participants *who, const char *build,
                     const char *list, const char *suffix);

/* Adds `NAME=COMMAND {port}`. Returns 0, or -1 with ->error. */
int participants_add_command(struct participants *who, const char *text);

/*
 * Adds programs in bench/peers that can run here: of what
 * `bench/peers/list` prints, a `NAME=COMMAND {port}` a line.
 *
 * list     names with commas; "all"
 * Returns  0, or -1 with ->error, which names what there is.
 */
int participants_add_peers(struct participants *who, const char *list);

/*
 * Compares everybody with this one.
 *
 * Returns 0, or -1 with ->error: nobody has that name.
 */
int participants_set_reference(struct participants *who, const char *name);

/* Index of a name; who->n when there is none. */
size_t participants_find(const struct participants *who, const char *name);

/*
 * The command line that starts one, with a job's further arguments.
 *
 * argv     LAUNCH_ARGS places; free by launcher_free_command()
 * Returns  0, or -1 when the command can't be split or there is no memory.
 */
int participants_command(const struct participant *one,
                         const struct job *job, char **argv);

void participants_free(struct participants *who);

#endif
