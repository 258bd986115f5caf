#include "bench/page/doc.h"

#include <stdlib.h>

/* Within a table a line is a row and a bar ends a cell. */
static void write_cell(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            fputc('\\', file);
        fputc(*text == '\n' ? ' ' : *text, file);
    }
}

static void write_table(FILE *file, const struct block *table)
{
    if (table->text[0] != '\0')
        fprintf(file, "**%s**\n\n", table->text);
    for (size_t i = 0; i < table->ncells; i++) {
        fputs(i % table->columns == 0 ? "| " : " ", file);
        write_cell(file, table->cells[i]);
        fputs(" |", file);
        if (i % table->columns < table->columns - 1)
            continue;
        fputc('\n', file);
        for (size_t k = 0; i < table->columns && k < table->columns; k++)
            fputs(k == 0 ? "|---|" : "---|", file);
        if (i < table->columns)
            fputc('\n', file);
    }
    fputc('\n', file);
}

static void write_plot(FILE *file, const struct block *plot,
                       const char *dir)
{
    char *there = doc_read_plot(dir, plot->name, "svg");

    if (there != NULL)
        fprintf(file, "![%s](plots/%s.png)\n\n", plot->text, plot->name);
    else
        fprintf(file, "(%s: not drawn; its data is in plots/%s.csv)\n\n",
                plot->text, plot->name);
    free(there);
}

void doc_write_markdown(const struct doc *doc, const char *dir, FILE *file)
{
    for (size_t i = 0; i < doc->n; i++) {
        const struct block *block = &doc->blocks[i];
        switch (block->kind) {
        case BLOCK_TITLE:
            fprintf(file, "# %s\n\n", block->text);
            break;
        case BLOCK_HEADING:
            fprintf(file, "## %s\n\n", block->text);
            break;
        case BLOCK_TEXT:
            fprintf(file, "%s\n\n", block->text);
            break;
        case BLOCK_WARNING:
            fprintf(file, "> **%s**\n\n", block->text);
            break;
        case BLOCK_CODE:
            fprintf(file, "```\n%s\n```\n\n", block->text);
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
