#include "bench/page/svg.h"

#include "bench/record/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The colours that bench/plots/style.gp names. */
static const struct {
    int red, green, blue;
    const char *to;
} colours[] = {
    {0, 0, 0, "currentColor"},
    {200, 204, 210, "var(--line,#c8ccd2)"},
    {170, 176, 184, "var(--faint,#aab0b8)"},
    {0, 114, 178, "var(--s1,#0072b2)"},
    {213, 94, 0, "var(--s2,#d55e00)"},
    {0, 158, 115, "var(--s3,#009e73)"},
    {204, 121, 167, "var(--s4,#cc79a7)"},
    {230, 159, 0, "var(--s5,#e69f00)"},
    {86, 180, 233, "var(--s6,#56b4e9)"},
    {107, 107, 107, "var(--s7,#6b6b6b)"},
    {122, 80, 48, "var(--s8,#7a5230)"},
};
enum { COLOURS = sizeof(colours) / sizeof(colours[0]) };

static const struct {
    const char *from, *to;
} changes[] = {
    {"color='white'", "color='var(--ground,#fff)'"}, /* around a marker */
    {"stroke='black'", "stroke='currentColor'"},
    {"stroke=\"black\"", "stroke=\"currentColor\""},
    {"fill=\"black\"", "fill=\"currentColor\""},
    {" color=\"black\"", ""},
    {"')\" onmouseout=\"gnuplot_svg.hideHypertext()\"><title> </title>",
     "</title>"},
    {"<g onmousemove=\"gnuplot_svg.showHypertext(evt,'", "<g><title>"},
};
enum { CHANGES = sizeof(changes) / sizeof(changes[0]) };

/* These are followed by an id; its name goes in front of that. */
static const char *const ids[] = {"id='", "id=\"", "href='#", "url(#"};
enum { IDS = sizeof(ids) / sizeof(ids[0]) };

/* "rgb(  0, 114, 178)". Returns how much of the text that was; 0: none. */
static size_t change_colour(FILE *file, const char *at)
{
    int red, green, blue;
    int n = 0;

    if (*at != 'r' ||
        sscanf(at, "rgb(%d,%d,%d)%n", &red, &green, &blue, &n) != 3 ||
        n == 0)
        return 0;
    for (size_t i = 0; i < COLOURS; i++)
        if (colours[i].red == red && colours[i].green == green &&
            colours[i].blue == blue) {
            fputs(colours[i].to, file);
            return (size_t)n;
        }
    return 0;
}

/* Writes what stands for the text at `at`. Returns how much of it
 * that is. */
static size_t change(FILE *file, const char *at, const char *name)
{
    static const char named[] = "<title>gnuplot_plot_";
    size_t colour = change_colour(file, at);

    if (colour > 0)
        return colour;
    for (size_t i = 0; i < CHANGES; i++) {
        size_t n = strlen(changes[i].from);
        if (strncmp(at, changes[i].from, n) == 0) {
            fputs(changes[i].to, file);
            return n;
        }
    }
    for (size_t i = 0; i < IDS; i++) {
        size_t n = strlen(ids[i]);
        if (strncmp(at, ids[i], n) == 0) {
            fprintf(file, "%s%s-", ids[i], name);
            return n;
        }
    }
    /* A title that tells nobody a thing. */
    if (strncmp(at, named, sizeof(named) - 1) == 0)
        return strcspn(at + 1, "<") + 1 + strlen("</title>");
    fputc(*at, file);
    return 1;
}

int svg_adapt(const char *path, const char *name)
{
    char *text = file_read(path);
    char *adapted = NULL;
    size_t size = 0;
    FILE *file = text == NULL ? NULL : open_memstream(&adapted, &size);
    int result = -1;

    if (file != NULL) {
        for (const char *at = text; *at != '\0';)
            at += change(file, at, name);
        if (fclose(file) == 0)
            result = file_replace(path, adapted, size);
    }
    int reason = errno;
    free(text);
    free(adapted);
    errno = reason;
    return result;
}
