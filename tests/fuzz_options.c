/*
 * libFuzzer: the values of options. What is taken lies within its range,
 * and its spelling by the C library is taken as the same; what is refused
 * leaves the value alone.
 */
#include "common/options.h"
#include "common/work.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void read_number(const char *text, long min, long max)
{
    const long before = 4711;
    long value = before;
    long again = before;
    char spelled[32];

    if (options_number(text, min, max, &value) == -1) {
        check(value == before);
        return;
    }
    check(value >= min && value <= max);
    snprintf(spelled, sizeof(spelled), "%ld", value);
    check(options_number(spelled, min, max, &again) == 0);
    check(again == value);
}

static void read_duration(const char *text, uint64_t max_ns)
{
    const uint64_t before = 4711;
    uint64_t ns = before;
    uint64_t again = before;
    char spelled[32];

    if (options_duration_ns(text, max_ns, &ns) == -1) {
        check(ns == before);
        return;
    }
    check(ns <= max_ns);
    snprintf(spelled, sizeof(spelled), "%" PRIu64 "ns", ns);
    check(options_duration_ns(spelled, max_ns, &again) == 0);
    check(again == ns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = strndup((const char *)data, n);

    check(text != NULL);
    read_number(text, 0, UINT16_MAX);
    read_number(text, 1, 1000000);
    read_number(text, LONG_MIN, LONG_MAX);
    read_duration(text, 10 * UINT64_C(1000000000));
    read_duration(text, UINT64_C(3600000000000));
    if (strncmp(text, "cpu:", 4) != 0) /* which measures, when accepted */
        work_set(text);
    free(text);
    return 0;
}
