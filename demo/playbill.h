/*
 * Finds the scenes in demo/scenes and the models in build/servers. Both
 * paths begin at the root of the tree, where the demo is to be run.
 */
#ifndef DEMO_PLAYBILL_H
#define DEMO_PLAYBILL_H

#include "demo/play.h"

#include <stddef.h>

enum { SCENE_FILE_NAME = 4096 }; /* PATH_MAX of Linux */

/*
 * Reads a scene by its name in demo/scenes, or by a path, which has a slash
 * in it.
 *
 * Returns  0, or -1 with error set, which lists what there is for an
 *          unknown name.
 */
int playbill_load(struct scene *scene, const char *name,
                  char error[SCENE_ERROR]);

/* "demo/scenes/crowd.scene" -> "crowd", at most SCENE_NAME bytes. */
void playbill_name(char *to, const char *name);

/*
 * Chooses the servers: those that the user named; else those that the scene
 * names; else the plain server of every room. It takes as many as fit.
 *
 * room     panels, 1 or more
 * parts    SCENE_SERVERS; receives them
 * Returns  how many; 0 with error set.
 */
size_t playbill_cast(const struct play_options *options,
                     const struct scene *scene, size_t room,
                     struct stage_part *parts, char error[SCENE_ERROR]);

/*
 * Is this one of this suite's models?
 *
 * Returns  0, or -1 with error set, which lists those there are.
 */
int playbill_check_model(const char *name, char error[SCENE_ERROR]);

#endif
