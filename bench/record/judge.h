/*
 * The verdict on servers that took turns in the same blocks: which
 * one is cheaper or faster, by how much, and how sure that is. No input,
 * no output.
 *
 * A block gives a pair of servers one figure: the difference of the
 * logarithms, each the mean of the server's two turns. Over the blocks
 * stands the 20 % trimmed mean with Yuen's error. The interval of two
 * servers alone holds with 95 %; those of all pairs of a table hold
 * together with 99 %, so that one table in a hundred ranks equals
 * (stats_max_t()). They are widened by JUDGE_LOOKS, as a run stops when
 * they are narrow enough. No block is left out for what was measured in it.
 */
#ifndef BENCH_RECORD_JUDGE_H
#define BENCH_RECORD_JUDGE_H

#include "bench/record/experiment.h"
#include "bench/record/reading.h"

#include <stdbool.h>
#include <stddef.h>

enum { JUDGE_BLOCKS = 10, JUDGE_SERVERS = 64 };

#define JUDGE_LOOKS 1.05 /* for the looks before the last one */
#define JUDGE_EQUAL 0.03 /* an interval within +-3 %: equivalent */
#define JUDGE_WIDE \
    0.05 /* one that reaches further than +-5 % says little */

enum word {
    WORD_BETTER,
    WORD_WORSE,
    WORD_EQUAL,     /* the interval lies within JUDGE_EQUAL */
    WORD_OPEN,      /* it holds 1: not distinguished */
    WORD_IMPRECISE, /* likewise, and it is wider than JUDGE_WIDE */
    WORD_UNRANKED,  /* the reason is told */
};

/* What the blocks say of a ratio. */
struct estimate {
    double ratio, low, high; /* NAN without JUDGE_BLOCKS blocks */
    size_t blocks;
    bool batched; /* neighbours depend on each other: from batch means */
};

struct pair {
    size_t model, against; /* indices into table.models; against < model */
    struct estimate all;   /* of every block: the verdict is on this */
    struct estimate quiet; /* of the blocks that nobody disturbed */
    enum word word;
    bool at_least;    /* the generator held the faster one back */
    char reason[112]; /* of WORD_UNRANKED; or "" */
};

struct table {
    enum metric metric;
    struct spot spot;
    const char
        *models[JUDGE_SERVERS]; /* the reference first; of the rows */
    size_t nmodels;
    struct pair *pairs; /* owned; judge_free() */
    size_t n;
    size_t blocks, disturbed; /* disturbed: something else kept a server
                                 or the generator from running */
};

/*
 * All pairs at one spot: experiment, x, variant, placement; of every model.
 *
 * reference  comes first among the models; NULL: the first in the rows
 * Returns    0, or -1 when there is no memory.
 */
int judge(const struct rows *rows, const struct spot *spot,
          const char *reference, enum metric metric, struct table *table);
void judge_free(struct table *table);

/*
 * When may a run stop? The widest interval so far, of all pairs and all
 * figures that the experiment judges and that can be ranked.
 *
 * Returns  half its width: 0.02 for +-2 %; INFINITY while there are fewer
 *          than JUDGE_BLOCKS blocks; 0 when nothing can be ranked.
 */
double judge_width(const struct rows *rows,
                   const struct experiment *experiment,
                   const struct point *point);

/* What an interval says. better: 1: more is better; -1: less is. */
enum word judge_interval(const struct estimate *estimate, int better);

/* How sure it is that all intervals of a table hold together. */
int judge_percent(const struct table *table);

/* "cheaper", "not distinguished" ...: a verdict in words, of any pair. */
const char *judge_word(const struct table *table, const struct pair *pair);

/*
 * The pair of two models, by their indices in any order: a against b.
 *
 * Returns  false when there is none
 */
bool judge_between(const struct table *table, size_t a, size_t b,
                   struct pair *pair);

/* Index of a model; table->nmodels: it is not there. */
size_t judge_find(const struct table *table, const char *model);

#endif
