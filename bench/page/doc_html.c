#include "bench/page/doc.h"

#include <stdlib.h>
#include <string.h>

/*
 * Plots are drawn in fixed colours; svg.c has made variables of them, so
 * that they can be lighter on a dark ground.
 */
static const char style[] =
    ":root{color-scheme:light dark;--ink:#16191d;--quiet:#5b6470;"
    "--ground:#fff;--card:#f5f6f8;--line:#d9dde3;--warn:#a33b00;"
    "--s1:#0072b2;--s2:#d55e00;--s3:#009e73;--s4:#cc79a7;--s5:#e69f00;"
    "--s6:#56b4e9;--s7:#6b6b6b;--s8:#7a5230}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--quiet:#a3abb6;"
    "--ground:#14171b;--card:#1d2126;--line:#363c44;--warn:#ffa366;"
    "--s1:#4fb3f0;--s2:#ff8a3d;--s3:#2fd3a2;--s4:#ea9fc8;--s5:#ffc04d;"
    "--s6:#8fd3ff;--s7:#b0b0b0;--s8:#c99b73}}\n"
    "body{font:17px/1.5 system-ui,sans-serif;color:var(--ink);"
    "background:var(--ground);margin:0 auto;padding:1rem;max-width:62rem}\n"
    "h1{line-height:1.2}h2{margin:3rem 0 .5rem;line-height:1.25}"
    "h2::before{content:'';display:block;border-top:2px solid var(--line);"
    "margin-bottom:1rem}\n"
    ".warning{border-left:.4rem solid var(--warn);padding:.3rem .8rem;"
    "background:var(--card);font-weight:600}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse;margin:.3rem 0 "
    "1.2rem;font-variant-numeric:tabular-nums}caption{text-align:left;"
    "font-weight:600;padding:.4rem 0}\n"
    "th,td{padding:.25rem .8rem .25rem 0;text-align:left;border-bottom:1px "
    "solid var(--line);vertical-align:top}th{color:var(--quiet);"
    "font-weight:600}\n"
    "figure{margin:1rem 0}svg{display:block;width:100%;height:auto}"
    ".phone{display:none}figcaption{color:var(--quiet)}\n"
    "@media(max-width:640px){.desk{display:none}.phone{display:block}"
    "body{font-size:16px}}\n"
    "pre{background:var(--card);padding:.8rem;overflow-x:auto}"
    "summary{cursor:pointer;padding:.3rem 0;color:var(--quiet)}\n";

static void escape(FILE *file, const char *text)
{
    for (; *text != '\0'; text++)
        switch (*text) {
        case '&':
            fputs("&amp;", file);
            break;
        case '<':
            fputs("&lt;", file);
            break;
        case '>':
            fputs("&gt;", file);
            break;
        case '"':
            fputs("&quot;", file);
            break;
        default:
            fputc(*text, file);
        }
}

static void element(FILE *file, const char *open, const char *text,
                    const char *close)
{
    fputs(open, file);
    escape(file, text);
    fprintf(file, "%s\n", close);
}

/* A sign at the start of a cell gives it a colour as well. */
static const char *class_of(const char *text)
{
    return strncmp(text, "✓", strlen("✓")) == 0   ? " class=good"
           : strncmp(text, "✗", strlen("✗")) == 0 ? " class=bad"
                                                  : "";
}

static void write_table(FILE *file, const struct block *table)
{
    const size_t columns = table->columns;

    if (columns == 0)
        return;
    if (table->folded)
        element(file, "<details><summary>", table->text, "</summary>");
    fputs("<div class=wide><table>", file);
    if (!table->folded && table->text[0] != '\0')
        element(file, "<caption>", table->text, "</caption>");
    for (size_t i = 0; i < table->ncells; i++) {
        const char *tag = i < columns ? "th" : "td";
        fprintf(file, "%s<%s%s>", i % columns == 0 ? "<tr>" : "", tag,
                class_of(table->cells[i]));
        escape(file, table->cells[i]);
        fprintf(file, "</%s>%s", tag,
                i % columns == columns - 1 ? "</tr>\n" : "");
    }
    fprintf(file, "</table></div>%s\n", table->folded ? "</details>" : "");
}

/* The drawing itself, without what stands before its <svg>. */
static void write_svg(FILE *file, const char *dir, const char *name,
                      const char *ending, const char *class)
{
    char *text = doc_read_plot(dir, name, ending);
    const char *svg = text != NULL ? strstr(text, "<svg") : NULL;

    if (svg != NULL)
        fprintf(file, "<div class=%s>%s</div>\n", class, svg);
    free(text);
}

static void write_plot(FILE *file, const struct block *plot,
                       const char *dir)
{
    char *there = doc_read_plot(dir, plot->name, "svg");

    if (there == NULL) {
        element(file, "<p class=warning>", plot->text, ": not drawn</p>");
        return;
    }
    free(there);
    fputs("<figure>", file);
    write_svg(file, dir, plot->name, "svg", "desk");
    write_svg(file, dir, plot->name, "phone.svg", "phone");
    fputs("</figure>\n", file);
}

static const char *find_title(const struct doc *doc)
{
    for (size_t i = 0; i < doc->n; i++)
        if (doc->blocks[i].kind == BLOCK_TITLE)
            return doc->blocks[i].text;
    return "";
}

void doc_write_html(const struct doc *doc, const char *dir, FILE *file)
{
    fputs("<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
          "\n<meta name=viewport content=\"width=device-width,"
          "initial-scale=1\">\n",
          file);
    element(file, "<title>", find_title(doc), "</title>");
    fprintf(file, "<style>\n%s</style></head><body>\n", style);
    for (size_t i = 0; i < doc->n; i++) {
        const struct block *block = &doc->blocks[i];
        switch (block->kind) {
        case BLOCK_TITLE:
            element(file, "<h1>", block->text, "</h1>");
            break;
        case BLOCK_HEADING:
            element(file, "<h2>", block->text, "</h2>");
            break;
        case BLOCK_TEXT:
            element(file, "<p>", block->text, "</p>");
            break;
        case BLOCK_WARNING:
            element(file, "<p class=warning>", block->text, "</p>");
            break;
        case BLOCK_CODE:
            element(file, "<pre>", block->text, "</pre>");
            break;
        case BLOCK_PLOT:
            write_plot(file, block, dir);
            break;
        case BLOCK_TABLE:
            write_table(file, block);
            break;
        }
    }
    fputs("</body></html>\n", file);
}
