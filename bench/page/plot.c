#include "bench/page/plot.h"

#include "bench/page/svg.h"

#include <errno.h>
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

    setenv("LC_ALL", "C.UTF-8", 1); /* in others it misses characters */
    int error = posix_spawnp(&pid, program, NULL, NULL, argv, environ);
    if (error == ENOENT)
        return 1;
    if (error != 0 || TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) == -1)
        return -1;
    return status == 0 ? 0 : -1;
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
    static const char *const drawn[] = {"svg", "phone.svg", "png", "txt"};
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
        else if (i < 2 && svg_adapt(path, plot->name) == -1)
            result = -1;
    }
    if (result == -1)
        fprintf(stderr, "bench/report: gnuplot could not draw %s\n",
                plot->name);
    return result;
}
