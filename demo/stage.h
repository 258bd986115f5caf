/*
 * Puts a server on the stage as a scene wants it: ports, arguments, limits.
 */
#ifndef DEMO_STAGE_H
#define DEMO_STAGE_H

#include "common/lab/launcher.h"
#include "demo/scene.h"

enum { STAGE_NOTE = 200 };

/* A server to start: a model of this suite, or a command of the user's. */
struct stage_part {
    char name[SCENE_NAME];
    const char *command; /* borrowed; {port} in it; NULL: a model */
};

struct stage_order {
    const struct stage_part *part; /* borrowed, as scene */
    const struct scene *scene;
    unsigned nth; /* differs for each server of the demo */
    int quit_fd;  /* readable: stop waiting for the server */
};

/*
 * Starts a server and waits until it listens.
 *
 * A limit on processes and threads is RLIMIT_NPROC, which counts all tasks
 * of a user and does not bind root. So the server gets a user of its own:
 * under root by setpriv(1), with a number that no user has; else by
 * unshare(1), a user namespace, whose tasks Linux 5.14 and later count
 * apart. Where neither is allowed, --max-clients stands in and the note
 * says so.
 *
 * process  receives what launcher_start() says
 * note     receives what the class must know; or ""
 * Returns  0, or -1 with process->error.
 */
int stage_start(struct server *process, const struct stage_order *order,
                char note[STAGE_NOTE]);

#endif
