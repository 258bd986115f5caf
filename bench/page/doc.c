#include "bench/page/doc.h"

#include "bench/record/file.h"
#include "common/show.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The next block, empty. Memory that runs out is noted; never NULL. */
static struct block *next(struct doc *doc)
{
    static struct block nowhere;
    struct block *more = realloc(doc->blocks,
                                 (doc->n + 1) * sizeof(*doc->blocks));

    if (more == NULL) {
        doc->failed = true;
        return &nowhere;
    }
    doc->blocks = more;
    more[doc->n] = (struct block){0};
    return &more[doc->n++];
}

__attribute__((format(printf, 2, 0))) static char *
format_text(struct doc *doc, const char *format, va_list args)
{
    char *text = show_format(format, args);

    if (text == NULL)
        doc->failed = true;
    return text;
}

void doc_add(struct doc *doc, enum block_kind kind, const char *format, ...)
{
    struct block *block = next(doc);
    va_list args;

    va_start(args, format);
    block->kind = kind;
    block->text = format_text(doc, format, args);
    va_end(args);
}

void doc_plot(struct doc *doc, const char *name, const char *text)
{
    doc_add(doc, BLOCK_PLOT, "%s", text);
    if (!doc->failed)
        doc->blocks[doc->n - 1].name = strdup(name);
}

void doc_table(struct doc *doc, size_t columns, size_t keys, bool folded,
               const char *caption)
{
    doc_add(doc, BLOCK_TABLE, "%s", caption);
    if (doc->failed)
        return;
    doc->blocks[doc->n - 1].columns = columns;
    doc->blocks[doc->n - 1].keys = keys;
    doc->blocks[doc->n - 1].folded = folded;
}

void doc_cell(struct doc *doc, const char *format, ...)
{
    va_list args;

    if (doc->failed)
        return;
    struct block *table = &doc->blocks[doc->n - 1];
    char **more = realloc(table->cells,
                          (table->ncells + 1) * sizeof(*table->cells));
    if (more == NULL) {
        doc->failed = true;
        return;
    }
    table->cells = more;
    va_start(args, format);
    char *text = format_text(doc, format, args);
    va_end(args);
    if (text != NULL)
        table->cells[table->ncells++] = text;
}

static bool is_empty(const struct block *table, size_t column)
{
    for (size_t i = table->columns + column; i < table->ncells;
         i += table->columns)
        if (table->cells[i][0] != '\0')
            return false;
    return true;
}

static void drop_column(struct block *table, size_t column)
{
    size_t kept = 0;

    for (size_t i = 0; i < table->ncells; i++)
        if (i % table->columns == column)
            free(table->cells[i]);
        else
            table->cells[kept++] = table->cells[i];
    table->ncells = kept;
    table->columns--;
    table->keys -= column < table->keys;
}

void doc_drop_empty_columns(struct doc *doc)
{
    for (size_t i = 0; i < doc->n; i++)
        for (size_t k = doc->blocks[i].columns; k-- > 1;)
            if (is_empty(&doc->blocks[i], k))
                drop_column(&doc->blocks[i], k);
}

void doc_free(struct doc *doc)
{
    for (size_t i = 0; i < doc->n; i++) {
        struct block *block = &doc->blocks[i];
        for (size_t k = 0; k < block->ncells; k++)
            free(block->cells[k]);
        free(block->cells);
        free(block->text);
        free(block->name);
    }
    free(doc->blocks);
    *doc = (struct doc){0};
}

char *doc_read_plot(const char *dir, const char *name, const char *ending)
{
    char *path;

    if (asprintf(&path, "%s/plots/%s.%s", dir, name, ending) == -1)
        return NULL;
    char *text = file_read(path);
    free(path);
    return text;
}
