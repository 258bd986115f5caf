/*
 * A screen of character cells, and the bytes that turn a terminal from what
 * it shows into what it shall show.
 *
 * Plain ANSI (ECMA-48) and no terminal library: the same bytes go to the
 * terminal and into a recording, and the same cells are the picture that
 * plain output ends with. All that is needed is to move the cursor, to
 * clear and to set colours, which every terminal of today does alike.
 *
 * Text enters by screen_text() alone, which filters it (text.h).
 */
#ifndef DEMO_SCREEN_H
#define DEMO_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <wchar.h>

/* How text looks. Never the only difference between two meanings. */
enum screen_style {
    SCREEN_PLAIN,
    SCREEN_DIM,
    SCREEN_BOLD,
    SCREEN_BAR,   /* dark on light: the top line */
    SCREEN_TITLE, /* a server's name */
    SCREEN_GOOD,
    SCREEN_BAD,
    SCREEN_QUEUED,
    SCREEN_UNREAD,
    SCREEN_WAITING,
    SCREEN_STYLES,
};

struct screen_cell {
    wchar_t c; /* 0: the right half of the wide character before */
    enum screen_style style;
};

struct screen {
    int width, height;
    struct screen_cell *cells; /* what it shall show; owned, as is: */
    struct screen_cell *shown; /* what the terminal shows */
    bool clean;                /* false: what it shows is not known */
    bool colours;
};

/*
 * Returns  0, or -1 with errno when there is no memory: the screen then is
 *          as it was. Free by screen_free(). A second call changes the
 *          size.
 */
int screen_resize(struct screen *screen, int width, int height);

/* All blank. */
void screen_clear(struct screen *screen);

/*
 * Writes text, cut off after width columns and at the right edge. Outside
 * of the screen nothing happens.
 *
 * Returns  the column behind it.
 */
int screen_text(struct screen *screen, int row, int column, int width,
                enum screen_style style, const char *text);

/* The same for a line that is put together. */
int screen_format(struct screen *screen, int row, int column, int width,
                  enum screen_style style, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* One character n times. */
void screen_repeat(struct screen *screen, int row, int column, int n,
                   enum screen_style style, wchar_t c);

/* Writes to `to` the bytes that bring the terminal up to date. */
void screen_update(struct screen *screen, FILE *to);

/* Writes the cells as lines of text, without blanks at their ends. */
void screen_print(const struct screen *screen, FILE *to);

void screen_free(struct screen *screen);

#endif
