/* demo/scene: how a scene is read, and how a mistake is reported. */
#include "demo/scene.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

static struct scene scene;
static char error[SCENE_ERROR];

static int parse(const char *text)
{
    return scene_parse(&scene, "x.scene", text, strlen(text), error);
}

static void refused(const char *text, const char *message)
{
    cr_assert_eq(parse(text), -1, "accepted: %s", text);
    cr_assert_str_eq(error, message);
}

static const char whole[] = "# a comment\n"
                            "title Two  words\r\n"
                            "next hello\n"
                            "servers iterative epoll/uring\n"
                            "ports 10\n"
                            "limit files 100\n"
                            "limit tasks 6\n"
                            "args epoll --work cpu:1s\n"
                            "\n"
                            "\tA C-E connect\n"
                            "A send \"  hi \"\n"
                            "all send 2KiB\n"
                            "say It waits.\n"
                            "wait 1.5s\n"
                            "X connect 100\n"
                            "ask accepted C Is C in?\n"
                            "settle\n"
                            "reveal";

Test(scene, reads_the_header_of_a_scene)
{
    cr_assert_eq(parse(whole), 0, "%s", error);
    cr_assert_str_eq(scene.title, "Two  words");
    cr_assert_str_eq(scene.next, "hello");
    cr_assert_eq(scene.nservers, 2);
    cr_assert_str_eq(scene.servers[1], "epoll/uring");
    cr_assert_eq(scene.ports, 10);
    cr_assert_eq(scene.limits.files, 100);
    cr_assert_eq(scene.limits.tasks, 6);
    cr_assert_str_eq(scene.args[0].words, "--work cpu:1s");
    cr_assert_eq(scene.clients, 1U << 23 | 0x1d);
    cr_assert_eq(scene.nsteps, 9);
}

Test(scene, reads_the_steps_of_a_scene)
{
    cr_assert_eq(parse(whole), 0, "%s", error);
    const struct scene_step *step = scene.steps;
    cr_assert_eq(step[0].verb, SCENE_CONNECT);
    cr_assert_eq(step[0].clients, 0x1d);
    cr_assert_eq(step[0].line, 10);
    cr_assert_str_eq(step[1].text, "  hi ");
    cr_assert_eq(step[2].clients, 0x1d, "all: those who have connected");
    cr_assert_eq(step[2].count, 2048);
    cr_assert_eq(step[4].ns, 1500000000);
    cr_assert_eq(step[5].count, 100);
    cr_assert_eq(step[6].question, SCENE_ACCEPTED);
    cr_assert_str_eq(step[6].text, "Is C in?");
}

Test(scene, says_what_was_given_and_what_is_accepted)
{
    refused("say a\nA jump\n",
            "x.scene:2: `jump`: a client may connect, send, stall, read, "
            "close or reset");
    refused("A connect\nB send hi",
            "x.scene:2: B: `send` before `connect`");
    refused("wait 3\n",
            "x.scene:1: `wait 3`: a duration is accepted, as in 500ms or "
            "1.5s, up to 10min");
    refused("limit fish 3\n",
            "x.scene:1: `limit fish`: files, tasks or clients is accepted, "
            "and a number");
    refused("ports 0\n",
            "x.scene:1: `ports 0`: a number from 1 to 26 is accepted");
    refused("ask why Why?\n",
            "x.scene:1: `ask why`: next, echoed CLIENT, accepted CLIENT or "
            "tasks is accepted, and the question");
    refused("say a\nreveal\n",
            "x.scene:2: `reveal` without a question; `ask` first");
    refused("A connect\nask echoed B Is it?\nreveal\n",
            "x.scene:2: `ask` about a client that never connects");
    refused("A connect\nA send 65MiB\n",
            "x.scene:2: `send 65MiB`: 1B to 64MiB is accepted");
    refused("settle now\n",
            "x.scene:1: `settle now`: nothing is accepted after `settle`");
    refused("say\n", "x.scene:1: `say` says nothing; a text is accepted");
}

Test(scene, wants_an_end)
{
    cr_assert_eq(parse(""), -1);
    cr_assert(strstr(error, "nothing has happened") != NULL);
    cr_assert_eq(parse("A connect\nask tasks How many?\n"), -1);
    cr_assert(strstr(error, "`reveal` is missing") != NULL);
}

Test(scene, survives_what_no_teacher_writes)
{
    static char text[10000];

    memset(text, 'A', sizeof(text));
    cr_assert_eq(scene_parse(&scene, "x", text, sizeof(text), error), -1);
    cr_assert_eq(scene_parse(&scene, "x", "say a\0b\n", 8, error), -1);
    memset(text, '\n', sizeof(text));
    cr_assert_eq(scene_parse(&scene, "x", text, sizeof(text), error), -1);
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = "settle\n"[i % 7];
    cr_assert_eq(scene_parse(&scene, "x", text, 9996, error), -1);
    cr_assert(strstr(error, "more than 256 steps") != NULL);
}

Test(scene, names_sets)
{
    char text[SCENE_TEXT];

    cr_assert_str_eq(scene_name_set(0, text), "");
    cr_assert_str_eq(scene_name_set(1, text), "A");
    cr_assert_str_eq(scene_name_set(3, text), "A, B");
    cr_assert_str_eq(scene_name_set(0x2f, text), "A to D, F");
    /* The longest: every other client. */
    cr_assert_lt(strlen(scene_name_set(0x1555555, text)), SCENE_TEXT);
}

Test(scene, all_of_ours_are_good_and_follow_each_other)
{
    glob_t found;
    char path[SCENE_TEXT];

    cr_assert_eq(glob("demo/scenes/*.scene", 0, NULL, &found), 0);
    cr_assert_geq(found.gl_pathc, 10);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        cr_assert_eq(scene_load(&scene, found.gl_pathv[i], error), 0, "%s",
                     error);
        snprintf(path, sizeof(path), "demo/scenes/%s.scene", scene.next);
        cr_assert_eq(scene_load(&scene, path, error), 0, "%s: next: %s",
                     found.gl_pathv[i], error);
    }
    globfree(&found);
}
