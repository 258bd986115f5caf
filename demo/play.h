/*
 * Plays scenes: the loop in which clients act, servers are looked at and
 * the story is shown.
 */
#ifndef DEMO_PLAY_H
#define DEMO_PLAY_H

#include "demo/scene.h"
#include "demo/stage.h"

#include <stdbool.h>
#include <stddef.h>

/* What the command line says. All borrowed. */
struct play_options {
    struct stage_part parts[SCENE_SERVERS]; /* nparts; 0: all that fit */
    size_t nparts;
    const char *scene; /* a name in demo/scenes, or a path */
    double speed;
    bool predict;
    bool plain;         /* events as lines, no keys */
    const char *record; /* a path, or NULL */
    const char *trace;  /* a path, or NULL */
};

/*
 * Plays a scene and, in a terminal, those that the user goes on to.
 *
 * Returns  an exit status: 0; 1 with a message on stderr when something
 *          could not be run or every server has died.
 */
int play(const struct play_options *options);

#endif
