#include "bench/load/report.h"

#include "bench/record/stats.h"
#include "common/options.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Of the window as it was planned, or until a signal cut it. */
static uint64_t elapsed_ns(const struct turn *turn)
{
    uint64_t end_ns = turn->cut_ns < turn->end_ns ? turn->cut_ns
                                                  : turn->end_ns;

    return end_ns > turn->window_ns ? end_ns - turn->window_ns : 0;
}

static double per_second(uint64_t count, const struct turn *turn)
{
    uint64_t ns = elapsed_ns(turn);

    return ns == 0 ? 0 : (double)count * (double)NS_PER_S / (double)ns;
}

static uint64_t planned(const struct turn *turn)
{
    return turn->from_send.count + turn->unanswered;
}

static uint64_t sum_errors(const struct load *load)
{
    uint64_t sum = 0;

    for (int i = OUTCOME_REFUSED; i < OUTCOMES; i++)
        sum += load->errors[i];
    return sum;
}

/* Clients that wait, and had no echo in the window. */
static size_t count_unserved(const struct load *load, size_t *served)
{
    size_t unserved = 0;

    *served = 0;
    for (size_t i = 0; i < load->nclients; i++) {
        const struct client *client = &load->clients[i];
        *served += client->echoes > 0;
        unserved += client->echoes == 0 && client->state != CLIENT_READY;
    }
    return unserved;
}

static struct fairness fairness_of(const struct load *load)
{
    struct fairness fairness = {0};
    uint64_t *echoes = calloc(load->nclients, sizeof(*echoes));

    for (size_t i = 0; echoes != NULL && i < load->nclients; i++)
        echoes[i] = load->clients[i].echoes;
    if (echoes != NULL)
        fairness = stats_fairness(echoes, load->nclients);
    free(echoes);
    return fairness;
}

/* --- JSON ----------------------------------------------------------- */

static void set_count(json_t *object, const char *name, uint64_t value)
{
    json_object_set_new(object, name, json_integer((json_int_t)value));
}

static void set_real(json_t *object, const char *name, double value)
{
    json_object_set_new(object, name, json_real(value));
}

static json_t *buckets_json(const struct histogram *histogram)
{
    json_t *pairs = json_array();

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (histogram->counts[i] > 0)
            json_array_append_new(
                pairs, json_pack("[I, I]",
                                 (json_int_t)histogram_edge(histogram, i),
                                 (json_int_t)histogram->counts[i]));
    return pairs;
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
    if (buckets)
        json_object_set_new(object, "histogram", buckets_json(histogram));
    return object;
}

static json_t *samples_json(const struct load *load)
{
    json_t *pairs = json_array();

    for (size_t i = 0; i < load->turn.nsamples; i++)
        json_array_append_new(
            pairs, json_pack("[I, I]", (json_int_t)load->samples[i][0],
                             (json_int_t)load->samples[i][1]));
    return pairs;
}

static json_t *errors_json(const struct load *load)
{
    json_t *errors = json_object();

    for (int i = OUTCOME_REFUSED; i < OUTCOMES; i++)
        set_count(errors, error_names[i], load->errors[i]);
    set_count(errors, "total", sum_errors(load));
    json_object_set_new(errors, "other_reason",
                        json_string(load->other_errno == 0
                                        ? ""
                                        : strerror(load->other_errno)));
    return errors;
}

/* What a turn and a whole run have in common. */
static void set_turn(json_t *object, const struct load *load)
{
    const struct load_options *options = load->options;
    const struct turn *turn = &load->turn;

    set_count(object, "echoes", turn->echoes);
    set_count(object, "window_ns",
              turn->echoes > 0 ? turn->last_ns - turn->first_ns : 0);
    set_count(object, "all_echoes", turn->all_echoes);
    set_count(object, "cpu_ns", turn->cpu.total_ns);
    set_count(object, "connections", turn->connects);
    set_count(object, "in_flight", load->flight);
    json_object_set_new(object, "drained", json_boolean(turn->drained));
    set_count(object, "drain_ns", turn->done_ns - turn->cut_ns);
    set_count(object, "longest_wait_ns", turn->longest_ns);
    json_object_set_new(object, "errors", errors_json(load));
    if (options->rate != 0) {
        set_count(object, "planned", planned(turn));
        set_count(object, "unanswered", turn->unanswered);
        set_real(object, "offered_per_s", (double)options->rate);
        set_real(object, "achieved_per_s",
                 per_second(turn->from_send.count, turn));
        json_object_set_new(
            object, "latency_from_send",
            latency_json(&turn->from_send, options->histogram));
        json_object_set_new(object, "send_late",
                            latency_json(&turn->late, false));
    }
    json_object_set_new(object, "latency",
                        latency_json(&turn->latency, options->histogram));
    if (options->samples > 0)
        json_object_set_new(object, "samples", samples_json(load));
}

static int print_line(const char *before, json_t *object)
{
    fputs(before, stdout);
    json_dumpf(object, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
    putchar('\n');
    json_decref(object);
    return fflush(stdout) == EOF ? -1 : 0;
}

static void set_clients(json_t *object, const struct load *load)
{
    set_count(object, "clients", load->nclients);
    set_count(object, "connected", load->connected);
    set_count(object, "served", load->served);
    set_count(object, "idle", load->nidle);
    set_count(object, "idle_connected", load->idle_connected);
    set_count(object, "idle_served", load->idle_served);
    set_count(object, "idle_lost", load->idle_lost);
}

/* Of gathering, or of asking all. */
static json_t *round_json(const struct load *load)
{
    const struct turn *turn = &load->turn;
    json_t *object = json_object();

    set_clients(object, load);
    set_count(object, "echoes", turn->all_echoes);
    set_count(object, "took_ns", turn->done_ns - turn->start_ns);
    json_object_set_new(object, "errors", errors_json(load));
    return object;
}

int report_ready(const struct load *load)
{
    return print_line("ready ", round_json(load));
}

int report_asked(const struct load *load)
{
    return print_line("", round_json(load));
}

int report_turn(const struct load *load)
{
    json_t *object = json_object();

    set_clients(object, load);
    set_turn(object, load);
    return print_line("", object);
}

int report_hoses(const struct load *load, const struct hoses *hoses)
{
    json_t *object = json_object();

    set_clients(object, load);
    set_turn(object, load);
    set_count(object, "hoses", (uint64_t)load->options->hoses);
    set_count(object, "least_bytes", hoses->least);
    set_count(object, "most_bytes", hoses->most);
    set_count(object, "bytes", hoses->bytes);
    set_count(object, "owed_bytes", hoses->owed);
    return print_line("", object);
}

static void set_load(json_t *object, const struct load_options *options)
{
    set_count(object, "rate_per_s", (uint64_t)options->rate);
    set_count(object, "size_bytes", (uint64_t)options->size);
    set_count(object, "sources", options->target.sources);
    set_count(object, "duration_ns", options->duration_ns);
    set_count(object, "warmup_ns", options->warmup_ns);
    set_count(object, "timeout_ns", options->timeout_ns);
    set_count(object, "connect_timeout_ns", options->connect_timeout_ns);
}

static void set_run(json_t *object, const struct load *load)
{
    const struct turn *turn = &load->turn;
    size_t served;

    json_object_set_new(object, "cut_short", json_boolean(load->cut));
    set_count(object, "elapsed_ns", elapsed_ns(turn));
    set_count(object, "round_trips", turn->echoes);
    set_real(object, "round_trips_per_s", per_second(turn->echoes, turn));
    set_count(object, "bytes_sent", turn->bytes_sent);
    set_count(object, "bytes_received", turn->bytes_received);
    set_count(object, "unserved", count_unserved(load, &served));
    set_count(object, "served", served);
}

static json_t *fairness_json(const struct load *load)
{
    struct fairness fairness = fairness_of(load);
    json_t *object = json_object();

    set_count(object, "worst", fairness.worst);
    set_count(object, "best", fairness.best);
    set_real(object, "variation", fairness.variation);
    set_real(object, "jain", fairness.jain);
    return object;
}

static json_t *result_json(const struct load *load, uint64_t connect_ns)
{
    const struct load_options *options = load->options;
    json_t *object = json_object();

    json_object_set_new(object, "version", json_string(SUITE_VERSION));
    json_object_set_new(object, "target",
                        json_string(options->target_text));
    json_object_set_new(object, "loop", json_string(mode(options)));
    json_object_set_new(object, "churn", json_boolean(options->churn));
    set_load(object, options);
    set_count(object, "connect_ns", connect_ns);
    set_clients(object, load);
    set_turn(object, load);
    set_run(object, load);
    json_object_set_new(object, "fairness", fairness_json(load));
    return object;
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

static void print_load(const struct load *load)
{
    const struct load_options *options = load->options;

    printf("%-12s%s, %s loop", "load", options->target_text, mode(options));
    if (options->rate != 0)
        printf(" of %ld/s", options->rate);
    printf(", %ld client%s%s, %ld B", options->clients,
           options->clients == 1 ? "" : "s",
           options->churn ? " (connect, echo, close)" : "", options->size);
    if (options->idle > 0)
        printf(", %ld idle", options->idle);
    printf(", %.3f s after %.3f s of warm-up%s\n",
           (double)elapsed_ns(&load->turn) / 1e9,
           (double)options->warmup_ns / 1e9,
           load->cut ? ", CUT SHORT" : "");
}

static void print_troubles(const struct load *load)
{
    const struct turn *turn = &load->turn;
    size_t served, unserved = count_unserved(load, &served);

    printf("%-12sserved %zu, unserved %zu, longest wait %.3f ms\n",
           "clients", served, unserved, (double)turn->longest_ns / 1e6);
    if (load->nidle > 0)
        printf("%-12sconnected %zu, lost %zu of %zu\n", "idle",
               load->idle_connected, load->idle_lost, load->nidle);
    if (load->options->rate != 0)
        printf("%-12s%llu of %llu planned messages\n", "unanswered",
               (unsigned long long)turn->unanswered,
               (unsigned long long)planned(turn));
    printf("%-12s%llu", "errors", (unsigned long long)sum_errors(load));
    for (int i = OUTCOME_REFUSED; i < OUTCOMES; i++)
        if (load->errors[i] > 0)
            printf(", %s %llu", error_names[i],
                   (unsigned long long)load->errors[i]);
    if (load->other_errno != 0)
        printf(" (%s)", strerror(load->other_errno));
    putchar('\n');
}

static void print_text(const struct load *load)
{
    const struct turn *turn = &load->turn;
    struct fairness fairness = fairness_of(load);

    print_load(load);
    printf("%-12s%llu, %.0f/s\n", "round trips",
           (unsigned long long)turn->echoes,
           per_second(turn->echoes, turn));
    print_latency("latency", &turn->latency);
    if (load->options->rate != 0) {
        print_latency("from send", &turn->from_send);
        print_latency("sent late", &turn->late);
        printf("%-12soffered %ld/s, achieved %.0f/s\n", "rate",
               load->options->rate,
               per_second(turn->from_send.count, turn));
    } else {
        printf("%-12sof a closed loop it is clients / rate once the server "
               "is full\n%-12s(Little's law), no service time\n",
               "", "");
    }
    printf(
        "%-12sworst %llu, best %llu, variation %.3f, Jain's index %.3f\n",
        "fairness", (unsigned long long)fairness.worst,
        (unsigned long long)fairness.best, fairness.variation,
        fairness.jain);
    print_troubles(load);
    printf("%-12s%.2f us a round trip (this side)\n", "processor",
           turn->all_echoes == 0 ? 0
                                 : (double)turn->cpu.total_ns / 1e3 /
                                       (double)turn->all_echoes);
}

int report_result(const struct load *load, uint64_t connect_ns)
{
    if (!load->options->json) {
        print_text(load);
        return fflush(stdout) == EOF ? -1 : 0;
    }
    return print_line("", result_json(load, connect_ns));
}
