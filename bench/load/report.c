#include "bench/load/result.h"
#include "common/options.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char *const error_names[OUTCOMES] = {
    [OUTCOME_REFUSED] = "refused",       [OUTCOME_RESET] = "reset",
    [OUTCOME_TIMED_OUT] = "timed_out",   [OUTCOME_SHORT] = "short",
    [OUTCOME_WRONG_BYTE] = "wrong_byte", [OUTCOME_OTHER] = "other",
};

static const struct {
    const char *name; /* of the field: p99_ns */
    double percent;
} percentiles[] = {
    {"p50_ns", 50},
    {"p90_ns", 90},
    {"p99_ns", 99},
    {"p99_9_ns", 99.9},
};
enum { PERCENTILES = sizeof(percentiles) / sizeof(percentiles[0]) };

static const char *mode(const struct load_options *options)
{
    return options->rate != 0 ? "open" : "closed";
}

static double per_second(uint64_t count, const struct load_result *result)
{
    if (result->elapsed_ns == 0)
        return 0;
    return (double)count * (double)NS_PER_S / (double)result->elapsed_ns;
}

/* --- JSON, and CSV from it ----------------------------------------- */

static void set_count(json_t *object, const char *name, uint64_t value)
{
    json_object_set_new(object, name, json_integer((json_int_t)value));
}

static void set_real(json_t *object, const char *name, double value)
{
    json_object_set_new(object, name, json_real(value));
}

static json_t *latency_json(const struct histogram *histogram, bool buckets)
{
    json_t *object = json_object();

    set_count(object, "count", histogram->count);
    set_count(object, "min_ns", histogram->min);
    for (size_t i = 0; i < PERCENTILES; i++)
        set_count(object, percentiles[i].name,
                  histogram_percentile(histogram, percentiles[i].percent));
    set_count(object, "max_ns", histogram->max);
    set_real(object, "mean_ns", histogram_mean(histogram));
    if (!buckets)
        return object;
    json_t *pairs = json_array();
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (histogram->counts[i] > 0)
            json_array_append_new(
                pairs, json_pack("[I, I]",
                                 (json_int_t)histogram_edge(histogram, i),
                                 (json_int_t)histogram->counts[i]));
    json_object_set_new(object, "histogram", pairs);
    return object;
}

static void set_load(json_t *object, const struct load_options *options)
{
    set_count(object, "clients", (uint64_t)options->clients);
    set_count(object, "idle", (uint64_t)options->idle);
    set_count(object, "rate_per_s", (uint64_t)options->rate);
    set_count(object, "size_bytes", (uint64_t)options->size);
    set_count(object, "threads", (uint64_t)options->threads);
    set_count(object, "sources", options->target.sources);
    json_object_set_new(object, "spin", json_boolean(options->spin));
    set_count(object, "duration_ns", options->duration_ns);
    set_count(object, "warmup_ns", options->warmup_ns);
    set_count(object, "timeout_ns", options->timeout_ns);
    set_count(object, "connect_timeout_ns", options->connect_timeout_ns);
}

static void set_counts(json_t *object, const struct load_result *result)
{
    json_object_set_new(object, "cut_short",
                        json_boolean(result->cut_short));
    set_count(object, "connect_ns", result->connect_ns);
    set_count(object, "began_ns", result->began_ns);
    set_count(object, "elapsed_ns", result->elapsed_ns);
    set_count(object, "round_trips", result->window.round_trips);
    set_real(object, "round_trips_per_s",
             per_second(result->window.round_trips, result));
    set_count(object, "connects", result->window.connects);
    set_count(object, "bytes_sent", result->window.bytes_sent);
    set_count(object, "bytes_received", result->window.bytes_received);
    set_count(object, "warmup_round_trips", result->warmup.round_trips);
    set_count(object, "late_round_trips", result->after.round_trips);
    set_count(object, "cpu_ns", result->cpu.total_ns);
    set_count(object, "cpu_user_ns", result->cpu.user_ns);
    set_count(object, "cpu_sys_ns", result->cpu.sys_ns);
    set_real(object, "mean_in_flight", result->in_flight);
}

static void set_clients(json_t *object, const struct load_result *result)
{
    set_count(object, "connected", result->connected);
    set_count(object, "served", result->served);
    set_count(object, "unserved", result->unserved);
    set_count(object, "idle_connected", result->idle_connected);
    set_count(object, "idle_lost", result->idle_lost);
    set_count(object, "planned", result->planned);
    set_count(object, "unanswered", result->unanswered);
    set_count(object, "longest_wait_ns", result->longest_ns);

    json_t *errors = json_object();
    for (int i = OUTCOME_REFUSED; i < OUTCOMES; i++)
        set_count(errors, error_names[i], result->errors[i]);
    set_count(errors, "total", result->errors_total);
    json_object_set_new(errors, "other_reason",
                        json_string(result->other_errno == 0
                                        ? ""
                                        : strerror(result->other_errno)));
    json_object_set_new(object, "errors", errors);

    json_t *fairness = json_object();
    set_count(fairness, "worst", result->fairness.worst);
    set_count(fairness, "best", result->fairness.best);
    set_real(fairness, "mean", result->fairness_mean);
    set_real(fairness, "variation", result->fairness.variation);
    set_real(fairness, "jain", result->fairness.jain);
    json_object_set_new(object, "fairness", fairness);
}

static json_t *result_json(const struct load_result *result)
{
    const struct load_options *options = result->options;
    json_t *object = json_object();

    json_object_set_new(object, "version", json_string(SUITE_VERSION));
    json_object_set_new(object, "target",
                        json_string(options->target_text));
    json_object_set_new(object, "loop", json_string(mode(options)));
    json_object_set_new(object, "churn", json_boolean(options->churn));
    set_load(object, options);
    set_counts(object, result);
    set_clients(object, result);
    set_real(object, "latency_error", HISTOGRAM_ERROR);
    json_object_set_new(object, "latency",
                        latency_json(&result->latency, options->histogram));
    json_object_set_new(
        object, "latency_from_send",
        latency_json(&result->from_send, options->histogram));
    json_object_set_new(object, "send_late",
                        latency_json(&result->late, options->histogram));
    return object;
}

/* A name or a value of the CSV. */
static void print_cell(const char *prefix, const char *name,
                       const json_t *value, bool names, const char **comma)
{
    fputs(*comma, stdout);
    *comma = ",";
    if (names)
        printf("%s%s", prefix, name);
    else
        json_dumpf(value, stdout, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
}

/* One line of the CSV; objects within are laid flat: latency_p50_ns. */
static void print_csv(json_t *object, bool names)
{
    const char *comma = "";
    const char *name, *inner_name;
    json_t *value, *inner;

    json_object_foreach(object, name, value)
    {
        char prefix[32];
        if (!json_is_object(value)) {
            print_cell("", name, value, names, &comma);
            continue;
        }
        snprintf(prefix, sizeof(prefix), "%s_", name);
        json_object_foreach(value, inner_name, inner)
            print_cell(prefix, inner_name, inner, names, &comma);
    }
    putchar('\n');
}

/* --- text ---------------------------------------------------------- */

static void print_latency(const char *name,
                          const struct histogram *histogram)
{
    printf("%-12s", name);
    for (size_t i = 0; i < PERCENTILES; i++)
        printf("p%g %.3f  ", percentiles[i].percent,
               (double)histogram_percentile(histogram,
                                            percentiles[i].percent) /
                   1e6);
    printf("max %.3f  mean %.3f ms  (%llu)\n", (double)histogram->max / 1e6,
           histogram_mean(histogram) / 1e6,
           (unsigned long long)histogram->count);
}

static void print_load(const struct load_result *result)
{
    const struct load_options *options = result->options;

    printf("%-12s%s, %s loop", "load", options->target_text, mode(options));
    if (options->rate != 0)
        printf(" of %ld/s", options->rate);
    printf(", %ld client%s%s, %ld B", options->clients,
           options->clients == 1 ? "" : "s",
           options->churn ? " (connect, echo, close)" : "", options->size);
    if (options->idle > 0)
        printf(", %ld idle", options->idle);
    printf(", %.3f s after %.3f s of warm-up%s\n",
           (double)result->elapsed_ns / 1e9,
           (double)options->warmup_ns / 1e9,
           result->cut_short ? ", CUT SHORT" : "");
}

static void print_troubles(const struct load_result *result)
{
    const struct load_options *options = result->options;

    printf("%-12sserved %zu, unserved %zu, longest wait %.3f ms\n",
           "clients", result->served, result->unserved,
           (double)result->longest_ns / 1e6);
    if (options->idle > 0)
        printf("%-12sconnected %zu, lost %zu of %ld\n", "idle",
               result->idle_connected, result->idle_lost, options->idle);
    if (options->rate != 0)
        printf("%-12s%llu of %llu planned messages\n", "unanswered",
               (unsigned long long)result->unanswered,
               (unsigned long long)result->planned);
    printf("%-12s%llu", "errors", (unsigned long long)result->errors_total);
    for (int i = OUTCOME_REFUSED; i < OUTCOMES; i++)
        if (result->errors[i] > 0)
            printf(", %s %llu", error_names[i],
                   (unsigned long long)result->errors[i]);
    if (result->other_errno != 0)
        printf(" (%s)", strerror(result->other_errno));
    putchar('\n');
}

static void print_text(const struct load_result *result)
{
    const struct load_options *options = result->options;
    uint64_t round_trips = result->window.round_trips;

    print_load(result);
    printf("%-12s%llu, %.0f/s\n", "round trips",
           (unsigned long long)round_trips,
           per_second(round_trips, result));
    printf("%-12s%.3f MB/s each way\n", "bytes",
           per_second(result->window.bytes_received, result) / 1e6);
    print_latency("latency", &result->latency);
    if (options->rate != 0) {
        print_latency("from send", &result->from_send);
        print_latency("sent late", &result->late);
    } else {
        printf("%-12s%.1f messages, rate x mean latency %.1f: a closed "
               "loop's latency is\n%-12sclients / rate once the server is "
               "full (Little's law), no service time\n",
               "in flight", result->in_flight,
               per_second(round_trips, result) *
                   histogram_mean(&result->latency) / 1e9,
               "");
    }
    printf(
        "%-12sworst %llu, best %llu, variation %.3f, Jain's index %.3f\n",
        "fairness", (unsigned long long)result->fairness.worst,
        (unsigned long long)result->fairness.best,
        result->fairness.variation, result->fairness.jain);
    print_troubles(result);
    printf("%-12s%.0f %% of a core, %.2f us a round trip (this side)\n",
           "processor", per_second(result->cpu.total_ns, result) / 1e7,
           round_trips == 0
               ? 0
               : (double)result->cpu.total_ns / 1e3 / (double)round_trips);
}

static void print_object(const struct load_result *result)
{
    json_t *object = result_json(result);

    if (result->options->output == OUTPUT_JSON) {
        json_dumpf(object, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
        putchar('\n');
    } else {
        print_csv(object, true);
        print_csv(object, false);
    }
    json_decref(object);
}

int load_report(const struct load_result *result)
{
    if (result->options->output == OUTPUT_TEXT)
        print_text(result);
    else
        print_object(result);
    return fflush(stdout) == EOF ? -1 : 0;
}
