#include "bench/page/doc.h"

#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = 79,
    GAP = 2,
    CELL_MAX = 46,
    LAST_MAX = 24,
    COLUMNS_MAX = 32
};

/* How many places a text takes: a UTF-8 letter is one. */
static size_t places(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* Lines broken at WIDTH. column: where the text begins; indent: where its
 * further lines do. */
static void write_wrapped(FILE *file, const char *text, size_t column,
                          size_t indent)
{
    bool begun = column > indent;

    while (*text != '\0') {
        size_t n = strcspn(text, " \n");
        char word[WIDTH * 4];
        snprintf(word, sizeof(word), "%.*s", (int)n, text);
        size_t width = places(word);
        if (begun && column + 1 + width > WIDTH) {
            fprintf(file, "\n%*s", (int)indent, "");
            column = indent;
            begun = false;
        }
        fprintf(file, "%s%s", begun ? " " : "", word);
        column += width + begun;
        begun = true;
        text += n;
        text += strspn(text, " \n");
    }
}

static void write_paragraph(FILE *file, const char *text, size_t column)
{
    write_wrapped(file, text, column, 0);
    fputs("\n\n", file);
}

static void underline(FILE *file, const char *text, char with)
{
    fprintf(file, "%s\n", text);
    for (size_t i = places(text); i > 0; i--)
        fputc(with, file);
    fputs("\n\n", file);
}

struct layout {
    size_t widths[COLUMNS_MAX];
    size_t order[COLUMNS_MAX]; /* from left to right; the keys are first */
};

static size_t width_of(const struct block *table, size_t column)
{
    size_t widest = 0;

    for (size_t i = column; i < table->ncells; i += table->columns) {
        size_t n = places(table->cells[i]);
        widest = n > widest ? n : widest;
    }
    return widest < CELL_MAX ? widest : CELL_MAX;
}

/* Should the columns fit side by side only when the widest goes last, where
 * its cells can be broken, then it does. */
static void lay_out(const struct block *table, struct layout *layout)
{
    size_t last = table->columns - 1;
    size_t widest = table->keys < last ? table->keys : last;
    size_t sum = 0;

    for (size_t i = 0; i <= last; i++) {
        layout->order[i] = i;
        layout->widths[i] = width_of(table, i);
        sum += layout->widths[i] + (i > 0 ? GAP : 0);
        if (i > widest && layout->widths[i] > layout->widths[widest])
            widest = i;
    }
    size_t width = layout->widths[widest];
    if (sum <= WIDTH || width < LAST_MAX || sum - width + LAST_MAX > WIDTH)
        return;
    memmove(&layout->order[widest], &layout->order[widest + 1],
            (last - widest) * sizeof(layout->order[0]));
    layout->order[last] = widest;
    layout->widths[widest] = LAST_MAX;
}

/* The cells at the places from ... to - 1, behind the keys. */
static void write_line(FILE *file, const struct block *table, size_t row,
                       const struct layout *layout, size_t from, size_t to)
{
    char *const *cells = &table->cells[row * table->columns];
    size_t column = 0; /* where the next cell begins */
    size_t at = 0;     /* how far the line has got */

    for (size_t i = 0; i < to; i++) {
        size_t which = layout->order[i];
        if (i >= table->keys && i < from)
            continue;
        if (cells[which][0] != '\0') {
            fprintf(file, "%*s", (int)(column - at), "");
            write_wrapped(file, cells[which], column, column);
            at = column + places(cells[which]);
        }
        column += layout->widths[which] + GAP;
        column = column > at + GAP ? column : at + GAP;
    }
    fputc('\n', file);
}

/* Does a line of a later part say anything but what it is about? */
static bool says_something(const struct block *table, size_t row,
                           const struct layout *layout, size_t from,
                           size_t to)
{
    bool says = from == 0;

    for (size_t i = from; i < to; i++)
        says |= table->cells[row * table->columns + layout->order[i]][0] !=
                '\0';
    return says;
}

/* How many columns from there on fit behind the keys, one at least. */
static size_t last_that_fits(const struct block *table,
                             const struct layout *layout, size_t from)
{
    size_t width = 0;
    size_t to = from;

    for (size_t i = 0; from > 0 && i < table->keys; i++)
        width += layout->widths[layout->order[i]] + GAP;
    while (
        to < table->columns &&
        (to == from || width + layout->widths[layout->order[to]] <= WIDTH))
        width += layout->widths[layout->order[to++]] + GAP;
    return to;
}

/* As many columns side by side as fit, then the rest below. */
static void write_table(FILE *file, const struct block *table)
{
    struct layout layout;

    if (table->columns == 0 || table->columns > COLUMNS_MAX)
        return;
    lay_out(table, &layout);
    if (table->text[0] != '\0')
        write_paragraph(file, table->text, 0);
    for (size_t from = 0, to; from < table->columns; from = to) {
        to = last_that_fits(table, &layout, from);
        for (size_t row = 0; row < table->ncells / table->columns; row++)
            if (says_something(table, row, &layout, from, to))
                write_line(file, table, row, &layout, from, to);
        fputc('\n', file);
    }
}

/* Without the empty lines and blanks that gnuplot fills its page with. */
static void write_drawn(FILE *file, const char *drawn)
{
    bool begun = false;

    for (const char *end; *drawn != '\0'; drawn = end + (*end == '\n')) {
        end = strchrnul(drawn, '\n');
        const char *last = end;
        while (last > drawn && strchr(" \f", last[-1]) != NULL)
            last--;
        if (begun || last > drawn)
            fprintf(file, "%.*s\n", (int)(last - drawn), drawn);
        begun |= last > drawn;
    }
}

static void write_plot(FILE *file, const struct block *plot,
                       const char *dir)
{
    char *drawn = doc_read_plot(dir, plot->name, "txt");

    if (drawn != NULL)
        write_drawn(file, drawn);
    else
        fprintf(file, "(%s: not drawn; its data is in plots/%s.csv)\n\n",
                plot->text, plot->name);
    free(drawn);
}

void doc_write_text(const struct doc *doc, const char *dir, FILE *file)
{
    for (size_t i = 0; i < doc->n; i++) {
        const struct block *block = &doc->blocks[i];
        switch (block->kind) {
        case BLOCK_TITLE:
            underline(file, block->text, '=');
            break;
        case BLOCK_HEADING:
            fputc('\n', file);
            underline(file, block->text, '-');
            break;
        case BLOCK_WARNING:
            fputs("!!", file);
            write_paragraph(file, block->text, 2);
            break;
        case BLOCK_TEXT:
            write_paragraph(file, block->text, 0);
            break;
        case BLOCK_CODE:
            fprintf(file, "    %s\n\n", block->text);
            break;
        case BLOCK_PLOT:
            write_plot(file, block, dir);
            break;
        case BLOCK_TABLE:
            write_table(file, block);
            break;
        }
    }
}
