#include "demo/question.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void question_ask(struct story *story, const struct scene_step *step)
{
    story->asking = STORY_ASKED;
    story->question = step;
    story->said = step->text;
    story->answering = 0;
    story->refused = '\0';
    for (size_t i = 0; i < story->nservers; i++) {
        struct story_server *server = &story->servers[i];
        server->answer = (struct story_answer){0};
        server->first_echoed = '\0';
        server->echoed_since = 0;
    }
}

char question_read(const struct story *story, char key)
{
    char upper = (char)toupper((unsigned char)key);

    switch (story->question->question) {
    case SCENE_NEXT:
        if (key == '0' || key == '-')
            return '0';
        if (upper < 'A' || upper > 'Z' ||
            (story->scene->clients >> (upper - 'A') & 1) == 0)
            return '\0';
        return upper;
    case SCENE_ECHOED:
    case SCENE_ACCEPTED:
        if (upper != 'Y' && upper != 'N')
            return '\0';
        return (char)tolower((unsigned char)upper);
    default:
        if (key < '0' || key > '9')
            return '\0';
        return key;
    }
}

void question_take(struct story *story, char key)
{
    char answer = question_read(story, key);

    story->refused = '\0';
    if (answer == '\0') {
        story->refused = key;
        return;
    }
    story->servers[story->answering++].answer.guess = answer;
    if (story->answering == story->nservers)
        story->wants_answer = false;
}

static bool is_in(const struct story_server *server, scene_set who)
{
    enum story_state state = server->lanes[__builtin_ctz(who)].state;

    return state >= STORY_IDLE && state <= STORY_STALLED;
}

static char truth(const struct story_server *server,
                  const struct scene_step *question)
{
    size_t tasks = server->now.tasks;

    switch (question->question) {
    case SCENE_NEXT:
        return (char)(server->first_echoed == '\0' ? '0'
                                                   : server->first_echoed);
    case SCENE_ECHOED:
        return (server->echoed_since & question->clients) != 0 ? 'y' : 'n';
    case SCENE_ACCEPTED:
        return is_in(server, question->clients) ? 'y' : 'n';
    default:
        return (char)('0' + (tasks < 9 ? tasks : 9));
    }
}

void question_reveal(struct story *story)
{
    story->asking = STORY_REVEALED;
    for (size_t i = 0; i < story->nservers; i++) {
        struct story_server *server = &story->servers[i];
        struct story_answer *answer = &server->answer;
        answer->truth = truth(server, story->question);
        if (answer->guess == '\0')
            continue;
        story->answered++;
        if (answer->guess == answer->truth)
            story->right++;
    }
}

const char *question_words(const struct scene_step *question, char answer,
                           char words[QUESTION_WORDS])
{
    switch (question->question) {
    case SCENE_NEXT:
        snprintf(words, QUESTION_WORDS, "%c", answer);
        if (answer == '0')
            snprintf(words, QUESTION_WORDS, "%s", "nobody");
        break;
    case SCENE_ECHOED:
    case SCENE_ACCEPTED:
        snprintf(words, QUESTION_WORDS, "%s", answer == 'y' ? "yes" : "no");
        break;
    default:
        snprintf(words, QUESTION_WORDS, "%c%s", answer,
                 answer == '9' ? " or more" : "");
        break;
    }
    return words;
}

/* "A to C, or 0 for nobody": what is accepted. */
static void list_choices(const struct story *story,
                         char choices[SCENE_TEXT])
{
    char names[SCENE_TEXT];

    switch (story->question->question) {
    case SCENE_NEXT:
        snprintf(choices, SCENE_TEXT, "%.100s, or 0 for nobody",
                 scene_name_set(story->scene->clients, names));
        break;
    case SCENE_ECHOED:
    case SCENE_ACCEPTED:
        snprintf(choices, SCENE_TEXT, "%s", "y or n");
        break;
    default:
        snprintf(choices, SCENE_TEXT, "%s", "0 to 9, 9 for more");
        break;
    }
}

const char *question_prompt(const struct story *story,
                            char text[QUESTION_PROMPT])
{
    char choices[SCENE_TEXT];
    char refused[32] = "";

    list_choices(story, choices);
    if (story->refused != '\0')
        snprintf(refused, sizeof(refused), "`%c` is no answer. ",
                 isprint((unsigned char)story->refused) ? story->refused
                                                        : '?');
    snprintf(text, QUESTION_PROMPT, "%sWhat will %s do? Type %s: ", refused,
             story->servers[story->answering].name, choices);
    return text;
}
