#include "demo/scene.h"

#include "common/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t LONGEST_WAIT_NS = UINT64_C(600) * 1000000000;

static const char HEADER_WORDS[] =
    "title, next, servers, ports, limit, args, say, wait, settle, ask, "
    "reveal, or clients and what they do";

struct reader {
    struct scene *scene;
    const char *name;
    char *error;
    unsigned line;
    scene_set connected;
    bool asked; /* a question is open */
};

static int refuse(const struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Always -1, so that a caller can return it. */
static int refuse(const struct reader *reader, const char *format, ...)
{
    va_list args;
    int n = snprintf(reader->error, SCENE_ERROR,
                     "%.200s:%u: ", reader->name, reader->line);

    va_start(args, format);
    vsnprintf(reader->error + n, SCENE_ERROR - (size_t)n, format, args);
    va_end(args);
    return -1;
}

/* Cuts the next word off; "" at the end of the line. */
static char *take_word(char **rest)
{
    char *word = *rest + strspn(*rest, " \t");
    char *end = word + strcspn(word, " \t");

    *rest = end + strspn(end, " \t");
    *end = '\0';
    return word;
}

static int copy_text(const struct reader *reader, char *to, size_t size,
                     const char *what, const char *text)
{
    if (*text == '\0')
        return refuse(reader, "`%s` says nothing; a text is accepted",
                      what);
    if (strlen(text) >= size)
        return refuse(reader,
                      "`%s` with %zu bytes of text; %zu are "
                      "accepted",
                      what, strlen(text), size - 1);
    snprintf(to, size, "%s", text);
    return 0;
}

static int take_number(const struct reader *reader, const char *what,
                       const char *word, long max, long *value)
{
    if (options_number(word, 1, max, value) == 0)
        return 0;
    return refuse(reader, "`%s %.40s`: a number from 1 to %ld is accepted",
                  what, word, max);
}

static int read_servers(const struct reader *reader, char *rest)
{
    struct scene *scene = reader->scene;

    while (*rest != '\0') {
        if (scene->nservers == SCENE_SERVERS)
            return refuse(reader, "`servers` names more than %d",
                          SCENE_SERVERS);
        if (copy_text(reader, scene->servers[scene->nservers++], SCENE_NAME,
                      "servers", take_word(&rest)) == -1)
            return -1;
    }
    return scene->nservers > 0
               ? 0
               : refuse(reader,
                        "`servers` names nobody; models are "
                        "accepted, as in `servers iterative epoll`");
}

static int read_limit(const struct reader *reader, char *rest)
{
    struct scene_limits *limits = &reader->scene->limits;
    const char *what = take_word(&rest);
    long value;

    unsigned long *limit = strcmp(what, "files") == 0     ? &limits->files
                           : strcmp(what, "tasks") == 0   ? &limits->tasks
                           : strcmp(what, "clients") == 0 ? &limits->clients
                                                          : NULL;
    if (limit == NULL)
        return refuse(reader,
                      "`limit %.40s`: files, tasks or clients is "
                      "accepted, and a number",
                      what);
    if (take_number(reader, "limit", rest, 1000000, &value) == -1)
        return -1;
    *limit = (unsigned long)value;
    return 0;
}

static int read_args(const struct reader *reader, char *rest)
{
    struct scene *scene = reader->scene;

    if (scene->nargs == SCENE_ARGS)
        return refuse(reader, "more than %d lines of `args`", SCENE_ARGS);
    struct scene_args *args = &scene->args[scene->nargs++];
    if (copy_text(reader, args->model, sizeof(args->model), "args",
                  take_word(&rest)) == -1)
        return -1;
    return copy_text(reader, args->words, sizeof(args->words), "args MODEL",
                     rest);
}

/* Returns 1: was a header line, 0: is none, -1: a wrong one. */
static int read_header(const struct reader *reader, const char *word,
                       char *rest)
{
    struct scene *scene = reader->scene;
    long value = 0;
    int result;

    if (strcmp(word, "title") == 0) {
        result = copy_text(reader, scene->title, SCENE_TEXT, word, rest);
    } else if (strcmp(word, "next") == 0) {
        result = copy_text(reader, scene->next, SCENE_NAME, word, rest);
    } else if (strcmp(word, "servers") == 0) {
        result = read_servers(reader, rest);
    } else if (strcmp(word, "ports") == 0) {
        result = take_number(reader, word, rest, SCENE_CLIENTS, &value);
        scene->ports = (size_t)value;
    } else if (strcmp(word, "limit") == 0) {
        result = read_limit(reader, rest);
    } else if (strcmp(word, "args") == 0) {
        result = read_args(reader, rest);
    } else {
        return 0;
    }
    return result == -1 ? -1 : 1;
}

static struct scene_step *add_step(const struct reader *reader,
                                   enum scene_verb verb)
{
    struct scene *scene = reader->scene;

    if (scene->nsteps == SCENE_STEPS) {
        refuse(reader, "more than %d steps", SCENE_STEPS);
        return NULL;
    }
    struct scene_step *step = &scene->steps[scene->nsteps++];
    step->verb = verb;
    step->line = reader->line;
    return step;
}

static bool is_client(const char *word)
{
    return word[0] >= 'A' && word[0] <= 'Z' && word[1] == '\0';
}

static scene_set client_bit(char letter)
{
    return (scene_set)1 << (letter - 'A');
}

static int read_ask(struct reader *reader, char *rest)
{
    const char *kind = take_word(&rest);
    struct scene_step *step = add_step(reader, SCENE_ASK);

    if (step == NULL)
        return -1;
    if (reader->asked)
        return refuse(reader, "`ask` before the last question's `reveal`");
    reader->asked = true;
    if (strcmp(kind, "next") == 0) {
        step->question = SCENE_NEXT;
    } else if (strcmp(kind, "tasks") == 0) {
        step->question = SCENE_TASKS;
    } else if (strcmp(kind, "echoed") == 0 ||
               strcmp(kind, "accepted") == 0) {
        const char *who = take_word(&rest);
        step->question = kind[0] == 'e' ? SCENE_ECHOED : SCENE_ACCEPTED;
        if (!is_client(who))
            return refuse(reader,
                          "`ask %s %.40s`: a client is accepted, A "
                          "to Z",
                          kind, who);
        step->clients = client_bit(who[0]);
    } else {
        return refuse(reader,
                      "`ask %.40s`: next, echoed CLIENT, accepted "
                      "CLIENT or tasks is accepted, and the question",
                      kind);
    }
    return copy_text(reader, step->text, sizeof(step->text), "ask", rest);
}

static int read_reveal(struct reader *reader)
{
    if (!reader->asked)
        return refuse(reader, "`reveal` without a question; `ask` first");
    reader->asked = false;
    return add_step(reader, SCENE_REVEAL) == NULL ? -1 : 0;
}

static int read_wait(const struct reader *reader, const char *rest)
{
    struct scene_step *step = add_step(reader, SCENE_WAIT);

    if (step == NULL)
        return -1;
    if (options_duration_ns(rest, LONGEST_WAIT_NS, &step->ns) == -1)
        return refuse(reader,
                      "`wait %.40s`: a duration is accepted, as in "
                      "500ms or 1.5s, up to 10min",
                      rest);
    return 0;
}

/* Returns 1: a step of the scene itself, 0: none, -1: a wrong one. */
static int read_direction(struct reader *reader, const char *word,
                          char *rest)
{
    struct scene_step *step;
    int result;

    if (strcmp(word, "say") == 0) {
        step = add_step(reader, SCENE_SAY);
        result = step == NULL ? -1
                              : copy_text(reader, step->text, SCENE_TEXT,
                                          word, rest);
    } else if (strcmp(word, "wait") == 0) {
        result = read_wait(reader, rest);
    } else if (strcmp(word, "ask") == 0) {
        result = read_ask(reader, rest);
    } else if (strcmp(word, "settle") == 0 || strcmp(word, "reveal") == 0) {
        if (*rest != '\0')
            return refuse(reader,
                          "`%s %.40s`: nothing is accepted after "
                          "`%s`",
                          word, rest, word);
        if (word[0] == 'r')
            result = read_reveal(reader);
        else
            result = add_step(reader, SCENE_SETTLE) == NULL ? -1 : 0;
    } else {
        return 0;
    }
    return result == -1 ? -1 : 1;
}

/* "A", "B-D", "all". Returns 0 when word names no clients. */
static scene_set read_set(const struct reader *reader, const char *word)
{
    scene_set set = 0;

    if (strcmp(word, "all") == 0)
        return reader->connected;
    if (is_client(word))
        return client_bit(word[0]);
    if (strlen(word) == 3 && word[1] == '-' && word[0] >= 'A' &&
        word[2] <= 'Z')
        for (char c = word[0]; c <= word[2]; c++)
            set |= client_bit(c);
    return set;
}

/* "4MiB", "100B": what a `send` sends that is not a text. */
static bool is_size(const char *text, size_t *bytes)
{
    static const struct {
        const char *name;
        size_t bytes;
    } units[] = {{"B", 1}, {"KiB", 1024}, {"MiB", 1 << 20}};
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(end, units[i].name) == 0) {
            *bytes = errno != 0 || number > SCENE_BYTES
                         ? SIZE_MAX
                         : number * units[i].bytes;
            return true;
        }
    return false;
}

static int read_send(const struct reader *reader, struct scene_step *step,
                     char *rest)
{
    size_t n = strlen(rest);

    if (is_size(rest, &step->count)) {
        if (step->count == 0 || step->count > SCENE_BYTES)
            return refuse(reader, "`send %.40s`: 1B to 64MiB is accepted",
                          rest);
        return 0;
    }
    if (n >= 2 && rest[0] == '"' && rest[n - 1] == '"') {
        rest[n - 1] = '\0'; /* quotes keep blanks, and "4MiB" a text */
        rest++;
    }
    return copy_text(reader, step->text, sizeof(step->text), "send", rest);
}

static int read_connect(const struct reader *reader,
                        struct scene_step *step, const char *rest)
{
    long count = 1;

    if (*rest != '\0' &&
        take_number(reader, "connect", rest, SCENE_BUS, &count) == -1)
        return -1;
    step->count = (size_t)count;
    return 0;
}

static int read_action(struct reader *reader, scene_set who,
                       const char *verb, char *rest)
{
    static const char *const verbs[] = {
        "connect", "send", "stall", "read", "close", "reset",
    };
    size_t n = sizeof(verbs) / sizeof(verbs[0]);
    size_t i = 0;
    char names[SCENE_TEXT];

    while (i < n && strcmp(verb, verbs[i]) != 0)
        i++;
    if (i == n)
        return refuse(reader,
                      "`%.40s`: a client may connect, send, stall, "
                      "read, close or reset",
                      verb);
    struct scene_step *step = add_step(
        reader, (enum scene_verb)(SCENE_CONNECT + i));
    if (step == NULL)
        return -1;
    step->clients = who;
    reader->scene->clients |= who;
    if (step->verb == SCENE_CONNECT) {
        reader->connected |= who;
        return read_connect(reader, step, rest);
    }
    if ((who & ~reader->connected) != 0)
        return refuse(reader, "%s: `%s` before `connect`",
                      scene_name_set(who & ~reader->connected, names),
                      verb);
    if (step->verb == SCENE_SEND)
        return read_send(reader, step, rest);
    if (*rest != '\0')
        return refuse(reader, "`%s %.40s`: nothing is accepted after `%s`",
                      verb, rest, verb);
    return 0;
}

static int read_line(struct reader *reader, char *line)
{
    char *rest = line;
    char *word = take_word(&rest);
    scene_set who = 0;

    if (*word == '\0' || *word == '#')
        return 0;
    int result = read_header(reader, word, rest);
    if (result == 0)
        result = read_direction(reader, word, rest);
    if (result != 0)
        return result == -1 ? -1 : 0;
    for (scene_set more; (more = read_set(reader, word)) != 0;
         word = take_word(&rest))
        who |= more;
    if (who == 0)
        return refuse(reader, "`%.40s`: %s is accepted", word,
                      HEADER_WORDS);
    return read_action(reader, who, word, rest);
}

/* What only the whole scene can be wrong in. */
static int check_whole(struct reader *reader)
{
    struct scene *scene = reader->scene;

    if (scene->nsteps == 0)
        return refuse(reader,
                      "the scene ends and nothing has happened; "
                      "steps are accepted: %s",
                      HEADER_WORDS);
    if (reader->asked)
        return refuse(reader, "the scene ends and a question is open; "
                              "`reveal` is missing");
    for (size_t i = 0; i < scene->nsteps; i++)
        if (scene->steps[i].verb == SCENE_ASK &&
            (scene->steps[i].clients & ~scene->clients) != 0) {
            reader->line = scene->steps[i].line;
            return refuse(reader, "`ask` about a client that never "
                                  "connects");
        }
    if (scene->title[0] == '\0')
        snprintf(scene->title, sizeof(scene->title), "A scene");
    return 0;
}

int scene_parse(struct scene *scene, const char *name, const char *text,
                size_t n, char error[SCENE_ERROR])
{
    struct reader reader = {.scene = scene, .name = name, .error = error};
    const char *end = text + n;
    char line[2 * SCENE_TEXT];

    memset(scene, 0, sizeof(*scene));
    scene->ports = 1;
    error[0] = '\0';
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((newline ? newline : end) - text);
        reader.line++;
        if (length >= sizeof(line))
            return refuse(&reader, "a line of %zu bytes; %zu are accepted",
                          length, sizeof(line) - 1);
        if (memchr(text, '\0', length) != NULL)
            return refuse(&reader, "a NUL; text is accepted");
        memcpy(line, text, length);
        while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
            length--;
        line[length] = '\0';
        if (read_line(&reader, line) == -1)
            return -1;
        text = newline ? newline + 1 : end;
    }
    return check_whole(&reader);
}

int scene_load(struct scene *scene, const char *path,
               char error[SCENE_ERROR])
{
    FILE *file = fopen(path, "re");
    char *text = malloc(SCENE_FILE);
    int result = -1;

    if (file == NULL || text == NULL) {
        snprintf(error, SCENE_ERROR, "%.200s: %s", path, strerror(errno));
        goto done;
    }
    size_t n = fread(text, 1, SCENE_FILE, file);
    if (ferror(file))
        snprintf(error, SCENE_ERROR, "%.200s: %s", path, strerror(errno));
    else if (n == SCENE_FILE)
        snprintf(error, SCENE_ERROR, "%.200s: longer than %d bytes", path,
                 SCENE_FILE - 1);
    else
        result = scene_parse(scene, path, text, n, error);
done:
    free(text);
    if (file != NULL)
        fclose(file);
    return result;
}

char *scene_name_set(scene_set clients, char *text)
{
    size_t n = 0;

    text[0] = '\0';
    for (int i = 0; i < SCENE_CLIENTS; i++) {
        int last = i;
        if ((clients >> i & 1) == 0)
            continue;
        while (last + 1 < SCENE_CLIENTS && (clients >> (last + 1) & 1) != 0)
            last++;
        int more = snprintf(text + n, SCENE_TEXT - n, "%s%c",
                            n > 0 ? ", " : "", 'A' + i);
        n += (size_t)more;
        if (last > i) {
            more = snprintf(text + n, SCENE_TEXT - n, "%s%c",
                            last > i + 1 ? " to " : ", ", 'A' + last);
            n += (size_t)more;
        }
        i = last;
    }
    return text;
}
