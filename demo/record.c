#include "demo/record.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { SPANS = 4096 }; /* tasks and clients that a trace follows at once */

/* A line of JSON; takes value over. NULL: it held no valid UTF-8. */
static void write_json(FILE *file, json_t *value, const char *after)
{
    if (value != NULL && json_dumpf(value, file, JSON_COMPACT) == 0)
        fputs(after, file);
    json_decref(value);
}

FILE *record_open(const char *path, int width, int height,
                  const char *title)
{
    FILE *file = fopen(path, "we");

    if (file != NULL)
        write_json(file,
                   json_pack("{s:i, s:i, s:i, s:s}", "version", 2, "width",
                             width, "height", height, "title", title),
                   "\n");
    return file;
}

void record_event(FILE *file, uint64_t at_ns, const char *kind,
                  const char *data, size_t n)
{
    /* Whole microseconds; jansson would print 17 digits. */
    fprintf(file, "[%.6f, \"%s\", ", (double)at_ns / 1e9, kind);
    json_t *text = json_stringn(data, n);
    if (text == NULL || json_dumpf(text, file, JSON_ENCODE_ANY) != 0)
        fputs("\"\"", file);
    json_decref(text);
    fputs("]\n", file);
}

int record_close(FILE *file)
{
    int reason = 0;

    if (fflush(file) == EOF)
        reason = errno;
    else if (ferror(file))
        reason = EIO; /* a write before failed; why is forgotten */
    if (fclose(file) == EOF && reason == 0)
        reason = errno;
    errno = reason;
    return reason == 0 ? 0 : -1;
}

/* What a task or client has done since start_ns. */
struct span {
    long process, track; /* as the viewer groups them: see begin() */
    char what[OBSERVE_CALL];
    uint64_t start_ns;
    bool seen; /* in this sample */
};

struct trace {
    FILE *file;
    struct span spans[SPANS];
    size_t n;
    bool started;
};

static void write_event(struct trace *trace, json_t *event)
{
    if (event == NULL) /* not valid UTF-8: no event, and so no comma */
        return;
    fputs(trace->started ? ",\n" : "[\n", trace->file);
    trace->started = true;
    write_json(trace->file, event, "");
}

struct trace *trace_open(const char *path)
{
    struct trace *trace = calloc(1, sizeof(*trace));

    if (trace == NULL)
        return NULL;
    trace->file = fopen(path, "we");
    if (trace->file != NULL)
        return trace;
    int reason = errno;
    free(trace);
    errno = reason;
    return NULL;
}

static void name_track(struct trace *trace, const char *kind, long process,
                       long track, const char *name)
{
    write_event(trace,
                json_pack("{s:s, s:s, s:I, s:I, s:{s:s}}", "ph", "M",
                          "name", kind, "pid", (json_int_t)process, "tid",
                          (json_int_t)track, "args", "name", name));
}

/* A span without a name is left out: it would only cover others. */
static void end_span(struct trace *trace, const struct span *span,
                     uint64_t at_ns)
{
    if (span->what[0] == '\0' || at_ns <= span->start_ns)
        return;
    write_event(trace,
                json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "ph", "X",
                          "name", span->what, "pid",
                          (json_int_t)span->process, "tid",
                          (json_int_t)span->track, "ts",
                          (json_int_t)(span->start_ns / 1000), "dur",
                          (json_int_t)((at_ns - span->start_ns) / 1000)));
}

static struct span *find_span(struct trace *trace, long process, long track)
{
    for (size_t i = 0; i < trace->n; i++)
        if (trace->spans[i].process == process &&
            trace->spans[i].track == track)
            return &trace->spans[i];
    return NULL;
}

/* group and name are given to the viewer when the track is new. */
static void follow(struct trace *trace, long process, long track,
                   const char *group, const char *name, const char *what,
                   uint64_t at_ns)
{
    struct span *span = find_span(trace, process, track);

    if (span == NULL) {
        if (trace->n == SPANS)
            return;
        name_track(trace, "process_name", process, track, group);
        name_track(trace, "thread_name", process, track, name);
        span = &trace->spans[trace->n++];
        *span = (struct span){process, track, "", at_ns, true};
    }
    span->seen = true;
    if (strcmp(span->what, what) == 0)
        return;
    end_span(trace, span, at_ns);
    snprintf(span->what, sizeof(span->what), "%s", what);
    span->start_ns = at_ns;
}

static void end_unseen(struct trace *trace, uint64_t at_ns)
{
    for (size_t i = 0; i < trace->n;) {
        struct span *span = &trace->spans[i];
        if (span->seen) {
            span->seen = false;
            i++;
            continue;
        }
        end_span(trace, span, at_ns);
        *span = trace->spans[--trace->n];
    }
}

/* The clients of a server are a process of their own: its pid, negative. */
static void sample_server(struct trace *trace, const struct story *story,
                          const struct story_server *server, uint64_t at_ns)
{
    char group[SCENE_NAME + 32];
    char name[32];
    long pid = server->process.pid;

    for (size_t i = 0; i < server->now.nshown; i++) {
        const struct observe_task *task = &server->now.shown[i];
        snprintf(group, sizeof(group), "%s", server->name);
        snprintf(name, sizeof(name), "%s %d",
                 task->tid == task->pid ? "process" : "thread", task->tid);
        follow(trace, task->pid, task->tid, group, name, task->call, at_ns);
    }
    snprintf(group, sizeof(group), "%s: clients", server->name);
    for (int client = 0; client < SCENE_CLIENTS; client++) {
        enum story_state state = server->lanes[client].state;
        if ((story->clients >> client & 1) == 0)
            continue;
        snprintf(name, sizeof(name), "client %c", 'A' + client);
        follow(trace, -pid, client + 1, group, name,
               state == STORY_ABSENT ? "" : story_state_name(state), at_ns);
    }
    write_event(trace,
                json_pack("{s:s, s:s, s:I, s:I, s:{s:i}}", "ph", "C",
                          "name", "accept queue", "pid", (json_int_t)pid,
                          "ts", (json_int_t)(at_ns / 1000), "args",
                          "connections", (int)server->now.queue));
}

void trace_sample(struct trace *trace, const struct story *story,
                  uint64_t at_ns)
{
    for (size_t i = 0; i < story->nservers; i++)
        if (!story->servers[i].ended)
            sample_server(trace, story, &story->servers[i], at_ns);
    end_unseen(trace, at_ns);
}

void trace_flush(struct trace *trace, uint64_t at_ns)
{
    for (size_t i = 0; i < trace->n; i++)
        end_span(trace, &trace->spans[i], at_ns);
    trace->n = 0;
}

int trace_close(struct trace *trace, uint64_t at_ns)
{
    trace_flush(trace, at_ns);
    fputs(trace->started ? "\n]\n" : "[]\n", trace->file);
    int result = record_close(trace->file);
    free(trace);
    return result;
}
