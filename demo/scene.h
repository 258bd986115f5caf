/*
 * A scene: which servers are on the stage, what the clients do and when,
 * and what the class is asked. Read from a small text format, a line a
 * step; docs/demo.md is its reference.
 */
#ifndef DEMO_SCENE_H
#define DEMO_SCENE_H

#include <stddef.h>
#include <stdint.h>

enum {
    SCENE_CLIENTS = 26, /* A to Z */
    SCENE_SERVERS = 16,
    SCENE_STEPS = 256,
    SCENE_ARGS = 16, /* lines of `args` */
    SCENE_NAME = 64, /* bytes with the NUL, as all of these */
    SCENE_TEXT = 200,
    SCENE_ERROR = 512,
    SCENE_BUS = 4096,      /* connections that one client may hold */
    SCENE_BYTES = 1 << 26, /* bytes that one `send` may send */
    SCENE_FILE = 1 << 16,  /* bytes of a scene file */
};

enum scene_verb {
    SCENE_SAY,
    SCENE_WAIT,
    SCENE_SETTLE,
    SCENE_ASK,
    SCENE_REVEAL,
    SCENE_CONNECT, /* from here on an action of clients */
    SCENE_SEND,
    SCENE_STALL,
    SCENE_READ,
    SCENE_CLOSE,
    SCENE_RESET,
};

/* What is asked, and found out by watching: no answer stands in a scene. */
enum scene_question {
    SCENE_NEXT,     /* which client is echoed first from now on? */
    SCENE_ECHOED,   /* is this client echoed from now on? */
    SCENE_ACCEPTED, /* has the server let this client in, at the end? */
    SCENE_TASKS,    /* how many processes and threads are there then? */
};

/* A set of clients: bit 0 is A. */
typedef uint32_t scene_set;

struct scene_step {
    enum scene_verb verb;
    unsigned line;     /* in the file, from 1 */
    scene_set clients; /* that act, or that a question is about */
    enum scene_question question;
    uint64_t ns;  /* of `wait` */
    size_t count; /* connections; bytes, 0: those of text */
    char text[SCENE_TEXT];
};

/* More arguments for a model's command line; model "all": for every model.
 */
struct scene_args {
    char model[SCENE_NAME];
    char words[SCENE_TEXT]; /* to be split at blanks */
};

/* Limits for every server of the scene; 0: none. */
struct scene_limits {
    unsigned long files, tasks, clients;
};

struct scene {
    char title[SCENE_TEXT];
    char next[SCENE_NAME]; /* the scene that follows; or empty */
    char servers[SCENE_SERVERS][SCENE_NAME]; /* by importance */
    size_t nservers;                         /* 0: any */
    struct scene_args args[SCENE_ARGS];
    size_t nargs;
    size_t ports; /* 1 or more */
    struct scene_limits limits;
    scene_set clients; /* all that play */
    struct scene_step steps[SCENE_STEPS];
    size_t nsteps; /* 1 or more */
};

/*
 * Reads a scene.
 *
 * scene    overwritten
 * name     of the file, for messages
 * text     n bytes of any kind; borrowed
 * error    receives `name:line: what was given; what is accepted`
 * Returns  0, or -1 with error set.
 */
int scene_parse(struct scene *scene, const char *name, const char *text,
                size_t n, char error[SCENE_ERROR]);

/* Reads a scene from a file. As scene_parse(). */
int scene_load(struct scene *scene, const char *path,
               char error[SCENE_ERROR]);

/* "A", "B to D, F": at most SCENE_TEXT bytes into text. Returns text. */
char *scene_name_set(scene_set clients, char *text);

#endif
