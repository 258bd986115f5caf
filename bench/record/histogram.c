#include "bench/record/histogram.h"

#include "bench/record/stats.h"

enum { SUB_BUCKETS = 1 << HISTOGRAM_SUB_BITS };

static size_t bucket_of(uint64_t value)
{
    if (value < SUB_BUCKETS)
        return (size_t)value;
    if (value >> HISTOGRAM_BITS != 0)
        return HISTOGRAM_BUCKETS - 1;
    unsigned highest = 63 - (unsigned)__builtin_clzll(value);
    unsigned shift = highest - HISTOGRAM_SUB_BITS;
    /* value >> shift is 256 ... 511, and so counts shift's block in. */
    return ((size_t)shift << HISTOGRAM_SUB_BITS) + (size_t)(value >> shift);
}

uint64_t histogram_edge(const struct histogram *histogram, size_t bucket)
{
    if (bucket < SUB_BUCKETS)
        return bucket;
    if (bucket == HISTOGRAM_BUCKETS - 1)
        return histogram->max;
    size_t shift = (bucket >> HISTOGRAM_SUB_BITS) - 1;
    uint64_t next = bucket - (shift << HISTOGRAM_SUB_BITS) + 1;
    return (next << shift) - 1;
}

void histogram_record(struct histogram *histogram, uint64_t value)
{
    if (histogram->count == 0 || value < histogram->min)
        histogram->min = value;
    if (value > histogram->max)
        histogram->max = value;
    histogram->count++;
    histogram->sum += value;
    histogram->counts[bucket_of(value)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    if (from->count == 0)
        return;
    if (into->count == 0 || from->min < into->min)
        into->min = from->min;
    if (from->max > into->max)
        into->max = from->max;
    into->count += from->count;
    into->sum += from->sum;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->counts[i] += from->counts[i];
}

uint64_t histogram_percentile(const struct histogram *histogram,
                              double percent)
{
    uint64_t rank = stats_rank(histogram->count, percent);
    uint64_t seen = 0;

    if (rank == 0)
        return 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen < rank)
            continue;
        uint64_t edge = histogram_edge(histogram, i);
        return edge < histogram->max ? edge : histogram->max;
    }
    return histogram->max;
}

double histogram_mean(const struct histogram *histogram)
{
    if (histogram->count == 0)
        return 0;
    return (double)histogram->sum / (double)histogram->count;
}
