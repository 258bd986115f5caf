/*
 * The questions of --predict. No scene holds an answer: the truth is what
 * happened, server by server.
 *
 * An answer is a character: a client's letter or 0 (nobody) for `ask next`,
 * y or n for `ask echoed` and `ask accepted`, a digit for `ask tasks` (9:
 * nine or more).
 */
#ifndef DEMO_QUESTION_H
#define DEMO_QUESTION_H

#include "demo/story.h"

enum { QUESTION_WORDS = 48, QUESTION_PROMPT = 400 };

/* Asks: from now on echoes count as an answer. */
void question_ask(struct story *story, const struct scene_step *step);

/*
 * Takes a key for an answer.
 *
 * Returns  the answer, or '\0': no answer to this question.
 */
char question_read(const struct story *story, char key);

/*
 * Takes a key for the server asked about and goes on to the next, if it is
 * an answer; else the prompt says what is accepted.
 */
void question_take(struct story *story, char key);

/* "What will select do? Type y or n: ", and before it what was refused. */
const char *question_prompt(const struct story *story,
                            char text[QUESTION_PROMPT]);

/* Finds the true answer for every server, and counts the right guesses. */
void question_reveal(struct story *story);

/* "B", "nobody", "yes", "9 or more": an answer for a person. */
const char *question_words(const struct scene_step *question, char answer,
                           char words[QUESTION_WORDS]);

#endif
