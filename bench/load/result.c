#include "bench/load/result.h"

#include <stdlib.h>

static void add_tally(struct tally *into, const struct tally *from)
{
    into->round_trips += from->round_trips;
    into->connects += from->connects;
    into->bytes_sent += from->bytes_sent;
    into->bytes_received += from->bytes_received;
}

static void add_measures(struct load_result *result,
                         const struct worker *worker)
{
    uint64_t elapsed_ns = worker->ended_ns - worker->began_ns;

    if (result->began_ns == 0 || worker->began_ns < result->began_ns)
        result->began_ns = worker->began_ns;
    if (elapsed_ns > result->elapsed_ns)
        result->elapsed_ns = elapsed_ns;
    result->in_flight += worker->in_flight;
    add_tally(&result->warmup, &worker->warmup);
    add_tally(&result->window, &worker->window);
    add_tally(&result->after, &worker->after);
    result->cpu.total_ns += worker->cpu.total_ns;
    result->cpu.user_ns += worker->cpu.user_ns;
    result->cpu.sys_ns += worker->cpu.sys_ns;
    histogram_merge(&result->latency, &worker->latency);
    histogram_merge(&result->from_send, &worker->from_send);
    histogram_merge(&result->late, &worker->late);
}

static void add_troubles(struct load_result *result,
                         const struct worker *worker)
{
    result->planned += worker->from_send.count + worker->unanswered;
    result->unanswered += worker->unanswered;
    if (worker->longest_ns > result->longest_ns)
        result->longest_ns = worker->longest_ns;
    for (int i = OUTCOME_REFUSED; i < OUTCOMES; i++) {
        result->errors[i] += worker->errors[i];
        result->errors_total += worker->errors[i];
    }
    if (result->other_errno == 0)
        result->other_errno = worker->other_errno;
    result->connected += worker->connected;
    result->idle_connected += worker->idle_connected;
    result->idle_lost += worker->idle_lost;
    result->served += worker->served;
    result->unserved += worker->unserved;
}

static int collect_fairness(struct load_result *result,
                            struct worker *const *workers, size_t n)
{
    size_t clients = (size_t)result->options->clients;
    uint64_t *echoes = calloc(clients, sizeof(*echoes));
    size_t next = 0;

    if (echoes == NULL)
        return -1;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < workers[i]->nclients; j++)
            echoes[next++] = workers[i]->clients[j].echoes;
    result->fairness = stats_fairness(echoes, clients);
    result->fairness_mean = (double)result->window.round_trips /
                            (double)clients;
    free(echoes);
    return 0;
}

int load_result_collect(struct load_result *result,
                        struct worker *const *workers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        add_measures(result, workers[i]);
        add_troubles(result, workers[i]);
    }
    if (result->latency.max > result->longest_ns)
        result->longest_ns = result->latency.max;
    return collect_fairness(result, workers, n);
}
