/* bench/page/md and html: a report that strangers' words can't change. */
#include "bench/page/html.h"
#include "bench/page/md.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(md, .timeout = 20);

struct written {
    struct md md;
    FILE *files[2];
    char *markdown, *text, *html;
    size_t n[3];
};

static void begin(struct written *to)
{
    *to = (struct written){0};
    to->files[0] = open_memstream(&to->markdown, &to->n[0]);
    to->files[1] = open_memstream(&to->text, &to->n[1]);
    cr_assert(md_begin(&to->md, to->files[0], to->files[1]) == 0);
}

static void end(struct written *to)
{
    FILE *page = open_memstream(&to->html, &to->n[2]);

    md_end(&to->md);
    fclose(to->files[0]);
    fclose(to->files[1]);
    cr_assert(html_write(to->markdown, to->n[0], "A title", "/nowhere",
                         page) == 0);
    fclose(page);
}

static void done(struct written *to)
{
    free(to->markdown);
    free(to->text);
    free(to->html);
}

/* The words of a server, and what it is called, are of strangers. */
static const char *const evil[] = {
    "<script>alert(1)</script>",
    "**bold** _under_ `code` ~~gone~~",
    "[text](javascript:alert(1))",
    "![x](http://example.net/x.png)",
    "a | b || c",
    "| --- | --- |",
    "# no heading",
    "1. no list",
    "- no list",
    "> no quote",
    "line\n\nother paragraph\n# heading",
    "<!-- comment",
    "&lt;b&gt; &amp;",
    "\\[not a link\\](x)",
    "    code by blanks",
    "http://example.net",
    "$x$ {y} [^1]: z",
};

Test(md, lets_no_markup_of_strangers_through)
{
    for (size_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++) {
        struct written to;
        begin(&to);
        md_heading(&to.md, 2, "%s", evil[i]);
        md_say(&to.md, "%s", evil[i]);
        md_warn(&to.md, "%s", evil[i]);
        md_item(&to.md, evil[i], "%s", evil[i]);
        md_end_list(&to.md);
        md_table(&to.md, 2);
        for (int k = 0; k < 4; k++)
            md_cell(&to.md, "%s", evil[i]);
        md_end_table(&to.md);
        end(&to);
        const char *body = strstr(to.html, "<body>");
        cr_assert(strstr(body, "<script") == NULL, "%s", body);
        cr_assert(strstr(body, "<a ") == NULL, "%s", body);
        cr_assert(strstr(body, "<img") == NULL, "%s", body);
        cr_assert(strstr(body, "<em>") == NULL, "%s", body);
        cr_assert(strstr(body, "<code>") == NULL, "%s", body);
        cr_assert(strstr(body, "<h1>") == NULL, "%s", body);
        cr_assert(strstr(body, "<ol>") == NULL, "%s", body);
        int cells = 0;
        for (const char *at = body; (at = strstr(at, "<td")) != NULL; at++)
            cells++;
        cr_assert(cells == 2, "%d cells: %s", cells, body);
        done(&to);
    }
}

Test(md, obeys_no_control_characters)
{
    struct written to;

    begin(&to);
    md_warn(&to.md, "said `%s`", "\x1b[2J");
    md_item(&to.md, "evil\x1b[2J", "and so on");
    md_code(&to.md, "%s", "one\ntwo\x1b[2J");
    md_table(&to.md, 2);
    md_cell(&to.md, "model");
    md_cell(&to.md, "%s", "\x1b]0;title\a");
    md_end_table(&to.md);
    end(&to);
    cr_assert(strpbrk(to.text, "\x1b\a") == NULL, "%s", to.text);
    cr_assert(strpbrk(to.markdown, "\x1b\a") == NULL, "%s", to.markdown);
    cr_assert(strpbrk(to.html, "\x1b\a") == NULL, "%s", to.html);
    cr_assert(strstr(to.text, "said `\\x1b[2J`") != NULL, "%s", to.text);
    done(&to);
}

Test(md, aligns_a_table_and_drops_what_is_empty)
{
    struct written to;

    begin(&to);
    md_table(&to.md, 3);
    md_cell(&to.md, "model");
    md_cell(&to.md, "nothing");
    md_cell(&to.md, "ratio");
    for (int i = 0; i < 2; i++) {
        md_cell(&to.md, i ? "threading" : "é");
        md_cell(&to.md, "%s", "");
        md_cell(&to.md, "1.0%d", i);
    }
    md_end_table(&to.md);
    end(&to);
    cr_assert_str_eq(to.text, "model      ratio\n"
                              "é          1.00\n"
                              "threading  1.01\n\n");
    cr_assert_str_eq(to.markdown, "| model | ratio |\n"
                                  "|---|---|\n"
                                  "| é | 1.00 |\n"
                                  "| threading | 1.01 |\n\n");
    done(&to);
}

/* What does not fit is told below, with the first column again. */
Test(md, parts_a_table_that_is_wider_than_a_terminal)
{
    struct written to;

    begin(&to);
    md_table(&to.md, 6);
    for (int i = 0; i < 12; i++)
        md_cell(&to.md, i % 6 == 0 ? "epoll" : "a figure of this length %d",
                i);
    md_end_table(&to.md);
    end(&to);
    int parts = 0;
    char *at = to.text;
    cr_assert_not_null(at);
    for (char *line; (line = strsep(&at, "\n")) != NULL;) {
        cr_assert(strlen(line) <= 79, "%s", line);
        parts += strncmp(line, "epoll  a", 8) == 0;
    }
    cr_assert(parts >= 4, "%d lines", parts);
    done(&to);
}

Test(md, folds_the_third_level_and_leaves_it_out_of_the_text)
{
    struct written to;

    begin(&to);
    md_heading(&to.md, 3, "Details");
    md_say(&to.md, "folded");
    md_heading(&to.md, 2, "Next");
    md_say(&to.md, "plain");
    end(&to);
    const char *fold = strstr(to.html, "<details><summary>");
    const char *folded = strstr(to.html, "folded");
    const char *unfold = strstr(to.html, "</details>");
    const char *plain = strstr(to.html, "plain");
    cr_assert(fold && fold < folded && folded < unfold && unfold < plain,
              "%s", to.html);
    cr_assert(strstr(to.text, "folded") == NULL);
    cr_assert(strstr(to.text, "plain") != NULL);
    done(&to);
}

Test(md, says_so_where_a_plot_is_missing)
{
    struct written to;

    begin(&to);
    md_plot(&to.md, "one", "A plot");
    end(&to);
    cr_assert(strstr(to.html, "not drawn") != NULL, "%s", to.html);
    cr_assert(strstr(to.html, "A plot") != NULL, "%s", to.html);
    cr_assert(strstr(to.html, "<title>A title</title>") != NULL);
    done(&to);
}

Test(md, wraps_what_a_terminal_can_not_show_in_a_line)
{
    struct written to;

    begin(&to);
    md_item(&to.md, "epoll",
            "a sentence that goes on for so long that a line of a terminal "
            "has no room for it, and which is therefore broken");
    end(&to);
    char *at = to.text;
    cr_assert_not_null(at);
    for (char *line; (line = strsep(&at, "\n")) != NULL;)
        cr_assert(strlen(line) <= 79, "%s", line);
    cr_assert(strncmp(to.text, "- epoll: a sentence", 19) == 0);
    done(&to);
}
