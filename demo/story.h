/*
 * The story: what the class sees. One state that terminal, plain text and
 * trace are drawn from, so that they can't disagree.
 *
 * Time in the story is scene time: it runs --speed times as fast as the
 * clock and stands still while the demo is paused or asks.
 */
#ifndef DEMO_STORY_H
#define DEMO_STORY_H

#include "common/lab/launcher.h"
#include "demo/clients.h"
#include "demo/observe.h"
#include "demo/scene.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    STORY_LABEL = 48,
    STORY_WORD = 160,
    STORY_COUNT = 96,
    STORY_NOTE = 200,
    STORY_CHANGES = 256
};

/* Where a client stands. Of a bus the highest of its connections counts. */
enum story_state {
    STORY_ABSENT,  /* not here yet, or not seen yet */
    STORY_CLOSED,  /* has left */
    STORY_IDLE,    /* accepted, nothing is owed to it */
    STORY_ECHOED,  /* this moment: all that it sent has come back */
    STORY_WAITING, /* accepted, waits for its echo */
    STORY_STALLED, /* its echo waits for it: it does not read */
    STORY_QUEUED,  /* connected, but in the accept queue */
    STORY_UNREAD,  /* and the server has not read its bytes */
    STORY_CUT,     /* the server has turned it away */
    STORY_WRONG,   /* what came back is not what it sent */
    STORY_STATES,
};

struct story_change {
    uint64_t at_ms; /* scene time */
    enum story_state state;
};

/* A client of a server over time. */
struct story_lane {
    struct story_change changes[STORY_CHANGES]; /* n, in order of time */
    size_t n;
    enum story_state state;
    uint64_t echoes;
    char label[STORY_LABEL]; /* "queued, 5 B unread" */
};

/* '\0': not known, not given. Else see question.h. */
struct story_answer {
    char guess, truth;
};

struct story_server {
    char name[SCENE_NAME];
    struct server process;
    bool ended; /* it has died, or could not go on */
    char fate[STORY_LABEL];
    char word[STORY_WORD]; /* the last line of its stderr; not filtered */
    off_t heard;           /* bytes of its stderr that were looked at */
    struct client clients[SCENE_CLIENTS];
    struct story_lane lanes[SCENE_CLIENTS];
    struct observation now;
    scene_set echoed_since; /* the question was asked */
    char first_echoed;      /* of these the first, 'A' ...; '\0': nobody */
    struct story_answer answer;
};

enum story_asking { STORY_NO_QUESTION, STORY_ASKED, STORY_REVEALED };

struct story {
    const struct scene *scene;
    char scene_name[SCENE_NAME];
    struct story_server *servers; /* nservers; borrowed */
    size_t nservers;
    scene_set clients; /* lanes to be shown */
    uint64_t clock_ms; /* scene time */
    double speed;
    bool paused, help;
    bool over;             /* the scene's steps are done */
    const char *said;      /* borrowed from the scene, or a constant */
    char note[STORY_NOTE]; /* what the class must know of this run */
    enum story_asking asking;
    const struct scene_step *question;
    scene_set chosen;         /* the clients that keys act on */
    unsigned right, answered; /* the score */
    bool wants_answer; /* --predict: servers[answering] is asked about */
    size_t answering;
    char refused; /* the key that was no answer; '\0': none */
    /* Told of every event as it happens. client is -1 for the server. */
    void (*tell)(const struct story *story,
                 const struct story_server *server, int client,
                 const char *what);
};

/* "in the accept queue": for a person. */
const char *story_state_name(enum story_state state);

/*
 * Brings every lane up to date with its client. Call after whatever may
 * have changed one.
 */
void story_refresh(struct story *story);

/* Tells of the server as a whole: now is what it looked like before. */
void story_tell_change(const struct story *story,
                       const struct story_server *server,
                       const struct observation *before);

/*
 * The state that stands for the time from from_ms to to_ms: an echo rather
 * than what was before or after, else the last one.
 */
enum story_state story_state_at(const struct story_lane *lane,
                                uint64_t from_ms, uint64_t to_ms);

/* Has every server come to rest, as far as can be seen? Then no task runs,
 * and no accepted connection has unread bytes. */
bool story_at_rest(const struct story *story);

/* Adds a sentence to the note, if it is not there and finds room. */
void story_note(struct story *story, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Empties the lanes of a server and frees its clients. */
void story_free_server(struct story_server *server);

/*
 * "4 processes, a thread each", "1 process, 4 threads, 2 zombies" into
 * text, which is returned. A zombie has ended and nobody has waited for it.
 */
char *story_count(const struct observation *now, char text[STORY_COUNT]);

/* "5 B", "128 KiB", "2.5 MiB" into text, which is returned. */
char *story_bytes(uint64_t n, char text[16]);

#endif
