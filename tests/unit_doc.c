/* bench/page/doc: tables that are wider than a page of text. */
#include "bench/page/doc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(doc, .timeout = 20);

/* The document as plain text, to be freed. */
static char *as_text(const struct doc *doc)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    cr_assert(file != NULL);
    doc_write_text(doc, ".", file);
    fclose(file);
    return text;
}

Test(doc, repeats_the_keys_of_a_wide_table)
{
    static const char wide[] = "a figure that takes half of a page";
    struct doc doc = {0};

    doc_table(&doc, 4, 2, false, "");
    for (int i = 0; i < 4; i++)
        doc_cell(&doc, "head %d", i);
    doc_cell(&doc, "epoll");
    doc_cell(&doc, "50");
    doc_cell(&doc, "%s, one", wide);
    doc_cell(&doc, "%s, two", wide);
    char *text = as_text(&doc);
    char *second = strstr(text, "epoll");
    cr_assert(second != NULL);
    second = strstr(second + 1, "epoll");
    cr_assert(second != NULL && strncmp(second, "epoll   50 ", 11) == 0,
              "%s", text);
    cr_assert(strstr(second, "two") != NULL, "%s", text);
    free(text);
    doc_free(&doc);
}

/* What does not fit goes last, and is broken there. */
Test(doc, breaks_the_widest_column)
{
    struct doc doc = {0};

    doc_table(&doc, 3, 1, false, "");
    doc_cell(&doc, "model");
    doc_cell(&doc, "verdict");
    doc_cell(&doc, "a head of fifty letters, which takes a lot of room");
    doc_cell(&doc, "epoll");
    doc_cell(&doc,
             "unranked: there is a reason for it that is rather long");
    doc_cell(&doc, "0.5");
    char *text = as_text(&doc);
    cr_assert_str_eq(
        text,
        "model  a head of fifty letters, which takes a lot of room  "
        "verdict\n"
        "epoll  0.5                                             "
        "unranked: there is a\n"
        "                                                       "
        "reason for it that is\n"
        "                                                       "
        "rather long\n\n",
        "%s", text);
    free(text);
    doc_free(&doc);
}

Test(doc, drops_columns_without_a_word)
{
    struct doc doc = {0};

    doc_table(&doc, 3, 1, false, "");
    doc_cell(&doc, "model");
    doc_cell(&doc, "remark");
    doc_cell(&doc, "slices");
    doc_cell(&doc, "epoll");
    doc_cell(&doc, "%s", "");
    doc_cell(&doc, "1");
    doc_drop_empty_columns(&doc);
    char *text = as_text(&doc);
    cr_assert_str_eq(text, "model  slices\nepoll  1\n\n");
    free(text);
    doc_free(&doc);
}

Test(doc, titles_its_page_and_colours_signs)
{
    struct doc doc = {0};
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    cr_assert(file != NULL);
    doc_add(&doc, BLOCK_TITLE, "Faults & others");
    doc_table(&doc, 3, 1, false, "");
    doc_cell(&doc, "server");
    doc_cell(&doc, "one");
    doc_cell(&doc, "other");
    doc_cell(&doc, "epoll");
    doc_cell(&doc, "✓ passed");
    doc_cell(&doc, "✗ FAILED");
    doc_write_html(&doc, ".", file);
    fclose(file);
    cr_assert(strstr(text, "<title>Faults &amp; others</title>") != NULL);
    cr_assert(strstr(text, "<td>epoll</td>") != NULL);
    cr_assert(strstr(text, "<td class=good>✓ passed</td>") != NULL);
    cr_assert(strstr(text, "<td class=bad>✗ FAILED</td>") != NULL);
    free(text);
    doc_free(&doc);
}

/* A run's directory and a server's last words come from strangers. */
Test(doc, obeys_no_control_characters)
{
    struct doc doc = {0};

    doc_add(&doc, BLOCK_WARNING, "said `%s`", "\x1b[2J");
    doc_table(&doc, 1, 1, false, "");
    doc_cell(&doc, "%s", "\x1b]0;title\a");
    char *text = as_text(&doc);
    cr_assert(strpbrk(text, "\x1b\a") == NULL, "%s", text);
    cr_assert(strstr(text, "\\x1b[2J") != NULL, "%s", text);
    free(text);
    doc_free(&doc);
}
