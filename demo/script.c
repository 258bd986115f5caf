#include "demo/script.h"

#include "common/clock.h"
#include "demo/question.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    REST_SAMPLES = 3, /* so many looks in a row say "at rest" */
    SETTLE_S = 5,     /* `settle` goes on after that long in any case */
};

void script_begin(struct script *script, struct story *story, int reactor,
                  bool predict)
{
    *script = (struct script){
        .story = story,
        .reactor = reactor,
        .predict = predict,
        .last_ns = clock_now_ns(),
    };
    story->tell(story, NULL, -1, story->scene->title);
}

/* --- what clients do ------------------------------------------------- */

static int connect_one(const struct script *script,
                       struct story_server *server, int index, size_t count)
{
    const struct server *process = &server->process;

    return clients_connect(
        &server->clients[index], script->reactor, process->host,
        process->ports[(size_t)index % process->nports], count);
}

static int send_one(const struct script *script, struct client *client,
                    const struct scene_step *step)
{
    if (step->count > 0)
        return clients_send(client, script->reactor,
                            "abcdefghijklmnopqrstuvwxyz", step->count);
    return clients_send(client, script->reactor, step->text,
                        strlen(step->text));
}

static void act_one(struct script *script, struct story_server *server,
                    int index, const struct scene_step *step)
{
    struct client *client = &server->clients[index];
    int result = 0;

    switch (step->verb) {
    case SCENE_CONNECT:
        result = connect_one(script, server, index, step->count);
        break;
    case SCENE_SEND:
        result = send_one(script, client, step);
        break;
    case SCENE_STALL:
        clients_stall(client, script->reactor);
        break;
    case SCENE_READ:
        clients_read(client, script->reactor);
        break;
    case SCENE_CLOSE:
        clients_close(client, script->reactor);
        break;
    default:
        clients_reset(client);
        break;
    }
    if (result == -1)
        script->story->tell(script->story, server, index, strerror(errno));
}

static void tell_action(const struct script *script,
                        const struct scene_step *step)
{
    static const char *const words[] = {
        "connect", "send", "stop reading", "read again", "close", "reset",
    };
    char names[SCENE_TEXT];
    char bytes[16];
    char what[2 * SCENE_TEXT];
    const char *verb = words[step->verb - SCENE_CONNECT];

    scene_name_set(step->clients, names);
    int n = snprintf(what, sizeof(what), "%s: %s", names, verb);
    if (step->verb == SCENE_SEND)
        snprintf(what + n, sizeof(what) - (size_t)n, " %s",
                 step->count > 0 ? story_bytes(step->count, bytes)
                                 : step->text);
    if (step->verb == SCENE_CONNECT && step->count > 1)
        snprintf(what + n, sizeof(what) - (size_t)n, " %zu times",
                 step->count);
    script->story->tell(script->story, NULL, -1, what);
}

void script_act(struct script *script, const struct scene_step *step)
{
    tell_action(script, step);
    script->story->clients |= step->clients;
    for (size_t i = 0; i < script->story->nservers; i++) {
        if (script->story->servers[i].ended)
            continue;
        for (int client = 0; client < SCENE_CLIENTS; client++)
            if ((step->clients >> client & 1) != 0)
                act_one(script, &script->story->servers[i], client, step);
    }
    script->rests = 0;
}

/* --- the steps ------------------------------------------------------- */

static void say(struct script *script, const char *text)
{
    script->story->said = text;
    if (script->story->asking == STORY_REVEALED)
        script->story->asking = STORY_NO_QUESTION;
    script->story->tell(script->story, NULL, -1, text);
}

static void ask(struct script *script, const struct scene_step *step)
{
    question_ask(script->story, step);
    script->story->tell(script->story, NULL, -1, step->text);
    script->story->wants_answer = script->predict;
}

/* A line a task; a pool's idle ones share one. */
static void tell_tasks(const struct story *story,
                       const struct story_server *server)
{
    char what[OBSERVE_CALL + 64];

    for (size_t i = 0; i < server->now.nshown; i++) {
        const struct observe_task *task = &server->now.shown[i];
        const char *kind = task->tid == task->pid ? "pid" : "thread";
        size_t same = observe_count_same(&server->now, i);
        int n = snprintf(what, sizeof(what), "%s %d: %s", kind, task->tid,
                         task->call);
        if (same > 1)
            snprintf(what + n, sizeof(what) - (size_t)n,
                     ", and %zu more in the same", same - 1);
        if (same > 0)
            story->tell(story, server, -1, what);
    }
}

static void reveal(struct script *script)
{
    const struct story *story = script->story;
    char truth[QUESTION_WORDS];
    char guess[QUESTION_WORDS];
    char what[4 * QUESTION_WORDS];

    question_reveal(script->story);
    for (size_t i = 0; i < story->nservers; i++) {
        const struct story_server *server = &story->servers[i];
        const struct story_answer *answer = &server->answer;
        int n = snprintf(
            what, sizeof(what), "answer: %s",
            question_words(story->question, answer->truth, truth));
        if (answer->guess != '\0')
            snprintf(what + n, sizeof(what) - (size_t)n, " (you: %s, %s)",
                     question_words(story->question, answer->guess, guess),
                     answer->guess == answer->truth ? "right" : "wrong");
        story->tell(story, server, -1, what);
        tell_tasks(story, server);
    }
}

static void perform(struct script *script, const struct scene_step *step)
{
    switch (step->verb) {
    case SCENE_SAY:
        say(script, step->text);
        break;
    case SCENE_WAIT:
        script->due_ms += step->ns / NS_PER_MS;
        break;
    case SCENE_SETTLE:
        script->settle_ns = clock_now_ns() + SETTLE_S * NS_PER_S;
        script->rests = 0;
        break;
    case SCENE_ASK:
        ask(script, step);
        break;
    case SCENE_REVEAL:
        reveal(script);
        break;
    default:
        script_act(script, step);
        break;
    }
}

static bool is_halted(const struct script *script)
{
    return script->story->paused || script->story->wants_answer;
}

static void run_steps(struct script *script)
{
    struct story *story = script->story;

    while (!is_halted(script) && !story->over) {
        if (script->settle_ns != 0) {
            if (script->rests < REST_SAMPLES &&
                clock_now_ns() < script->settle_ns)
                return;
            script->settle_ns = 0;
            script->due_ms = story->clock_ms;
        }
        if (story->clock_ms < script->due_ms)
            return;
        if (script->step == script->story->scene->nsteps) {
            story->over = true;
            return;
        }
        perform(script, &script->story->scene->steps[script->step++]);
    }
}

void script_advance(struct script *script)
{
    uint64_t now = clock_now_ns();

    if (!is_halted(script))
        script->clock_ms += (double)(now - script->last_ns) / 1e6 *
                            script->story->speed;
    script->story->clock_ms = (uint64_t)script->clock_ms;
    script->last_ns = now;
    story_refresh(script->story);
    run_steps(script);
}

void script_note_look(struct script *script)
{
    script->rests = story_at_rest(script->story) ? script->rests + 1 : 0;
}

double script_left_ms(const struct script *script, double most_ms)
{
    double left_ms = ((double)script->due_ms - script->clock_ms) /
                     script->story->speed;

    if (is_halted(script) || script->story->over ||
        script->settle_ns != 0 || left_ms > most_ms)
        return most_ms;
    return left_ms;
}
