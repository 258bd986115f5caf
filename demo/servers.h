/*
 * All servers of a scene: started, looked at 20 times a second, ended.
 */
#ifndef DEMO_SERVERS_H
#define DEMO_SERVERS_H

#include "demo/observe.h"
#include "demo/stage.h"
#include "demo/story.h"

#include <stdbool.h>
#include <stddef.h>

/* The servers to start. */
struct servers_plan {
    const struct stage_part *parts; /* n; borrowed */
    size_t n;
    bool all;    /* else one that can't play the scene is left out */
    int quit_fd; /* readable: stop waiting */
};

/*
 * Starts the servers of a story, and writes to its note what the class
 * must know about them.
 *
 * error    SCENE_ERROR bytes; receives which server could not be started,
 *          and why
 * Returns  0, or -1: no server, or not every one that plan->all asks for,
 *          could be started, or quit_fd became readable. Then none is left
 *          running.
 */
int servers_start(struct story *story, const struct servers_plan *plan,
                  char error[SCENE_ERROR]);

/*
 * Looks at every server: sockets, tasks, whether it lives, what it says on
 * stderr. Reaps orphans that became ours.
 *
 * sockets  of all of them; brought up to date
 *
 * Returns  how many servers live; or -1 with errno.
 */
int servers_sample(struct story *story, struct sockets *sockets);

/* Ends all servers, politely for a second, and frees their clients. */
void servers_stop(struct story *story);

/* Ends whatever else descends from us, the orphans of servers. */
void servers_sweep(void);

#endif
