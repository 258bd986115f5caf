/*
 * demo/story, draw and question: from what clients and kernel say to what
 * the class sees.
 */
#include "demo/draw.h"
#include "demo/question.h"
#include "demo/story.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

static char told[4096];

static void tell(const struct story *story,
                 const struct story_server *server, int client,
                 const char *what)
{
    size_t n = strlen(told);

    (void)story;
    snprintf(told + n, sizeof(told) - n, "%s %c: %s\n",
             server == NULL ? "" : server->name,
             client == -1 ? '-' : 'A' + client, what);
}

static struct scene scene;
static struct story_server servers[2];
static struct story story;

/* One server, one client, one connection that the test changes by hand. */
static struct connection *begin(void)
{
    strcpy(servers[0].name, "one");
    strcpy(servers[1].name, "two");
    strcpy(scene.title, "A test");
    scene.clients = 3;
    story = (struct story){
        .scene = &scene,
        .servers = servers,
        .nservers = 1,
        .clients = 3,
        .chosen = 3,
        .speed = 1,
        .said = "",
        .tell = tell,
    };
    struct client *client = &servers[0].clients[0];
    client->connections = calloc(1, sizeof(struct connection));
    if (client->connections == NULL)
        abort();
    client->n = 1;
    client->connections->fd = -1;
    client->connections->phase = CONNECTION_OPEN;
    client->connections->reading = true;
    return client->connections;
}

static void goes(uint64_t at_ms, enum story_state wanted, const char *label)
{
    story.clock_ms = at_ms;
    story_refresh(&story);
    cr_assert_eq(servers[0].lanes[0].state, wanted, "at %lu: %s",
                 (unsigned long)at_ms,
                 story_state_name(servers[0].lanes[0].state));
    cr_assert_str_eq(servers[0].lanes[0].label, label);
}

Test(story, follows_a_client_through_all_states)
{
    struct connection *c = begin();

    goes(0, STORY_ABSENT, "");
    c->seen = true;
    goes(100, STORY_QUEUED, "in accept queue");
    c->sent = c->wanted = 5;
    goes(200, STORY_UNREAD, "5 B unread");
    c->accepted = true;
    goes(300, STORY_WAITING, "waits: 5 B");
    c->reading = false;
    goes(400, STORY_STALLED, "does not read");
    c->reading = true;
    c->received = 5;
    c->echoes = 1;
    c->echo_ns = 1300000;
    goes(500, STORY_IDLE, "echo in 1.3 ms");
    c->phase = CONNECTION_CLOSED;
    goes(600, STORY_CLOSED, "closed");
    cr_assert_str_eq(told, "one A: in the accept queue\n"
                           "one A: in the accept queue, its bytes unread\n"
                           "one A: waits for its echo\n"
                           "one A: does not read\n"
                           "one A: echo in 1.3 ms\n"
                           "one A: closed\n");
}

Test(story, sees_who_was_turned_away_and_who_got_nonsense)
{
    struct connection *c = begin();

    c->phase = CONNECTION_CUT;
    goes(0, STORY_CUT, "turned away");
    c->differs = true;
    goes(100, STORY_WRONG, "wrong echo");
}

Test(story, keeps_an_echo_in_sight)
{
    const struct story_lane lane = {.n = 5,
                                    .changes = {
                                        {100, STORY_QUEUED},
                                        {200, STORY_WAITING},
                                        {210, STORY_ECHOED},
                                        {210, STORY_IDLE},
                                        {900, STORY_CLOSED},
                                    }};

    cr_assert_eq(story_state_at(&lane, 0, 100), STORY_ABSENT);
    cr_assert_eq(story_state_at(&lane, 100, 200), STORY_QUEUED);
    cr_assert_eq(story_state_at(&lane, 200, 300), STORY_ECHOED);
    cr_assert_eq(story_state_at(&lane, 300, 400), STORY_IDLE);
    cr_assert_eq(story_state_at(&lane, 0, 1000), STORY_ECHOED);
    cr_assert_eq(story_state_at(&lane, 900, 1000), STORY_CLOSED);
}

Test(story, forgets_what_has_scrolled_away)
{
    const uint64_t many = 2560; /* ten times STORY_CHANGES */
    struct connection *c = begin();

    c->seen = true;
    for (uint64_t i = 0; i < many; i++) {
        c->accepted = i % 2 == 1;
        goes(i, i % 2 == 1 ? STORY_IDLE : STORY_QUEUED,
             i % 2 == 1 ? "idle" : "in accept queue");
    }
    const struct story_lane *lane = &servers[0].lanes[0];
    cr_assert_leq(lane->n, STORY_CHANGES);
    cr_assert_eq(lane->changes[lane->n - 1].at_ms, many - 1);
    for (size_t i = 1; i < lane->n; i++)
        cr_assert_eq(lane->changes[i].at_ms,
                     lane->changes[i - 1].at_ms + 1);
}

Test(question, counts_who_was_right)
{
    struct scene_step ask = {
        .verb = SCENE_ASK, .question = SCENE_NEXT, .text = "Who?"};
    struct connection *c = begin();
    char words[QUESTION_WORDS];
    char prompt[QUESTION_PROMPT];

    story.nservers = 2;
    c->seen = c->accepted = true;
    question_ask(&story, &ask);
    cr_assert_eq(question_read(&story, 'a'), 'A');
    cr_assert_eq(question_read(&story, 'C'), '\0', "not of this scene");
    cr_assert_eq(question_read(&story, '0'), '0');
    question_take(&story, 'A');
    story.wants_answer = true;
    question_take(&story, 'z');
    cr_assert_eq(story.answering, 1);
    cr_assert(story.wants_answer);
    cr_assert(strstr(question_prompt(&story, prompt), "Not `z`") != NULL);
    question_take(&story, 'b');
    cr_assert(!story.wants_answer);
    c->echoes = 1;
    story_refresh(&story);
    question_reveal(&story);
    cr_assert_eq(servers[0].answer.truth, 'A');
    cr_assert_eq(servers[1].answer.truth, '0');
    cr_assert_eq(story.answered, 2);
    cr_assert_eq(story.right, 1);
    cr_assert_str_eq(question_words(&ask, '0', words), "nobody");
}

Test(draw, tells_states_apart_without_colour)
{
    for (int unicode = 0; unicode < 2; unicode++)
        for (int a = STORY_IDLE; a < STORY_STATES; a++)
            for (int b = a + 1; b < STORY_STATES; b++)
                cr_assert_neq(draw_glyph((enum story_state)a, unicode),
                              draw_glyph((enum story_state)b, unicode));
    for (int a = STORY_ABSENT; a < STORY_STATES; a++)
        cr_assert_lt(draw_glyph((enum story_state)a, false), 128);
}

/* Sizes of all kinds: nothing is drawn outside (ASan would see it). */
Test(draw, fits_any_window)
{
    struct connection *c = begin();
    struct screen screen = {0};

    setlocale(LC_ALL, "C.UTF-8");
    c->seen = true;
    story.nservers = 2;
    story.help = true;
    story.clients = 0x3ffffff;
    goes(100, STORY_QUEUED, "in accept queue");
    for (int width = 1; width < 210; width += 13)
        for (int height = 1; height < 60; height += 7) {
            cr_assert_eq(screen_resize(&screen, width, height), 0);
            draw_story(&screen, &story, true);
        }
    screen_free(&screen);
}

Test(draw, finds_room_for_all_six_where_it_is_wide)
{
    cr_assert_eq(draw_room(80, 24, 7), 4);
    cr_assert_geq(draw_room(120, 40, 7), 6);
    cr_assert_geq(draw_room(200, 50, 7), 6);
    cr_assert_eq(draw_room(10, 5, 7), 1);
}
