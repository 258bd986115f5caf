#include "bench/race/participants.h"

#include "bench/record/file.h"
#include "bench/record/manifest.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fail(struct participants *who, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static int fail(struct participants *who, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(who->error, sizeof(who->error), format, args);
    va_end(args);
    return -1;
}

size_t participants_find(const struct participants *who, const char *name)
{
    size_t i = 0;

    while (i < who->n && strcmp(who->all[i].name, name) != 0)
        i++;
    return i;
}

/* The next place, named; its reference is itself. NULL: ->error. */
static struct participant *add(struct participants *who, const char *name,
                               const char *suffix)
{
    if (who->n == MANIFEST_MODELS) {
        fail(who, "%s: more than %d servers", name, MANIFEST_MODELS);
        return NULL;
    }
    struct participant *more = realloc(who->all,
                                       (who->n + 1) * sizeof(*more));
    if (more == NULL) {
        fail(who, "no memory");
        return NULL;
    }
    who->all = more;
    struct participant *one = &more[who->n];
    *one = (struct participant){.reference = who->n};
    int n = snprintf(one->name, sizeof(one->name), "%s%s", name, suffix);
    if (n <= 0 || (size_t)n >= sizeof(one->name)) {
        fail(who, "`%s%s`: a name has 1 to %zu letters", name, suffix,
             sizeof(one->name) - 1);
        return NULL;
    }
    if (participants_find(who, one->name) < who->n) {
        fail(who, "%s: named twice", one->name);
        return NULL;
    }
    who->n++;
    return one;
}

static int add_model(struct participants *who, const char *build,
                     const char *name, const char *suffix)
{
    struct participant *one = add(who, name, suffix);

    if (one == NULL)
        return -1;
    if (asprintf(&one->path, "%s/%s/server", build, name) == -1) {
        one->path = NULL;
        return fail(who, "no memory");
    }
    if (access(one->path, X_OK) == 0)
        return 0;
    one->path[strlen(one->path) - strlen("/server")] = '\0';
    if (access(one->path, X_OK) == 0)
        return 0;
    return fail(who, "%s: %s is not there; make all builds it", name,
                one->path);
}

/* The names in build/servers, a line each, as one text with blanks. */
static char *read_names(const char *build)
{
    char *path;

    if (asprintf(&path, "%s/servers", build) == -1)
        return NULL;
    char *names = file_read(path);
    free(path);
    char *end = names == NULL ? NULL : strchr(names, '\n');
    for (; end != NULL; end = strchr(end, '\n'))
        *end = end[1] == '\0' ? '\0' : ' ';
    return names;
}

/* names have blanks or commas between them. */
static int has_word(const char *names, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = names; *at != '\0' && n > 0;) {
        size_t length = strcspn(at, " ,");
        if (length == n && strncmp(at, word, n) == 0)
            return 1;
        at += length;
        at += strspn(at, " ,");
    }
    return 0;
}

int participants_add(struct participants *who, const char *build,
                     const char *list, const char *suffix)
{
    char *known = read_names(build);
    char *rest = NULL;
    int everybody = list == NULL || strcmp(list, "all") == 0;
    int result = 0;

    if (known == NULL)
        return fail(who, "%s/servers can't be read; make all builds it",
                    build);
    char *chosen = strdup(everybody ? known : list);
    for (char *name = chosen ? strtok_r(chosen, " ,", &rest) : NULL;
         result == 0 && name != NULL; name = strtok_r(NULL, " ,", &rest)) {
        if (list == NULL && strchr(name, '/') != NULL)
            continue;
        if (!has_word(known, name))
            result = fail(who, "%s: no such model; there are: %s", name,
                          known);
        else
            result = add_model(who, build, name, suffix);
    }
    if (result == 0 && who->n == 0)
        result = fail(who, "no model named; there are: %s", known);
    free(chosen);
    free(known);
    return result;
}

int participants_add_command(struct participants *who, const char *text)
{
    const char *equals = strchr(text, '=');
    char name[64];

    if (equals == NULL || equals == text || equals[1] == '\0' ||
        (size_t)(equals - text) >= sizeof(name))
        return fail(who,
                    "--server '%s': 'NAME=COMMAND {port}' is accepted, "
                    "as in 'mine=./server --port {port}'",
                    text);
    if (strstr(equals, "{port}") == NULL)
        return fail(who,
                    "--server '%s': the command does not say where the "
                    "port goes; write {port} there",
                    text);
    memcpy(name, text, (size_t)(equals - text));
    name[equals - text] = '\0';
    struct participant *one = add(who, name, "");
    if (one == NULL)
        return -1;
    one->command = strdup(equals + 1);
    return one->command == NULL ? fail(who, "no memory") : 0;
}

/* Everybody in list must be known. Returns 0, or -1 with ->error. */
static int check_peers(struct participants *who, const char *list,
                       const char *known)
{
    const char *at = list;

    do {
        char name[64];
        size_t length = strcspn(at, ",");
        snprintf(name, sizeof(name), "%.*s", (int)length, at);
        if (!has_word(known, name))
            return fail(who, "--peers=%s: not here; there are:%s", name,
                        known);
        at += length;
        at += strspn(at, ",");
    } while (*at != '\0');
    return 0;
}

int participants_add_peers(struct participants *who, const char *list)
{
    char line[1024];
    char known[512] = "";
    int result = 0;
    bool all = strcmp(list, "all") == 0;
    FILE *peers = access("bench/peers/list", X_OK) == 0
                      ? popen("bench/peers/list", "re")
                      : NULL;

    if (peers == NULL)
        return fail(who, "--peers: bench/peers/list is not there");
    while (result == 0 && fgets(line, sizeof(line), peers) != NULL) {
        char name[64] = "";
        line[strcspn(line, "\n")] = '\0';
        sscanf(line, "%63[^=]", name);
        snprintf(known + strlen(known), sizeof(known) - strlen(known),
                 " %s", name);
        if (all || has_word(list, name))
            result = participants_add_command(who, line);
    }
    if (pclose(peers) != 0 && result == 0)
        result = fail(who, "--peers: bench/peers/list failed");
    return result == 0 && !all ? check_peers(who, list, known) : result;
}

int participants_set_reference(struct participants *who, const char *name)
{
    size_t reference = participants_find(who, name);
    char known[PARTICIPANT_ERROR] = "";

    for (size_t i = 0; i < who->n; i++) {
        strncat(known, " ", sizeof(known) - strlen(known) - 1);
        strncat(known, who->all[i].name, sizeof(known) - strlen(known) - 1);
    }
    if (reference == who->n)
        return fail(who,
                    "--reference %s: does not take part; these do:%.400s",
                    name, known);
    for (size_t i = 0; i < who->n; i++)
        who->all[i].reference = reference;
    return 0;
}

/* Appends a copy of an argument. Returns 0 or -1. */
static int append(char **argv, size_t *n, const char *arg)
{
    if (*n + 1 >= LAUNCH_ARGS)
        return -1;
    argv[*n] = strdup(arg);
    if (argv[*n] == NULL)
        return -1;
    argv[++*n] = NULL;
    return 0;
}

int participants_command(const struct participant *one,
                         const struct job *job, char **argv)
{
    unsigned ports = job->ports > 0 ? job->ports : 1;
    uint16_t port;
    size_t n = 0;
    int result = 0;

    argv[0] = NULL;
    if (one->command != NULL) {
        if (launcher_split(one->command, argv, &port) == -1)
            return -1;
        while (argv[n] != NULL)
            n++;
    } else {
        result = append(argv, &n, one->path);
        for (unsigned i = 0; result == 0 && i < ports; i++)
            result = append(argv, &n, "--port=0");
    }
    for (size_t i = 0; result == 0 && i < 3 && job->server_args[i][0]; i++)
        result = append(argv, &n, job->server_args[i]);
    if (result == -1)
        launcher_free_command(argv);
    return result;
}

void participants_free(struct participants *who)
{
    for (size_t i = 0; i < who->n; i++) {
        free(who->all[i].path);
        free(who->all[i].command);
    }
    free(who->all);
    who->all = NULL;
    who->n = 0;
}
