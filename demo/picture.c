/*
 * Makes a picture (SVG) of a recording of the demo, for README and
 * chapters: the last moment at which a text stood on the screen, or the
 * end.
 *
 * It understands what screen.c writes, which is all that such a recording
 * holds; it is no terminal emulator for others.
 */
#include "common/options.h"

#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

enum { LINE = 1 << 20, CELL_WIDTH = 9, CELL_HEIGHT = 18, MARGIN = 10 };

struct cell {
    wchar_t c;
    bool bold, inverse;
    int colour; /* 31 to 36, 90: as in SGR; 0: the usual one */
};

struct terminal {
    int width, height;
    int row, column;
    struct cell pen; /* what is written looks like this; c is not used */
    struct cell *cells;
};

static void clear(struct terminal *terminal)
{
    for (int i = 0; i < terminal->width * terminal->height; i++)
        terminal->cells[i] = (struct cell){.c = L' '};
}

static void open_terminal(struct terminal *terminal, int width, int height)
{
    free(terminal->cells);
    *terminal = (struct terminal){.width = width, .height = height};
    if (width > 0 && height > 0 && width <= 1000 && height <= 1000)
        terminal->cells = calloc((size_t)width * (size_t)height,
                                 sizeof(*terminal->cells));
    if (terminal->cells == NULL)
        fatal("picture", "a screen of %dx%d; up to 1000x1000 is accepted",
              width, height);
    clear(terminal);
}

static void set_pen(struct cell *pen, int code)
{
    if (code == 0)
        *pen = (struct cell){0};
    else if (code == 1)
        pen->bold = true;
    else if (code == 7)
        pen->inverse = true;
    else
        pen->colour = code;
}

/* "ESC [ numbers letter", behind the bracket. Returns what follows. */
static const wchar_t *obey(struct terminal *terminal, const wchar_t *text)
{
    int numbers[8] = {0};
    int n = 0;

    while ((*text >= L'0' && *text <= L'9') || *text == L';') {
        if (*text == L';')
            n = n < 7 ? n + 1 : 7;
        else
            numbers[n] = numbers[n] % 10000 * 10 + (int)(*text - L'0');
        text++;
    }
    if (*text == L'H') {
        terminal->row = numbers[0] - 1;
        terminal->column = numbers[1] - 1;
    } else if (*text == L'J') {
        clear(terminal);
    } else if (*text == L'm') {
        for (int i = 0; i <= n; i++)
            set_pen(&terminal->pen, numbers[i]);
    }
    return *text == L'\0' ? text : text + 1;
}

static void put_cell(struct terminal *terminal, wchar_t c)
{
    if (terminal->row >= 0 && terminal->row < terminal->height &&
        terminal->column >= 0 && terminal->column < terminal->width) {
        struct cell *cell =
            &terminal->cells[terminal->row * terminal->width +
                             terminal->column];
        *cell = terminal->pen;
        cell->c = c;
    }
    terminal->column++;
}

/* XML 1.0 knows no control characters; others may have recorded some. */
static void put(struct terminal *terminal, wchar_t c)
{
    int width = iswprint((wint_t)c) ? wcwidth(c) : 0;

    put_cell(terminal, width > 0 ? c : L'?');
    if (width > 1)
        put_cell(terminal, 0); /* the character before covers it */
}

static void feed(struct terminal *terminal, const char *bytes)
{
    size_t n = strlen(bytes) + 1;
    wchar_t *text = calloc(n, sizeof(*text));

    if (text == NULL || mbstowcs(text, bytes, n) == (size_t)-1)
        fatal("picture", "bytes that are no text; UTF-8 is accepted, in "
                         "the recording and in the locale");
    for (const wchar_t *next = text; *next != L'\0';) {
        if (next[0] == L'\033' && next[1] == L'[')
            next = obey(terminal, next + 2);
        else
            put(terminal, *next++);
    }
    free(text);
}

static bool shows(const struct terminal *terminal, const wchar_t *wanted)
{
    size_t n = wcslen(wanted);

    for (int row = 0; row < terminal->height; row++)
        for (int i = 0; i + (int)n <= terminal->width; i++) {
            const struct cell *cell =
                &terminal->cells[row * terminal->width + i];
            size_t same = 0;
            while (same < n && cell[same].c == wanted[same])
                same++;
            if (same == n)
                return true;
        }
    return false;
}

/* --- the picture ----------------------------------------------------- */

/* Okabe and Ito's colours, which the colour-blind can tell apart. */
static const char *colour_of(const struct cell *cell)
{
    switch (cell->colour) {
    case 31:
        return "#ff8a4c"; /* vermilion, lighter: it stands on dark */
    case 32:
        return "#2fd3a5"; /* bluish green, lighter */
    case 33:
        return "#f0c43c";
    case 35:
        return "#e39ac6";
    case 36:
        return "#56b4e9";
    case 90:
        return "#9aa3ad";
    default:
        return "#e8eaed";
    }
}

static void put_escaped(wchar_t c)
{
    if (c == L'<')
        fputs("&lt;", stdout);
    else if (c == L'&')
        fputs("&amp;", stdout);
    else
        printf("%lc", (wint_t)c);
}

static bool alike(const struct cell *a, const struct cell *b)
{
    return a->bold == b->bold && a->inverse == b->inverse &&
           a->colour == b->colour;
}

static void draw_words(const struct cell *cells, int x, int y, int n)
{
    /* textLength: whatever font there is, columns stay columns. */
    printf("<text x=\"%d\" y=\"%d\" textLength=\"%d\" fill=\"%s\"%s>", x,
           y + CELL_HEIGHT - 5, n * CELL_WIDTH,
           cells->inverse ? "#15181c" : colour_of(cells),
           cells->bold ? " font-weight=\"bold\"" : "");
    for (int i = 0; i < n; i++)
        if (cells[i].c != 0)
            put_escaped(cells[i].c);
    puts("</text>");
}

/* Where words end: at the cell's blank, if there is more than one. */
static bool at_gap(const struct cell *cells, int n)
{
    return cells[0].c == L' ' && (n == 1 || cells[1].c == L' ');
}

/*
 * Cells that look alike. Viewers differ in what they do with blanks at an
 * end and with many in a row, so that each piece between them is for
 * itself.
 */
static void draw_run(const struct cell *cells, int row, int column, int n)
{
    int x = MARGIN + column * CELL_WIDTH;
    int y = MARGIN + row * CELL_HEIGHT;

    if (cells->inverse)
        printf("<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
               "fill=\"%s\"/>\n",
               x, y, n * CELL_WIDTH, CELL_HEIGHT, colour_of(cells));
    for (int i = 0; i < n;) {
        int start = i;
        if (cells[i].c == L' ') {
            i++;
            continue;
        }
        while (i < n && !at_gap(cells + i, n - i))
            i++;
        draw_words(cells + start, x + start * CELL_WIDTH, y, i - start);
    }
}

static void draw(const struct terminal *terminal)
{
    int width = terminal->width * CELL_WIDTH + 2 * MARGIN;
    int height = terminal->height * CELL_HEIGHT + 2 * MARGIN;

    printf(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
        "height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n"
        "<title>The live demo</title>\n"
        "<rect width=\"100%%\" height=\"100%%\" rx=\"8\" "
        "fill=\"#15181c\"/>\n"
        "<g font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" "
        "font-size=\"15\">\n",
        width, height, width, height);
    for (int row = 0; row < terminal->height; row++) {
        const struct cell *cells = terminal->cells +
                                   (size_t)row * (size_t)terminal->width;
        int start = 0;
        for (int i = 1; i <= terminal->width; i++)
            if (i == terminal->width || !alike(&cells[i], &cells[start])) {
                draw_run(cells + start, row, start, i - start);
                start = i;
            }
    }
    puts("</g>\n</svg>");
}

/* --- the recording --------------------------------------------------- */

static void take_event(struct terminal *terminal, const char *line)
{
    json_t *event = json_loads(line, 0, NULL);
    const char *kind;
    const char *data;
    double at;
    int width, height;

    if (event == NULL || json_unpack(event, "[F,s,s]", &at, &kind, &data))
        fatal("picture", "`%.40s`: an event of asciicast v2 is accepted",
              line);
    if (strcmp(kind, "o") == 0)
        feed(terminal, data);
    else if (sscanf(data, "%dx%d", &width, &height) == 2)
        open_terminal(terminal, width, height);
    json_decref(event);
}

static void take_header(struct terminal *terminal, const char *line)
{
    json_t *header = json_loads(line, 0, NULL);
    int version, width, height;

    if (header == NULL ||
        json_unpack(header, "{s:i, s:i, s:i}", "version", &version, "width",
                    &width, "height", &height) == -1 ||
        version != 2)
        fatal("picture", "no recording: asciicast v2 is accepted, as of "
                         "demo --record");
    open_terminal(terminal, width, height);
    json_decref(header);
}

static void keep(struct terminal *kept, const struct terminal *now)
{
    size_t n = (size_t)now->width * (size_t)now->height;

    if (kept->cells == NULL || kept->width != now->width ||
        kept->height != now->height)
        open_terminal(kept, now->width, now->height);
    memcpy(kept->cells, now->cells, n * sizeof(*kept->cells));
}

/* --- the command line ------------------------------------------------ */

struct arguments {
    const char *recording;
    const char *text; /* NULL: none was given */
};

static error_t take_argument(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    if (key == ARGP_KEY_NO_ARGS) {
        argp_error(state, "which recording?");
    } else if (key == ARGP_KEY_ARG && state->arg_num == 0) {
        arguments->recording = arg;
    } else if (key == ARGP_KEY_ARG && state->arg_num == 1) {
        arguments->text = arg;
    } else if (key == ARGP_KEY_ARG) {
        argp_error(state, "%s: one recording and one text are accepted",
                   arg);
    } else {
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static void play(FILE *file, const char *text, struct terminal *kept)
{
    static char line[LINE];
    struct terminal now = {0};
    wchar_t wanted[128] = L"";

    if (fgets(line, sizeof(line), file) == NULL)
        line[0] = '\0'; /* which is no header */
    take_header(&now, line);
    if (text != NULL)
        mbstowcs(wanted, text, sizeof(wanted) / sizeof(wanted[0]) - 1);
    while (fgets(line, sizeof(line), file) != NULL) {
        take_event(&now, line);
        if (shows(&now, wanted))
            keep(kept, &now);
    }
    free(now.cells);
}

int main(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,
        take_argument,
        "FILE.cast [TEXT]",
        "Makes a picture (SVG) of a recording of the demo.\v"
        "It shows the last moment at which TEXT is on the screen, or the "
        "end, and goes to standard output.\n\n"
        "Example:\n"
        "  build/demo/picture crowd.cast '9 processes' > crowd.svg",
        NULL,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct terminal kept = {0};

    options_keep_streams();
    setlocale(LC_CTYPE, "C.UTF-8");
    argp_program_version = "picture " SUITE_VERSION;
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    FILE *file = fopen(arguments.recording, "re");
    if (file == NULL)
        fatal_errno("picture", "%s", arguments.recording);
    play(file, arguments.text, &kept);
    fclose(file);
    if (kept.cells == NULL && arguments.text != NULL)
        fatal("picture", "`%s` is never on the screen", arguments.text);
    if (kept.cells == NULL)
        fatal("picture", "%s: a recording of nothing", arguments.recording);
    draw(&kept);
    if (fflush(stdout) == EOF || ferror(stdout))
        fatal_errno("picture", "standard output");
    free(kept.cells);
    return EXIT_SUCCESS;
}
