#include "bench/page/html.h"

#include "bench/record/file.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <stdlib.h>
#include <string.h>

/*
 * Plots are drawn in fixed colours; svg.c has made variables of them, so
 * that they can be lighter on a dark ground.
 */
static const char head[] =
    "<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n"
    "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
    "<style>\n"
    ":root{color-scheme:light dark;--ink:#16191d;--quiet:#5b6470;"
    "--ground:#fff;--card:#f5f6f8;--line:#d9dde3;--faint:#aab0b8;--warn:#"
    "a33b00;"
    "--s1:#0072b2;--s2:#d55e00;--s3:#009e73;--s4:#cc79a7;--s5:#e69f00;"
    "--s6:#56b4e9;--s7:#6b6b6b;--s8:#7a5230}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--quiet:#a3abb6;"
    "--ground:#14171b;--card:#1d2126;--line:#363c44;--faint:#59616b;--warn:"
    "#ffa366;"
    "--s1:#4fb3f0;--s2:#ff8a3d;--s3:#2fd3a2;--s4:#ea9fc8;--s5:#ffc04d;"
    "--s6:#8fd3ff;--s7:#b0b0b0;--s8:#c99b73}}\n"
    "body{font:17px/1.5 system-ui,sans-serif;color:var(--ink);"
    "background:var(--ground);margin:0 auto;padding:1rem;max-width:62rem}\n"
    "h1{line-height:1.2}h2{margin:2.5rem 0 .5rem;line-height:1.25;"
    "border-top:2px solid var(--line);padding-top:1rem}\n"
    "blockquote{border-left:.4rem solid var(--warn);padding:.3rem .8rem;"
    "margin:1rem 0;background:var(--card)}blockquote p{margin:0}\n"
    "table{display:block;overflow-x:auto;border-collapse:collapse;"
    "margin:.3rem 0 1.2rem;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.25rem .8rem .25rem 0;text-align:left;border-bottom:1px "
    "solid var(--line);vertical-align:top}th{color:var(--quiet);"
    "font-weight:600}\n"
    "figure{margin:1rem 0}svg{display:block;width:100%;height:auto}"
    ".phone{display:none}\n"
    "@media(max-width:640px){.desk{display:none}.phone{display:block}"
    "body{font-size:16px}}\n"
    "pre{background:var(--card);padding:.8rem;overflow-x:auto}"
    "summary{cursor:pointer;padding:.3rem 0;color:var(--quiet)}"
    "summary h3{display:inline;font-size:1em;font-weight:normal}\n"
    "</style>\n";

/* The drawing itself, without what stands before its <svg>. */
static void put_svg(FILE *file, const char *dir, const char *url,
                    const char *ending, const char *class)
{
    char *path;

    if (asprintf(&path, "%s/%.*s%s", dir, (int)strcspn(url, "."), url,
                 ending) == -1)
        return;
    char *text = file_read(path);
    const char *svg = text != NULL ? strstr(text, "<svg") : NULL;
    if (svg != NULL)
        fprintf(file, "<div class=%s>%s</div>\n", class, svg);
    free(text);
    free(path);
}

/* Puts a node of HTML that is ours before another. */
static void put_before(cmark_node *node, const char *html)
{
    cmark_node *own = cmark_node_new(CMARK_NODE_CUSTOM_BLOCK);

    if (own == NULL)
        return;
    cmark_node_set_on_enter(own, html);
    if (node == NULL || cmark_node_insert_before(node, own) == 0)
        cmark_node_free(own);
}

/* A paragraph that is one picture becomes the drawing. */
static void draw(cmark_node *paragraph, const char *dir)
{
    cmark_node *image = cmark_node_first_child(paragraph);
    char *html = NULL;
    size_t size = 0;

    if (cmark_node_get_type(image) != CMARK_NODE_IMAGE)
        return;
    const char *url = cmark_node_get_url(image);
    FILE *file = open_memstream(&html, &size);
    if (file == NULL)
        return;
    put_svg(file, dir, url, ".svg", "desk");
    put_svg(file, dir, url, ".phone.svg", "phone");
    fclose(file);
    if (size > 0) {
        put_before(paragraph, "<figure>");
        put_before(paragraph, html);
        put_before(paragraph, "</figure>");
        cmark_node_free(paragraph);
    } else {
        put_before(paragraph, "<p>(not drawn:)</p>");
        cmark_node *title = cmark_node_first_child(image);
        while (title != NULL) {
            cmark_node *next = cmark_node_next(title);
            cmark_node_append_child(paragraph, title);
            title = next;
        }
        cmark_node_free(image);
    }
    free(html);
}

/* A heading of the third level becomes a summary, which folds what
 * follows up to the next heading. */
static void fold(cmark_node *heading)
{
    cmark_node *body = cmark_node_next(heading);
    cmark_node *end = body;

    if (body == NULL)
        return;
    put_before(heading, "<details><summary>");
    put_before(body, "</summary>");
    while (end != NULL && cmark_node_get_type(end) != CMARK_NODE_HEADING)
        end = cmark_node_next(end);
    if (end != NULL)
        put_before(end, "</details>");
}

static void adapt(cmark_node *document, const char *dir)
{
    cmark_node *node = cmark_node_first_child(document);

    while (node != NULL) {
        cmark_node *next = cmark_node_next(node);
        if (cmark_node_get_type(node) == CMARK_NODE_PARAGRAPH)
            draw(node, dir);
        else if (cmark_node_get_type(node) == CMARK_NODE_HEADING &&
                 cmark_node_get_heading_level(node) == 3)
            fold(node);
        node = next;
    }
}

int html_write(const char *markdown, size_t n, const char *title,
               const char *dir, FILE *file)
{
    cmark_gfm_core_extensions_ensure_registered();
    cmark_syntax_extension *table = cmark_find_syntax_extension("table");
    cmark_parser *parser = cmark_parser_new(CMARK_OPT_DEFAULT);

    if (table == NULL || parser == NULL)
        return -1;
    cmark_parser_attach_syntax_extension(parser, table);
    cmark_parser_feed(parser, markdown, n);
    cmark_node *document = cmark_parser_finish(parser);
    adapt(document, dir);
    char *body = cmark_render_html(
        document, CMARK_OPT_DEFAULT,
        cmark_parser_get_syntax_extensions(parser));
    fprintf(file, "%s<title>%s</title></head><body>\n%s</body></html>\n",
            head, title, body);
    free(body);
    cmark_node_free(document);
    cmark_parser_free(parser);
    return 0;
}
