#include "bench/race/calm.h"

#include "bench/record/stats.h"

#include <math.h>
#include <string.h>

enum { FLOORS_MIN = 5 };

static const double floor_slow = 1.3;   /* times the median */
static const double others_much = 0.10; /* of all cores */
static const double steal_much = 0.02;

static double median_floor(const struct calm *calm)
{
    double values[CALM_FLOORS];
    size_t n = calm->n < CALM_FLOORS ? calm->n : CALM_FLOORS;

    memcpy(values, calm->floors, n * sizeof(values[0]));
    return stats_summary(values, n).median;
}

const char *calm_disturbance(struct calm *calm, const struct row *row)
{
    double floor_us = row->value[ROW_FLOOR_US];
    const char *what = NULL;

    if (calm->n >= FLOORS_MIN && floor_us > median_floor(calm) * floor_slow)
        what = "the machine was slow before the slice (floor)";
    else if (isnan(row->value[ROW_SERVER_CPU_US]))
        what = "processes of the server came late";
    else if (row->value[ROW_OTHERS_SHARE] > others_much)
        what = "other programs used the machine";
    else if (row->value[ROW_STEAL_SHARE] > steal_much)
        what = "the host took the processor away";
    if (floor_us > 0)
        calm->floors[calm->n++ % CALM_FLOORS] = floor_us;
    return what;
}
