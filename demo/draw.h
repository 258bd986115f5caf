/*
 * Draws the story on a screen: a panel for each server, side by side as far
 * as there is room, and what is said above them.
 */
#ifndef DEMO_DRAW_H
#define DEMO_DRAW_H

#include "demo/screen.h"
#include "demo/story.h"

enum { DRAW_MIN_WIDTH = 40, DRAW_MIN_HEIGHT = 12 };

/*
 * How many panels find room on a screen, with a row for each client and a
 * few for processes.
 *
 * Returns  1 or more.
 */
size_t draw_room(int width, int height, scene_set clients);

/*
 * The rows of a screen on which n panels show every client and every
 * process: for a picture that scrolls by.
 */
int draw_height(int width, const struct story *story);

/*
 * Draws everything anew. What finds no room is left out, and a line says
 * how much that is.
 *
 * unicode  false: ASCII alone
 */
void draw_story(struct screen *screen, const struct story *story,
                bool unicode);

/* The character that stands for a state in a lane. */
wchar_t draw_glyph(enum story_state state, bool unicode);

#endif
