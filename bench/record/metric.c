#include "bench/record/metric.h"

#include <math.h>
#include <string.h>

static const struct metric_about about[METRICS] = {
    [METRIC_ECHOES_PER_S] = {"echoes", "round trips a second", "", 1,
                             "faster", "slower", 1, 1},
    [METRIC_CONNECTIONS_PER_S] = {"connections", "connections a second", "",
                                  1, "faster", "slower", 1, 1},
    [METRIC_MEGABYTES_PER_S] = {"bytes", "bytes echoed a second", "B/s",
                                1e6, "faster", "slower", 1, 1},
    [METRIC_CPU_PER_ECHO_US] = {"cpu", "server CPU per echo", "s", 1e-6,
                                "cheaper", "dearer", -1, 0},
    [METRIC_CPU_PER_CONNECTION_US] = {"cpu", "server CPU per connection",
                                      "s", 1e-6, "cheaper", "dearer", -1,
                                      0},
    [METRIC_P50_US] = {"p50", "median latency", "s", 1e-6, "faster",
                       "slower", -1, 1},
    [METRIC_P90_US] = {"p90", "latency, 90th percentile", "s", 1e-6,
                       "faster", "slower", -1, 1},
    [METRIC_P99_US] = {"p99", "latency, 99th percentile", "s", 1e-6,
                       "faster", "slower", -1, 1},
    [METRIC_P999_US] = {"p999", "latency, 99.9th percentile", "s", 1e-6,
                        "faster", "slower", -1, 1},
    [METRIC_EVENNESS] = {"evenness", "least over most, of the hoses", "", 1,
                         "fairer", "less fair", 1, 0},
    [METRIC_LONGEST_WAIT_MS] = {"wait", "longest wait of a client", "s",
                                1e-3, "shorter", "longer", -1, 0},
    [METRIC_PSS_KIB] = {"memory", "memory of the server", "B", 1024,
                        "smaller", "larger", -1, 0},
    [METRIC_TASKS] = {"tasks", "processes and threads", "", 1, "fewer",
                      "more", -1, 0},
    [METRIC_SWITCHES_PER_ECHO] = {"switches", "context switches per echo",
                                  "", 1, "fewer", "more", -1, 0},
    [METRIC_CALLS_PER_ECHO] = {"calls", "system calls per echo", "", 1,
                               "fewer", "more", -1, 0},
    [METRIC_ACHIEVED] = {"achieved", "share of the offered rate", "", 1,
                         "more", "less", 1, 0},
    [METRIC_GENERATOR_PER_ECHO_US] = {"generator", "generator CPU per echo",
                                      "s", 1e-6, "cheaper", "dearer", -1,
                                      0},
    [METRIC_SERVER_BUSY] = {"busy", "cores that the server keeps busy", "",
                            1, "fewer", "more", -1, 0},
    [METRIC_GENERATOR_BUSY] = {"generator-busy",
                               "cores that the generator keeps busy", "", 1,
                               "fewer", "more", -1, 0},
    [METRIC_HELD] = {"held", "connections held", "", 1, "more", "fewer", 1,
                     0},
    [METRIC_PSS_PER_HELD_KIB] = {"memory",
                                 "server memory per connection held", "B",
                                 1024, "smaller", "larger", -1, 0},
    [METRIC_KERNEL_PER_HELD_KIB] = {"kernel",
                                    "kernel memory per connection held",
                                    "B", 1024, "smaller", "larger", -1, 0},
    [METRIC_HELD_AFTER_MS] = {"setup", "time to gather them", "s", 1e-3,
                              "shorter", "longer", -1, 1},
};

const struct metric_about *metric_about(enum metric metric)
{
    return &about[metric];
}

static double per(double amount, double count)
{
    return count > 0 ? amount / count : NAN;
}

/* CPU time is known of a whole turn, the rate of its window: the share of
 * a core that they make together. */
static double busy(const double *v, double cpu_us)
{
    return per(per(cpu_us, v[ROW_ALL_ECHOES]) * v[ROW_ECHOES],
               v[ROW_WINDOW_S] * 1e6);
}

double metric_unserved(const struct row *row)
{
    const double *v = row->value;
    double all = v[ROW_CLIENTS] + (isnan(v[ROW_HELD]) ? 0 : v[ROW_IDLE]);

    return v[ROW_SERVED] < all ? all - v[ROW_SERVED] : 0;
}

/*
 * A client that was not served leaves something in the kernel, too. Little
 * is lost in what the rest of the system takes, or gives back.
 */
static double kernel_per_held_kib(const struct row *row)
{
    const double *v = row->value;

    return metric_unserved(row) > 0 || v[ROW_HELD] < 1000 ||
                   v[ROW_KERNEL_KIB] <= 0
               ? NAN
               : per(v[ROW_KERNEL_KIB], v[ROW_HELD]);
}

double metric_of(enum metric metric, const struct row *row)
{
    const double *v = row->value;

    switch (metric) {
    case METRIC_ECHOES_PER_S:
        return per(v[ROW_ECHOES], v[ROW_WINDOW_S]);
    case METRIC_CONNECTIONS_PER_S:
        return per(v[ROW_CONNECTIONS], v[ROW_WINDOW_S]);
    case METRIC_MEGABYTES_PER_S:
        return per(v[ROW_ECHOES] * v[ROW_BYTES] / 1e6, v[ROW_WINDOW_S]);
    case METRIC_CPU_PER_ECHO_US:
        return per(v[ROW_SERVER_CPU_US], v[ROW_ALL_ECHOES]);
    case METRIC_CPU_PER_CONNECTION_US:
        return v[ROW_CONNECTIONS] > 0
                   ? per(v[ROW_SERVER_CPU_US], v[ROW_ALL_ECHOES])
                   : NAN;
    case METRIC_P50_US:
        return v[ROW_P50_US];
    case METRIC_P90_US:
        return v[ROW_P90_US];
    case METRIC_P99_US:
        return v[ROW_P99_US];
    case METRIC_P999_US:
        return v[ROW_P999_US];
    case METRIC_EVENNESS:
        return per(v[ROW_HOSE_MIN], v[ROW_HOSE_MAX]);
    case METRIC_LONGEST_WAIT_MS:
        return v[ROW_LONGEST_WAIT_US] / 1e3;
    case METRIC_PSS_KIB:
        return metric_unserved(row) > 0 ? NAN : v[ROW_PSS_KIB];
    case METRIC_TASKS:
        return v[ROW_TASKS];
    case METRIC_SWITCHES_PER_ECHO:
        return per(v[ROW_VOLUNTARY] + v[ROW_INVOLUNTARY],
                   v[ROW_ALL_ECHOES]);
    case METRIC_CALLS_PER_ECHO:
        return per(v[ROW_CALLS], v[ROW_ALL_ECHOES]);
    case METRIC_ACHIEVED:
        return per(per(v[ROW_ECHOES], v[ROW_WINDOW_S]), v[ROW_OFFERED]);
    case METRIC_GENERATOR_PER_ECHO_US:
        return per(v[ROW_GENERATOR_CPU_US], v[ROW_ALL_ECHOES]);
    case METRIC_SERVER_BUSY:
        return busy(v, v[ROW_SERVER_CPU_US]);
    case METRIC_GENERATOR_BUSY:
        return busy(v, v[ROW_GENERATOR_CPU_US]);
    case METRIC_HELD:
        return v[ROW_HELD];
    case METRIC_PSS_PER_HELD_KIB:
        return per(v[ROW_PSS_KIB], v[ROW_HELD]);
    case METRIC_KERNEL_PER_HELD_KIB:
        return kernel_per_held_kib(row);
    case METRIC_HELD_AFTER_MS:
        return v[ROW_SETUP_MS];
    case METRICS:
        break;
    }
    return NAN;
}

void metric_text(enum metric metric, double value, char *text, size_t size)
{
    static const struct {
        double from;
        const char *prefix;
    } steps[] = {{1e9, "G"},  {1e6, "M"},  {1e3, "k"}, {1, ""},
                 {1e-3, "m"}, {1e-6, "u"}, {0, "n"}};
    const char *unit = about[metric].unit;
    double base = value * about[metric].scale;
    size_t i = 0;

    if (isnan(value) || base <= 0 || (unit[0] == '\0' && base < 1)) {
        snprintf(text, size, isnan(value) ? "-" : "%.3g", base);
        return;
    }
    if (unit[0] == '\0' && base < 1000 && base == floor(base)) {
        snprintf(text, size, "%.0f", base); /* a count */
        return;
    }
    while (base < steps[i].from * 0.9995)
        i++;
    double shown = base / (steps[i].from > 0 ? steps[i].from : 1e-9);
    snprintf(text, size, "%.*f%s%s%s", shown < 9.995 ? 2 : shown < 99.95,
             shown, unit[0] ? " " : "", steps[i].prefix, unit);
}

double metric_errors(const struct row *row)
{
    double sum = 0;

    for (int i = ROW_REFUSED; i <= ROW_OTHER_ERRORS; i++)
        if (!isnan(row->value[i]))
            sum += row->value[i];
    return sum;
}

bool metric_fault(const struct row *row, char *reason, size_t size)
{
    const double *v = row->value;

    if (metric_errors(row) > 0)
        snprintf(reason, size, "%.0f errors", metric_errors(row));
    else if (metric_unserved(row) > 0)
        snprintf(reason, size, "%.0f of %.0f clients served", v[ROW_SERVED],
                 v[ROW_SERVED] + metric_unserved(row));
    else if (v[ROW_IDLE_LOST] > 0)
        snprintf(reason, size, "%.0f of %.0f idle connections lost",
                 v[ROW_IDLE_LOST], v[ROW_IDLE]);
    else if (v[ROW_ECHOES] == 0)
        snprintf(reason, size, "no echo in the window");
    else
        return false;
    return true;
}
