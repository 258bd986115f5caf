/*
 * The script of a scene: what comes when. Clients act as it says, questions
 * are asked and answered; keys may interfere.
 */
#ifndef DEMO_SCRIPT_H
#define DEMO_SCRIPT_H

#include "demo/story.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct script {
    struct story *story; /* borrowed */
    int reactor;         /* of the clients; borrowed */
    bool predict;        /* does a question wait for answers? */
    size_t step;         /* the next one */
    uint64_t due_ms;     /* scene time at which it is due */
    uint64_t settle_ns;  /* the end of a `settle`'s patience; 0: none */
    int rests;           /* looks in a row that found all at rest */
    double clock_ms;     /* scene time, with its fraction */
    uint64_t last_ns;    /* when scene time was last brought up to date */
};

/* Begins the story's scene. The servers are to be there. */
void script_begin(struct script *script, struct story *story, int reactor,
                  bool predict);

/* Brings scene time and story up to date and does what is due. */
void script_advance(struct script *script);

/* To be called after each look at the servers, for `settle`. */
void script_note_look(struct script *script);

/* What the clients do, in a scene or by a key: SCENE_CONNECT and so on. */
void script_act(struct script *script, const struct scene_step *step);

/* Until the next step, on the clock; most_ms, when that comes first. */
double script_left_ms(const struct script *script, double most_ms);

#endif
