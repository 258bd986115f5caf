#include "demo/screen.h"

#include "demo/text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Of the terminal's own 16 colours, so that its theme decides. */
static const struct {
    const char *plain; /* NO_COLOR: weight and inversion remain */
    const char *coloured;
} styles[SCREEN_STYLES] = {
    [SCREEN_PLAIN] = {"0", "0"},         [SCREEN_DIM] = {"0", "0;90"},
    [SCREEN_BOLD] = {"0;1", "0;1"},      [SCREEN_BAR] = {"0;7", "0;7"},
    [SCREEN_TITLE] = {"0;1", "0;1;36"},  [SCREEN_GOOD] = {"0;1", "0;1;32"},
    [SCREEN_BAD] = {"0;1", "0;1;31"},    [SCREEN_QUEUED] = {"0", "0;33"},
    [SCREEN_UNREAD] = {"0;1", "0;1;33"}, [SCREEN_WAITING] = {"0", "0;35"},
};

int screen_resize(struct screen *screen, int width, int height)
{
    size_t n = (size_t)width * (size_t)height;
    struct screen_cell *cells = calloc(n, sizeof(*cells));
    struct screen_cell *shown = calloc(n, sizeof(*shown));

    if (cells == NULL || shown == NULL) {
        free(cells);
        free(shown);
        return -1;
    }
    screen_free(screen);
    screen->width = width;
    screen->height = height;
    screen->cells = cells;
    screen->shown = shown;
    screen->clean = false;
    screen_clear(screen);
    return 0;
}

void screen_free(struct screen *screen)
{
    free(screen->cells);
    free(screen->shown);
    screen->cells = screen->shown = NULL;
}

void screen_clear(struct screen *screen)
{
    for (int i = 0; i < screen->width * screen->height; i++)
        screen->cells[i] = (struct screen_cell){L' ', SCREEN_PLAIN};
}

static struct screen_cell *cell_at(struct screen *screen, int row,
                                   int column)
{
    return &screen->cells[row * screen->width + column];
}

int screen_text(struct screen *screen, int row, int column, int width,
                enum screen_style style, const char *text)
{
    int end = width < screen->width - column ? column + width
                                             : screen->width;
    size_t left = strlen(text);

    if (row < 0 || row >= screen->height || column < 0)
        return column;
    while (left > 0) {
        wchar_t c;
        size_t taken = text_next(text, left, &c);
        int columns = wcwidth(c) > 1 ? 2 : 1;
        if (column + columns > end)
            break;
        *cell_at(screen, row, column) = (struct screen_cell){c, style};
        if (columns == 2)
            *cell_at(screen, row, column + 1) = (struct screen_cell){0,
                                                                     style};
        column += columns;
        text += taken;
        left -= taken;
    }
    return column;
}

int screen_format(struct screen *screen, int row, int column, int width,
                  enum screen_style style, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return screen_text(screen, row, column, width, style, text);
}

void screen_repeat(struct screen *screen, int row, int column, int n,
                   enum screen_style style, wchar_t c)
{
    if (row < 0 || row >= screen->height || column < 0)
        return;
    for (int i = 0; i < n && column + i < screen->width; i++)
        *cell_at(screen, row, column + i) = (struct screen_cell){c, style};
}

static void put_char(wchar_t c, FILE *to)
{
    char bytes[MB_LEN_MAX];
    mbstate_t state = {0};
    size_t n = wcrtomb(bytes, c, &state);

    if (n == (size_t)-1)
        fputc('?', to);
    else
        fwrite(bytes, 1, n, to);
}

static void update_row(struct screen *screen, int row, FILE *to)
{
    bool here = false; /* does the cursor stand before this cell? */
    enum screen_style style = SCREEN_STYLES;

    for (int column = 0; column < screen->width; column++) {
        const struct screen_cell *cell = cell_at(screen, row, column);
        struct screen_cell *old =
            &screen->shown[row * screen->width + column];
        if (cell->c == old->c && cell->style == old->style) {
            here = false;
            continue;
        }
        *old = *cell;
        if (cell->c == 0)
            continue; /* the character before covers it */
        if (!here)
            fprintf(to, "\033[%d;%dH", row + 1, column + 1);
        if (style != cell->style)
            fprintf(to, "\033[%sm",
                    screen->colours ? styles[cell->style].coloured
                                    : styles[cell->style].plain);
        style = cell->style;
        put_char(cell->c, to);
        here = true;
    }
}

void screen_update(struct screen *screen, FILE *to)
{
    if (!screen->clean) {
        fputs("\033[0m\033[2J", to);
        for (int i = 0; i < screen->width * screen->height; i++)
            screen->shown[i] = (struct screen_cell){L' ', SCREEN_PLAIN};
    }
    screen->clean = true;
    for (int row = 0; row < screen->height; row++)
        update_row(screen, row, to);
}

void screen_print(const struct screen *screen, FILE *to)
{
    for (int row = 0; row < screen->height; row++) {
        const struct screen_cell *line =

            screen->cells + (size_t)row * (size_t)screen->width;
        int n = screen->width;
        while (n > 0 && line[n - 1].c == L' ')
            n--;
        for (int i = 0; i < n; i++)
            if (line[i].c != 0)
                put_char(line[i].c, to);
        fputc('\n', to);
    }
}
