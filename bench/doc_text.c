#include "bench/doc.h"

#include <stdlib.h>
#include <string.h>

enum { WIDTH = 79, GAP = 2, CELL_MAX = 46, COLUMNS_MAX = 32 };

/* How many places a text takes: a UTF-8 letter is one. */
static size_t places(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* A paragraph, its lines broken at WIDTH; column: where it begins. */
static void write_wrapped(FILE *file, const char *text, size_t column)
{
    while (*text != '\0') {
        size_t n = strcspn(text, " \n");
        char word[WIDTH * 4];
        snprintf(word, sizeof(word), "%.*s", (int)n, text);
        size_t width = places(word);
        if (column > 0 && column + 1 + width > WIDTH) {
            fputc('\n', file);
            column = 0;
        }
        fprintf(file, "%s%s", column > 0 ? " " : "", word);
        column += width + (column > 0);
        text += n;
        text += strspn(text, " \n");
    }
    fputs("\n\n", file);
}

static void underline(FILE *file, const char *text, char with)
{
    fprintf(file, "%s\n", text);
    for (size_t i = places(text); i > 0; i--)
        fputc(with, file);
    fputs("\n\n", file);
}

static void measure_columns(const struct block *table, size_t *widths)
{
    memset(widths, 0, COLUMNS_MAX * sizeof(*widths));
    for (size_t i = 0; i < table->ncells; i++) {
        size_t column = i % table->columns;
        size_t n = places(table->cells[i]);
        if (n > CELL_MAX)
            n = CELL_MAX;
        if (n > widths[column])
            widths[column] = n;
    }
}

/* The last cell of a line may be long, and goes on as far as it needs. */
static void write_cell(FILE *file, const char *text, size_t width,
                       bool last)
{
    size_t n = places(text);
    size_t end = (n > width ? n : width) + GAP;

    fputs(text, file);
    for (; !last && n < end; n++)
        fputc(' ', file);
}

static void write_line(FILE *file, const struct block *table, size_t row,
                       const size_t *widths, size_t from, size_t to)
{
    char *const *cells = &table->cells[row * table->columns];

    for (size_t i = 0; from > 0 && i < table->keys; i++)
        write_cell(file, cells[i], widths[i], false);
    for (size_t i = from; i < to; i++)
        write_cell(file, cells[i], widths[i], i + 1 == to);
    fputc('\n', file);
}

/* Does a line of a later part say anything but what it is about? */
static bool says_something(const struct block *table, size_t row,
                           size_t from, size_t to)
{
    bool says = from == 0;

    for (size_t i = from; i < to; i++)
        says |= table->cells[row * table->columns + i][0] != '\0';
    return says;
}

/* As many columns side by side as fit, then the rest below. */
static void write_table(FILE *file, const struct block *table)
{
    size_t widths[COLUMNS_MAX];

    if (table->columns == 0 || table->columns > COLUMNS_MAX)
        return;
    size_t rows = table->ncells / table->columns;
    measure_columns(table, widths);
    if (table->text[0] != '\0')
        write_wrapped(file, table->text, 0);
    for (size_t from = 0; from < table->columns;) {
        size_t width = 0;
        for (size_t i = 0; from > 0 && i < table->keys; i++)
            width += widths[i] + GAP;
        size_t to = from;
        while (to < table->columns &&
               (to == from || width + widths[to] <= WIDTH)) {
            width += widths[to] + GAP;
            to++;
        }
        for (size_t row = 0; row < rows; row++)
            if (says_something(table, row, from, to))
                write_line(file, table, row, widths, from, to);
        fputc('\n', file);
        from = to;
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
            write_wrapped(file, block->text, 2);
            break;
        case BLOCK_TEXT:
            write_wrapped(file, block->text, 0);
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
