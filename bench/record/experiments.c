#include "bench/record/experiment.h"

#include <string.h>

/* In the order of the report. */
const struct experiment *const experiments[] = {
    &experiment_clients,  &experiment_churn,    &experiment_idle,
    &experiment_fairness, &experiment_stall,    &experiment_lap,
    &experiment_size,     &experiment_work,     &experiment_rate,
    &experiment_memory,   &experiment_syscalls, &experiment_held,
    &experiment_million,
};

const size_t nexperiments = sizeof(experiments) / sizeof(experiments[0]);

const struct experiment *experiment_find(const char *name)
{
    for (size_t i = 0; i < nexperiments; i++)
        if (strcmp(experiments[i]->name, name) == 0)
            return experiments[i];
    return NULL;
}
