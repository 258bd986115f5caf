#include "bench/race/manifest.h"

#include "bench/record/file.h"
#include "common/options.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* The Makefile says what the servers are built with. */
#ifndef SUITE_FLAGS
#define SUITE_FLAGS "unknown"
#endif

enum { TEXT = 512 };

static void set_text(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name, json_string(text));
}

static void set_number(json_t *object, const char *name, double number)
{
    json_object_set_new(object, name, json_real(number));
}

static void set_count(json_t *object, const char *name, uint64_t count)
{
    json_object_set_new(object, name, json_integer((json_int_t)count));
}

/* The first line that a file or a command says; "" when it says nothing. */
static void first_line(FILE *file, char text[TEXT])
{
    text[0] = '\0';
    if (file != NULL && fgets(text, TEXT, file) == NULL)
        text[0] = '\0';
    text[strcspn(text, "\n")] = '\0';
}

static void set_file(json_t *object, const char *name, const char *path)
{
    char text[TEXT];
    FILE *file = fopen(path, "re");

    first_line(file, text);
    if (file != NULL)
        fclose(file);
    set_text(object, name, text);
}

/* Returns whether it said something. */
static int set_command(json_t *object, const char *name,
                       const char *command)
{
    char text[TEXT];
    FILE *file = popen(command, "re");

    first_line(file, text);
    if (file != NULL)
        pclose(file);
    if (name != NULL)
        set_text(object, name, text);
    return text[0] != '\0';
}

static void set_cpu_model(json_t *object)
{
    char line[TEXT];
    FILE *file = fopen("/proc/cpuinfo", "re");

    set_text(object, "cpu", "unknown");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL)
            continue;
        line[strcspn(line, "\n")] = '\0';
        set_text(object, "cpu", colon + 2);
        break;
    }
    if (file != NULL)
        fclose(file);
}

static json_t *machine_json(void)
{
    json_t *machine = json_object();
    struct utsname name;
    cpu_set_t allowed;

    uname(&name);
    set_text(machine, "system", name.sysname);
    set_text(machine, "kernel", name.release);
    set_text(machine, "architecture", name.machine);
    set_command(machine, "distribution",
                ". /etc/os-release 2>/dev/null; echo \"$PRETTY_NAME\"");
    set_cpu_model(machine);
    set_count(machine, "cores", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0)
        set_count(machine, "cores_allowed", (uint64_t)CPU_COUNT(&allowed));
    set_count(machine, "memory_mib",
              (uint64_t)sysconf(_SC_PHYS_PAGES) *
                      (uint64_t)sysconf(_SC_PAGESIZE) >>
                  20);
    set_file(machine, "clock",
             "/sys/devices/system/clocksource/"
             "clocksource0/current_clocksource");
    set_file(machine, "congestion_control",
             "/proc/sys/net/ipv4/tcp_congestion_control");
    set_file(machine, "port_range",
             "/proc/sys/net/ipv4/ip_local_port_range");
    set_file(machine, "backlog_limit", "/proc/sys/net/core/somaxconn");
    return machine;
}

static json_t *limits_json(void)
{
    static const struct {
        const char *name;
        int what;
    } limits[] = {
        {"descriptors", RLIMIT_NOFILE},
        {"processes", RLIMIT_NPROC},
        {"stack_bytes", RLIMIT_STACK},
    };
    json_t *object = json_object();

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct rlimit limit;
        getrlimit((__rlimit_resource_t)limits[i].what, &limit);
        if (limit.rlim_cur == RLIM_INFINITY)
            set_text(object, limits[i].name, "unlimited");
        else
            set_count(object, limits[i].name, limit.rlim_cur);
    }
    return object;
}

static json_t *sources_json(void)
{
    json_t *sources = json_object();

    set_text(sources, "version", SUITE_VERSION);
    set_command(sources, "commit", "git rev-parse HEAD 2>/dev/null");
    json_object_set_new(
        sources, "changed",
        json_boolean(set_command(
            sources, NULL, "git status --porcelain -uno 2>/dev/null")));
    set_text(sources, "compiler", "cc " __VERSION__);
    set_text(sources, "flags", SUITE_FLAGS);
    return sources;
}

static json_t *run_json(const struct settings *settings,
                        const struct participants *who, const char *command)
{
    json_t *run = json_object();
    json_t *asked = json_array();
    json_t *models = json_array();

    set_text(run, "command", command);
    set_count(run, "seed", settings->seed);
    set_number(run, "turn_ms", settings->turn_ms);
    set_number(run, "time_s", (double)settings->time_ns / 1e9);
    for (size_t i = 0; i < settings->nwanted; i++)
        json_array_append_new(asked,
                              json_string(settings->wanted[i]->name));
    for (size_t i = 0; i < who->n; i++) {
        const struct participant *one = &who->all[i];
        json_t *model = json_object();
        set_text(model, "name", one->name);
        set_text(model, "reference", who->all[one->reference].name);
        set_text(model, "command",
                 one->command != NULL ? one->command : one->path);
        json_array_append_new(models, model);
    }
    json_object_set_new(run, "experiments", asked);
    json_object_set_new(run, "models", models);
    return run;
}

static json_t *ending_json(const struct ending *ending)
{
    json_t *object = json_object();

    set_text(object, "state", ending->state);
    set_number(object, "seconds", ending->seconds);
    set_count(object, "planned", ending->points);
    set_count(object, "measured", ending->visited);
    set_count(object, "turns", ending->turns);
    set_count(object, "failed", ending->failed);
    return object;
}

static int save(const json_t *manifest, const char *path)
{
    char *text = json_dumps(manifest,
                            JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    int result = text == NULL ? -1 : file_replace(path, text, strlen(text));
    int reason = errno;

    free(text);
    errno = reason;
    return result;
}

int manifest_write(const char *dir, const struct settings *settings,
                   const struct participants *who, const char *command,
                   const struct ending *ending)
{
    char *path;

    if (asprintf(&path, "%s/manifest.json", dir) == -1)
        return -1;
    json_t *manifest = json_load_file(path, 0, NULL);
    if (manifest == NULL) { /* the start */
        time_t now = time(NULL);
        char text[64];
        manifest = json_object();
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z",
                 localtime(&now));
        set_text(manifest, "date", text);
        json_object_set_new(manifest, "run",
                            run_json(settings, who, command));
        json_object_set_new(manifest, "sources", sources_json());
        json_object_set_new(manifest, "machine", machine_json());
        json_object_set_new(manifest, "limits", limits_json());
        set_file(manifest, "load_before", "/proc/loadavg");
    } else {
        set_file(manifest, "load_after", "/proc/loadavg");
    }
    json_object_set_new(manifest, "ending", ending_json(ending));
    int result = save(manifest, path);
    int reason = errno;
    json_decref(manifest);
    free(path);
    errno = reason;
    return result;
}
