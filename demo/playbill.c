#include "demo/playbill.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>

static const char MODELS[] = "build/servers";
static const char SCENES[] = "demo/scenes/%s.scene";

void playbill_name(char *to, const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash == NULL ? name : slash + 1;

    snprintf(to, SCENE_NAME, "%.*s", (int)strcspn(base, "."), base);
}

static void list_scenes(char *to, size_t size)
{
    char pattern[64];
    char name[SCENE_NAME];
    size_t n = 0;
    glob_t found;

    to[0] = '\0';
    snprintf(pattern, sizeof(pattern), SCENES, "*");
    if (glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        playbill_name(name, found.gl_pathv[i]);
        int more = snprintf(to + n, size - n, "%s%s", i > 0 ? ", " : "",
                            name);
        if ((size_t)more >= size - n)
            break;
        n += (size_t)more;
    }
    globfree(&found);
}

int playbill_load(struct scene *scene, const char *name,
                  char error[SCENE_ERROR])
{
    char path[SCENE_FILE_NAME];
    char list[SCENE_ERROR / 2];

    if (strchr(name, '/') != NULL)
        return scene_load(scene, name, error);
    snprintf(path, sizeof(path), SCENES, name);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        fclose(file);
        return scene_load(scene, path, error);
    }
    list_scenes(list, sizeof(list));
    if (list[0] == '\0')
        snprintf(error, SCENE_ERROR,
                 "no scenes in demo/scenes: run the demo "
                 "from the root of its tree");
    else
        snprintf(error, SCENE_ERROR,
                 "scene %.100s: there is none; a path "
                 "with a slash in it is accepted, and %s",
                 name, list);
    return -1;
}

/* The next model of the list into name. Returns 0, or -1: no more. */
static int read_model(FILE *file, char name[SCENE_NAME])
{
    if (fgets(name, SCENE_NAME, file) == NULL)
        return -1;
    name[strcspn(name, "\n")] = '\0';
    return 0;
}

static FILE *open_models(char error[SCENE_ERROR])
{
    FILE *file = fopen(MODELS, "re");

    if (file == NULL)
        snprintf(error, SCENE_ERROR,
                 "%s: %s; run `make all`, and the demo "
                 "from the root of its tree",
                 MODELS, strerror(errno));
    return file;
}

int playbill_check_model(const char *name, char error[SCENE_ERROR])
{
    char model[SCENE_NAME];
    FILE *file = open_models(error);

    if (file == NULL)
        return -1;
    int n = snprintf(error, SCENE_ERROR,
                     "%.60s: no such model; accepted "
                     "are",
                     name);
    while (read_model(file, model) == 0) {
        if (strcmp(model, name) == 0) {
            fclose(file);
            return 0;
        }
        if ((size_t)n < SCENE_ERROR - SCENE_NAME)
            n += snprintf(error + n, SCENE_ERROR - (size_t)n, " %s", model);
    }
    fclose(file);
    return -1;
}

static size_t cast_rooms(struct stage_part *parts, size_t room,
                         char error[SCENE_ERROR])
{
    FILE *file = open_models(error);
    size_t n = 0;

    if (file == NULL)
        return 0;
    while (n < room && n < SCENE_SERVERS &&
           read_model(file, parts[n].name) == 0) {
        parts[n].command = NULL;
        if (strchr(parts[n].name, '/') == NULL)
            n++; /* a variant plays when it is asked for */
    }
    fclose(file);
    if (n == 0)
        snprintf(error, SCENE_ERROR, "%s: empty; run `make all`", MODELS);
    return n;
}

size_t playbill_cast(const struct play_options *options,
                     const struct scene *scene, size_t room,
                     struct stage_part *parts, char error[SCENE_ERROR])
{
    if (options->nparts > 0) {
        memcpy(parts, options->parts, options->nparts * sizeof(*parts));
        return options->nparts;
    }
    if (scene->nservers == 0)
        return cast_rooms(parts, room, error);
    size_t n = scene->nservers < room ? scene->nservers : room;
    for (size_t i = 0; i < n; i++) {
        snprintf(parts[i].name, SCENE_NAME, "%s", scene->servers[i]);
        parts[i].command = NULL;
        if (playbill_check_model(parts[i].name, error) == -1)
            return 0;
    }
    return n;
}
