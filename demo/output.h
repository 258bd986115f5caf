/*
 * Where the story goes: the screen of a terminal, a recording of it, or
 * lines of plain text.
 */
#ifndef DEMO_OUTPUT_H
#define DEMO_OUTPUT_H

#include "demo/screen.h"
#include "demo/story.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Begin with zeroes and with what is known of the terminal. */
struct output {
    bool terminal; /* is it drawn on? */
    bool unicode;
    struct screen screen; /* cells are NULL where nothing is drawn */
    FILE *cast;           /* the recording, or NULL; see record.h */
    uint64_t start_ns;    /* of the recording */
};

/* Takes the terminal's size, or what stands for it. */
void output_resize(struct output *output);

/*
 * Begins to record what is drawn.
 *
 * Returns  0, or -1 with errno.
 */
int output_record(struct output *output, const char *path);

/* Draws on the terminal and in the recording. */
void output_draw(struct output *output, const struct story *story);

/* Prints a picture in which all find room. */
void output_print(const struct output *output, const struct story *story);

/* A line of plain text, for story.tell; and none. */
void output_tell(const struct story *story,
                 const struct story_server *server, int client,
                 const char *what);
void output_tell_nobody(const struct story *story,
                        const struct story_server *server, int client,
                        const char *what);

/*
 * Ends the recording and frees.
 *
 * Returns  0, or -1 with errno when not all could be written.
 */
int output_close(struct output *output);

#endif
