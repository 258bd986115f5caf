/* libFuzzer: whatever a scene file holds, scene_parse() takes it or says in
 * which line what is wrong, and what it takes is within its limits. */
#include "demo/scene.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool ends(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static void check_step(const struct scene *scene,
                       const struct scene_step *step)
{
    check(step->verb <= SCENE_RESET && ends(step->text, SCENE_TEXT));
    check((step->clients & ~scene->clients) == 0);
    if (step->verb >= SCENE_CONNECT)
        check(step->clients != 0);
    if (step->verb == SCENE_SEND)
        check(step->count <= SCENE_BYTES &&
              (step->count > 0 || step->text[0] != '\0'));
    if (step->verb == SCENE_CONNECT)
        check(step->count >= 1 && step->count <= SCENE_BUS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct scene scene;
    char error[SCENE_ERROR];
    char names[SCENE_TEXT];

    if (scene_parse(&scene, "x", (const char *)data, n, error) == -1) {
        check(ends(error, SCENE_ERROR) && strncmp(error, "x:", 2) == 0);
        return 0;
    }
    check(scene.nsteps >= 1 && scene.nsteps <= SCENE_STEPS);
    check(scene.ports >= 1 && scene.ports <= SCENE_CLIENTS);
    check(scene.nservers <= SCENE_SERVERS && scene.nargs <= SCENE_ARGS);
    check(ends(scene.title, SCENE_TEXT) && ends(scene.next, SCENE_NAME));
    check(ends(scene_name_set(scene.clients, names), SCENE_TEXT));
    for (size_t i = 0; i < scene.nsteps; i++)
        check_step(&scene, &scene.steps[i]);
    return 0;
}
