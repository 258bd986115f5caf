#include "bench/page/md.h"

#include "common/show.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 79, GAP = 2, ROOM = 24 };

int md_begin(struct md *md, FILE *markdown, FILE *terminal)
{
    *md = (struct md){.markdown = markdown,
                      .terminal = terminal,
                      .text = terminal,
                      .nowhere = fopen("/dev/null", "we")};
    return md->nowhere == NULL ? -1 : 0;
}

void md_end(struct md *md)
{
    fclose(md->nowhere);
}

/* Every sign that could be markup stands for itself behind a backslash
 * (CommonMark 0.29, section 6.1); a line's end is a blank. */
static void escape(FILE *file, const char *text)
{
    text += strspn(text, " \t\n");
    const char *number_end = text + strspn(text, "0123456789");
    if (strchr("+-=", *text) != NULL && *text != '\0')
        fputc('\\', file); /* an item of a list, a rule */
    for (; *text != '\0'; text++) {
        if (strchr("\\`*_[]<>#!|&~", *text) != NULL ||
            (text == number_end && *text == '.' && text[1] <= ' '))
            fputc('\\', file);
        fputc(*text == '\n' ? ' ' : *text, file);
    }
}

/* How many places a text takes: a UTF-8 letter is one. */
static size_t places(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* Lines broken at WIDTH; further ones are indented. */
static void wrap(FILE *file, const char *text, size_t column, size_t indent)
{
    while (*text != '\0') {
        int n = (int)strcspn(text, " \n");
        char word[512];
        snprintf(word, sizeof(word), "%.*s", n, text);
        if (column > indent && column + 1 + places(word) > WIDTH) {
            fprintf(file, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', file);
            column++;
        }
        fwrite(text, 1, (size_t)n, file);
        column += places(word);
        text += n + (text[n] != '\0');
    }
    fputc('\n', file);
}

/* Formats; to be freed. "" where memory ran out. */
__attribute__((format(printf, 1, 0))) static char *
format_text(const char *format, va_list args)
{
    char *text = show_format(format, args);

    return text != NULL ? text : strdup("");
}

/* A block in both: what stands before it in Markdown, and after it. */
static void put(struct md *md, const char *before, const char *text,
                const char *after)
{
    fputs(before, md->markdown);
    escape(md->markdown, text);
    fprintf(md->markdown, "%s\n\n", after);
}

void md_heading(struct md *md, int level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = format_text(format, args);
    va_end(args);
    md->text = level == 3 ? md->nowhere : md->terminal;
    put(md, &"### "[3 - level], text, "");
    if (level == 2)
        fprintf(md->text, "\n%s\n", text);
    else
        wrap(md->text, text, 0, 0);
    for (size_t n = places(text); level < 3 && n > 0; n--)
        fputc(level == 1 ? '=' : '-', md->text);
    fputs("\n", md->text);
    free(text);
}

void md_say(struct md *md, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = format_text(format, args);
    va_end(args);
    put(md, "", text, "");
    wrap(md->text, text, 0, 0);
    fputc('\n', md->text);
    free(text);
}

void md_warn(struct md *md, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = format_text(format, args);
    va_end(args);
    put(md, "> **", text, "**");
    if (md->warnings != NULL)
        fprintf(md->warnings, "%s\n", text);
    fputs("! ", md->text);
    wrap(md->text, text, 2, 2);
    fputc('\n', md->text);
    free(text);
}

void md_item(struct md *md, const char *name, const char *format, ...)
{
    char *shown = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&shown, &size);
    va_list args;

    va_start(args, format);
    char *text = format_text(format, args);
    va_end(args);
    if (file != NULL) {
        show_text(file, name, strlen(name));
        fclose(file);
    }
    name = shown != NULL ? shown : "?";
    fputs("- **", md->markdown);
    escape(md->markdown, name);
    fputs("**: ", md->markdown);
    escape(md->markdown, text);
    fputc('\n', md->markdown);
    fprintf(md->text, "- %s:", name);
    wrap(md->text, text, places(name) + 3, 2);
    free(shown);
    free(text);
}

void md_end_list(struct md *md)
{
    fputc('\n', md->markdown);
    fputc('\n', md->text);
}

void md_code(struct md *md, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = format_text(format, args);
    va_end(args);
    for (char *at = text; (at = strchr(at, '\n')) != NULL;)
        *at = ' ';
    fprintf(md->markdown, "    %s\n\n", text);
    fprintf(md->text, "    %s\n\n", text);
    free(text);
}

void md_plot(struct md *md, const char *name, const char *title)
{
    fputs("![", md->markdown);
    escape(md->markdown, title);
    fprintf(md->markdown, "](plots/%s.svg)\n\n", name);
    fprintf(md->text, "[plots/%s.svg: %s]\n\n", name, title);
}

void md_table(struct md *md, size_t columns)
{
    md->columns = columns;
    md->ncells = 0;
}

void md_cell(struct md *md, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = format_text(format, args);
    va_end(args);
    if (md->ncells == md->room) {
        size_t room = md->room * 2 + 64;
        char **more = realloc(md->cells, room * sizeof(*more));
        if (more == NULL) {
            free(text);
            return;
        }
        md->cells = more;
        md->room = room;
    }
    md->cells[md->ncells++] = text;
}

/* The widest cell of a column; 0: nothing stands below the header. */
static size_t width_of(const struct md *md, size_t column)
{
    size_t width = 0;
    bool empty = true;

    for (size_t i = column; i < md->ncells; i += md->columns) {
        size_t n = places(md->cells[i]);
        width = n > width ? n : width;
        empty = empty && (i < md->columns || n == 0);
    }
    return empty ? 0 : width;
}

static void put_markdown(const struct md *md, size_t first,
                         const size_t *widths)
{
    fputs("|", md->markdown);
    for (size_t k = 0; k < md->columns; k++) {
        if (widths[k] == 0)
            continue;
        fputc(' ', md->markdown);
        escape(md->markdown, md->cells[first + k]);
        fputs(" |", md->markdown);
    }
    fputc('\n', md->markdown);
}

/* The first column, and those from `from` up to before `to`. */
static void put_text(const struct md *md, const size_t *widths, size_t from,
                     size_t to)
{
    for (size_t i = 0; i + md->columns <= md->ncells; i += md->columns) {
        size_t column = 0, gap = 0;
        for (size_t k = 0; k < to; k = k < from ? from : k + 1) {
            const char *cell = md->cells[i + k];
            if (widths[k] == 0)
                continue;
            fprintf(md->text, "%*s", (int)gap, "");
            column += gap;
            if (k + 1 == to) {
                wrap(md->text, cell, column, column);
                break;
            }
            fputs(cell, md->text);
            gap = widths[k] - places(cell) + GAP;
            column += places(cell);
        }
    }
    fputc('\n', md->text);
}

/* As many columns at a time as a terminal has room for. */
static void put_parts(const struct md *md, const size_t *widths)
{
    for (size_t from = 1, to = 1; from < md->columns; from = to) {
        size_t width = widths[0];
        for (to = from; to < md->columns; to++) {
            size_t more = widths[to] > 0 ? GAP + widths[to] : 0;
            if (width + more > WIDTH && to > from &&
                !(to + 1 == md->columns && width + ROOM < WIDTH))
                break; /* the last one may be broken */
            width += more;
        }
        put_text(md, widths, from, to);
    }
}

void md_end_table(struct md *md)
{
    size_t *widths = calloc(md->columns + 1, sizeof(*widths));

    for (size_t k = 0; widths != NULL && k < md->columns; k++)
        widths[k] = width_of(md, k);
    for (size_t i = 0; widths != NULL && i + md->columns <= md->ncells;
         i += md->columns) {
        put_markdown(md, i, widths);
        for (size_t k = 0; i == 0 && k < md->columns; k++)
            if (widths[k] > 0)
                fputs(k == 0 ? "|---|" : "---|", md->markdown);
        if (i == 0)
            fputc('\n', md->markdown);
    }
    fputc('\n', md->markdown);
    if (widths != NULL && md->columns > 1)
        put_parts(md, widths);
    for (size_t i = 0; i < md->ncells; i++)
        free(md->cells[i]);
    free(md->cells);
    free(widths);
    md->cells = NULL;
    md->ncells = md->room = 0;
}
