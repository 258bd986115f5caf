/* bench/page/plot: what gnuplot is given. */
#include "bench/page/plot.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(plot, .timeout = 20);

/* Two points of one line; the second one was not served by all. */
static struct series lines[1] = {{
    .name = "`touch x`\"; system('x')\n$(x)",
    .n = 2,
    .marks = {{.x = 10,
               .y = 2500,
               .low = 2000,
               .high = 3000,
               .served = NAN,
               .expected = NAN,
               .name = "10",
               .tip = "epoll at 10: 2.50k"},
              {.x = 50,
               .y = NAN,
               .low = NAN,
               .high = INFINITY,
               .served = 0.02,
               .expected = NAN,
               .text = "1 of 50"}},
}};

static const struct plot plot = {
    .name = "one",
    .title = "One",
    .question = "Why?",
    .x_label = "clients",
    .y_label = "echoes",
    .unit = "",
    .kind = PLOT_LINES,
    .series = lines,
    .n = 1,
};

static char *data_of(const struct plot *drawn)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    plot_write_data(drawn, file);
    fclose(file);
    return text;
}

static char *settings_of(const struct plot *drawn, const char *dir)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);

    plot_write_settings(drawn, dir, file);
    fclose(file);
    return text;
}

Test(plot, a_line_ends_where_not_all_were_served)
{
    char *text = data_of(&plot);

    cr_assert(strstr(text, "\n10,2500,2000,3000,,,\"10\",\"\"") != NULL,
              "%s", text);
    cr_assert(strstr(text, "\n50,,,,0.02,,\"\",\"1 of 50\"") != NULL, "%s",
              text);
    cr_assert(strstr(text, "nan") == NULL && strstr(text, "inf") == NULL);
    free(text);
}

/* gnuplot runs what stands in backquotes; a name is of strangers. */
Test(plot, a_name_is_no_command)
{
    char *text = data_of(&plot);

    cr_assert(strpbrk(text, "`$';") == NULL ||
                  strstr(text, "system('") == NULL,
              "%s", text);
    cr_assert(strchr(text, '`') == NULL && strchr(text, '$') == NULL);
    free(text);
}

Test(plot, a_run_s_path_is_no_command)
{
    char *text = settings_of(&plot, "/tmp/`x`/it's\nhere");

    cr_assert(strstr(text, "base = '/tmp/`x`/it''s?here/plots/one'\n") !=
                  NULL,
              "%s", text);
    free(text);
}

Test(plot, takes_the_prefix_that_suits_its_figures)
{
    struct plot other = plot;
    char *text = settings_of(&plot, "/tmp");

    cr_assert(strstr(text, "scale = 1000\nunit = \"%gk\"\n") != NULL, "%s",
              text);
    free(text);
    other.unit = "s";
    other.log = true;
    text = settings_of(&other, "/tmp");
    cr_assert(strstr(text, "scale = 1\nunit = \"%.0s %cs\"\n") != NULL,
              "%s", text);
    free(text);
}
