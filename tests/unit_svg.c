/*
 * bench/page/svg and plot: what is drawn, and what a page can do with it.
 */
#include "bench/page/plot.h"
#include "bench/page/svg.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(svg, .timeout = 60);

static char *adapt(const char *text)
{
    static char result[1024];
    char path[] = "/tmp/unit-svg-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");

    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    cr_assert(svg_adapt(path, "name") == 0);
    file = fopen(path, "r");
    cr_assert_not_null(file);
    size_t n = fread(result, 1, sizeof(result) - 1, file);
    result[n] = '\0';
    fclose(file);
    unlink(path);
    return result;
}

Test(svg, colours_become_variables)
{
    cr_assert_str_eq(adapt("<a stroke='rgb(  0, 114, 178)'/>"),
                     "<a stroke='var(--s1,#0072b2)'/>");
    cr_assert_str_eq(adapt("<a fill=\"rgb(0,0,0)\"/>"),
                     "<a fill=\"currentColor\"/>");
    cr_assert_str_eq(adapt("<a fill=\"rgb(1,2,3)\"/>"),
                     "<a fill=\"rgb(1,2,3)\"/>");
}

Test(svg, hypertext_becomes_a_title)
{
    cr_assert_str_eq(
        adapt("<g onmousemove=\"gnuplot_svg.showHypertext(evt,'251k')\" "
              "onmouseout=\"gnuplot_svg.hideHypertext()\"><title> </title>"
              "<b/></g>"),
        "<g><title>251k</title><b/></g>");
}

Test(svg, ids_do_not_meet)
{
    cr_assert_str_eq(adapt("<a id='gpDot'/><b xlink:href='#gpDot'/>"),
                     "<a id='name-gpDot'/><b xlink:href='#name-gpDot'/>");
    cr_assert_str_eq(adapt("<g id=\"x\" ><title>gnuplot_plot_1</title>"),
                     "<g id=\"name-x\" >");
}

Test(svg, that_is_not_there_is_an_error)
{
    cr_assert(svg_adapt("/no/such/file", "name") == -1);
}

static size_t size_of(const char *dir, const char *name)
{
    struct stat about;
    char path[256];

    snprintf(path, sizeof(path), "%s/plots/%s", dir, name);
    size_t size = stat(path, &about) == 0 ? (size_t)about.st_size : 0;
    unlink(path);
    return size;
}

/* Draws all kinds, with a name and figures that are hard to draw. */
Test(svg, every_kind_of_plot_is_drawn)
{
    static const char *const files[] = {"p.svg", "p.phone.svg", "p.csv",
                                        "p.gp"};
    static struct series series[2] = {
        {.name = "it's \"mine\", 100%",
         .n = 2,
         .marks = {{.x = 1,
                    .y = NAN,
                    .low = NAN,
                    .high = NAN,
                    .served = 0.3,
                    .expected = NAN,
                    .name = "one",
                    .text = "3 of 10",
                    .tip = "a, \"b\""},
                   {.x = 2, .y = 5, .low = 4, .high = 6, .tip = "c"}}},
        {.name = "other",
         .n = 1,
         .marks = {{.x = 2, .y = 500, .low = 500, .high = 500}}},
    };
    char dir[] = "/tmp/unit-plot-XXXXXX";
    char plots[64];

    cr_assert_not_null(mkdtemp(dir));
    snprintf(plots, sizeof(plots), "%s/plots", dir);
    mkdir(plots, 0777);
    for (int kind = PLOT_LINES; kind <= PLOT_STACKED; kind++)
        for (int scale = 0; scale < 4; scale++) {
            const struct plot plot = {.name = "p",
                                      .title = "A title",
                                      .question = "Why?",
                                      .x_label = "x",
                                      .y_label = "y",
                                      .unit = scale & 1 ? "s" : "",
                                      .kind = (enum plot_kind)kind,
                                      .log_x = scale & 1,
                                      .log = scale & 2,
                                      .series = series,
                                      .n = 2};
            int drawn = plot_draw(&plot, dir);
            cr_assert(drawn == 0 || drawn == 1, "%d", drawn);
            for (size_t i = drawn == 1 ? 2 : 0; i < 4; i++)
                cr_assert(size_of(dir, files[i]) > 20, "%s", files[i]);
        }
    rmdir(plots);
    rmdir(dir);
}
