#include "demo/output.h"

#include "common/clock.h"
#include "demo/draw.h"
#include "demo/record.h"
#include "demo/terminal.h"
#include "demo/text.h"

#include <stdlib.h>

void output_resize(struct output *output)
{
    char size[32];
    int width, height;

    terminal_size(&width, &height);
    if (screen_resize(&output->screen, width, height) == -1)
        return; /* the old size is better than none */
    if (output->cast == NULL)
        return;
    int n = snprintf(size, sizeof(size), "%dx%d", width, height);
    record_event(output->cast, clock_now_ns() - output->start_ns, "r", size,
                 (size_t)n);
}

int output_record(struct output *output, const char *path)
{
    output->start_ns = clock_now_ns();
    output->cast = record_open(path, output->screen.width,
                               output->screen.height, "the live demo");
    output->screen.clean = false; /* it knows nothing of what was drawn */
    return output->cast == NULL ? -1 : 0;
}

void output_draw(struct output *output, const struct story *story)
{
    char *bytes = NULL;
    size_t n = 0;

    if (output->screen.cells == NULL)
        return;
    FILE *memory = open_memstream(&bytes, &n);
    if (memory == NULL)
        return;
    draw_story(&output->screen, story, output->unicode);
    screen_update(&output->screen, memory);
    fclose(memory);
    if (n > 0 && output->terminal)
        terminal_write(bytes, n);
    if (n > 0 && output->cast != NULL)
        record_event(output->cast, clock_now_ns() - output->start_ns, "o",
                     bytes, n);
    free(bytes);
}

/* In one write(): each may wait for a second when nobody reads (signals.h).
 */
static void print_screen(const struct screen *screen)
{
    char *text = NULL;
    size_t n = 0;
    FILE *memory = open_memstream(&text, &n);

    if (memory == NULL)
        return;
    fputc('\n', memory);
    screen_print(screen, memory);
    fclose(memory);
    fwrite(text, 1, n, stdout);
    free(text);
}

void output_print(const struct output *output, const struct story *story)
{
    struct screen picture = {0};
    int width, height;

    if (ferror(stdout))
        return;
    terminal_size(&width, &height);
    width = width > DRAW_MIN_WIDTH ? width : DRAW_MIN_WIDTH;
    if (screen_resize(&picture, width, draw_height(width, story)) == 0) {
        draw_story(&picture, story, output->unicode);
        print_screen(&picture);
    }
    screen_free(&picture);
}

void output_tell(const struct story *story,
                 const struct story_server *server, int client,
                 const char *what)
{
    char clean[SCENE_TEXT + STORY_WORD];

    if (ferror(stdout))
        return;
    printf("%8.3f s  %-16s %c  %s\n", (double)story->clock_ms / 1000,
           server == NULL ? "" : server->name,
           client == -1 ? ' ' : 'A' + client,
           text_clean(clean, sizeof(clean), what));
}

void output_tell_nobody(const struct story *story,
                        const struct story_server *server, int client,
                        const char *what)
{
    (void)story;
    (void)server;
    (void)client;
    (void)what;
}

int output_close(struct output *output)
{
    int result = output->cast == NULL ? 0 : record_close(output->cast);

    output->cast = NULL;
    screen_free(&output->screen);
    return result;
}
