#include "bench/page/plot.h"

#include "bench/page/svg.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Returns as plot_draw(). */
static int run_gnuplot(char *script)
{
    static char program[] = "gnuplot";
    static char flag[] = "-d"; /* without what a user has set up */
    char *argv[] = {program, flag, script, NULL};
    pid_t pid;
    int status;

    posix_spawn_file_actions_t actions;

    /* It warns of every panel in which a server has no figure. */
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
                                     O_WRONLY, 0);
    setenv("LC_ALL", "C.UTF-8", 1); /* in others it misses characters */
    int error = posix_spawnp(&pid, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error == ENOENT)
        return 1;
    if (error != 0 || TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) == -1)
        return -1;
    return status == 0 ? 0 : -1;
}

/* What may stand in a plot: a name that somebody gave his server could be
 * a command to gnuplot, or markup. */
static void put_name(FILE *file, const char *name)
{
    for (; *name != '\0'; name++)
        fputc(isalnum((unsigned char)*name) ||
                      strchr(" ._/@+-%:;(),~=", *name)
                  ? *name
                  : '?',
              file);
}

static void put_figure(FILE *file, double value)
{
    if (isfinite(value))
        fprintf(file, ",%.9g", value);
    else
        fputs(",", file);
}

static void put_text(FILE *file, const char *text)
{
    fputs(",\"", file);
    put_name(file, text);
    fputc('"', file);
}

void plot_write_data(const struct plot *plot, FILE *file)
{
    for (size_t i = 0; i < plot->n; i++) {
        const struct series *series = &plot->series[i];
        fprintf(file, "%sx,y,low,high,served,expected,name,text",
                i > 0 ? "\n\n" : "");
        put_text(file, series->name); /* a title for gnuplot */
        fputs(",about\n", file);
        for (size_t k = 0; k < series->n; k++) {
            const struct mark *mark = &series->marks[k];
            fprintf(file, "%.9g", mark->x);
            put_figure(file, mark->y);
            put_figure(file, mark->low);
            put_figure(file, mark->high);
            put_figure(file, mark->served);
            put_figure(file, mark->expected);
            put_text(file, mark->name);
            put_text(file, mark->text);
            put_text(file, series->name);
            put_text(file, mark->tip);
            fputc('\n', file);
        }
    }
}

/* The prefix that suits the greatest figure. */
static void write_unit(const struct plot *plot, FILE *file)
{
    static const struct {
        double from;
        const char *prefix;
    } steps[] = {{1e9, "G"},  {1e6, "M"},  {1e3, "k"}, {1, ""},
                 {1e-3, "m"}, {1e-6, "u"}, {0, "n"}};
    double most = 0;
    size_t i = 0;

    for (size_t s = 0; s < plot->n; s++)
        for (size_t k = 0; k < plot->series[s].n; k++) {
            double y = plot->series[s].marks[k].y;
            most = y > most ? y : most;
        }
    while (most < steps[i].from)
        i++;
    if (plot->unit[0] == '\0' && most < 1000)
        i = 3;
    double scale = steps[i].from > 0 ? steps[i].from : 1e-9;
    bool log = plot->log && most > 0;
    fprintf(file, "scale = %g\nunit = \"%s%s%s%s\"\n", log ? 1 : scale,
            log ? "%.0s" : "%g", plot->unit[0] ? " " : "",
            log ? "%c" : steps[i].prefix, plot->unit);
}

/*
 * A path, as gnuplot takes it literally. In "" it would run what stands in
 * backquotes by a shell. A line's end can't be had in '' either, so a path
 * with one is not found.
 */
static void write_path(const char *dir, const char *name,
                       const char *ending, FILE *file)
{
    fputc('\'', file);
    for (const char *at = dir; *at != '\0'; at++)
        if (*at == '\'')
            fputs("''", file);
        else
            fputc(*at == '\n' || *at == '\r' ? '?' : *at, file);
    fprintf(file, "/plots/%s%s'", name, ending);
}

static size_t most_marks(const struct plot *plot)
{
    size_t most = 0;

    for (size_t i = 0; i < plot->n; i++)
        most = plot->series[i].n > most ? plot->series[i].n : most;
    return most;
}

/* Of the texts at a place in struct mark. */
static size_t longest(const struct plot *plot, size_t offset)
{
    size_t most = 0;

    for (size_t i = 0; i < plot->n; i++)
        for (size_t k = 0; k < plot->series[i].n; k++) {
            const char *mark = (const char *)&plot->series[i].marks[k];
            size_t n = strlen(mark + offset);
            most = n > most ? n : most;
        }
    return most;
}

void plot_write_settings(const struct plot *plot, const char *dir,
                         FILE *file)
{
    static const char *const scripts[] = {[PLOT_LINES] = "lines",
                                          [PLOT_ROWS] = "rows",
                                          [PLOT_SLOPES] = "rows",
                                          [PLOT_STACKED] = "stacked"};

    fputs("# gnuplot -d ", file);
    write_path(dir, plot->name, ".gp", file);
    fputs(", from the top of the suite's tree, draws this again\nbase = ",
          file);
    write_path(dir, plot->name, "", file);
    fprintf(file,
            "\nn = %zu\nrows = %zu\nlongest = %zu\nsaid = %zu\nratio = "
            "%d\nlogarithmic = %d\n"
            "name = \"%s\"\nquestion = \"%s\"\ny_name = \"%s\"\n"
            "x_name = \"%s\"\n",
            plot->n, most_marks(plot),
            longest(plot, offsetof(struct mark, name)),
            longest(plot, offsetof(struct mark, text)), plot->ratio,
            plot->log, plot->title, plot->question, plot->y_label,
            plot->x_label);
    write_unit(plot, file);
    if (plot->log_x && plot->kind == PLOT_LINES)
        fputs("set logscale x\n", file);
    fprintf(file, "load \"bench/plots/%s.gp\"\n", scripts[plot->kind]);
}

static int write_file(const struct plot *plot, const char *dir,
                      const char *ending, char path[1024])
{
    snprintf(path, 1024, "%s/plots/%s.%s", dir, plot->name, ending);
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        fprintf(stderr, "bench/report: %s: %s\n", path, strerror(errno));
        return -1;
    }
    if (strcmp(ending, "csv") == 0)
        plot_write_data(plot, file);
    else
        plot_write_settings(plot, dir, file);
    return fclose(file) == 0 ? 0 : -1;
}

int plot_draw(const struct plot *plot, const char *dir)
{
    static const char *const drawn[] = {"svg", "phone.svg"};
    char path[1024];

    if (write_file(plot, dir, "csv", path) == -1 ||
        write_file(plot, dir, "gp", path) == -1)
        return -1;
    int result = run_gnuplot(path);
    for (size_t i = 0; i < sizeof(drawn) / sizeof(drawn[0]); i++) {
        snprintf(path, sizeof(path), "%s/plots/%s.%s", dir, plot->name,
                 drawn[i]);
        if (result != 0)
            unlink(path); /* half a drawing is worse than none */
        else if (svg_adapt(path, plot->name) == -1)
            result = -1;
    }
    if (result == -1)
        fprintf(stderr,
                "bench/report: gnuplot could not draw %s; `gnuplot -d "
                "%s/plots/%s.gp` says why\n",
                plot->name, dir, plot->name);
    return result;
}
