/*
 * The command line of a benchmark run.
 */
#ifndef BENCH_RACE_SETTINGS_H
#define BENCH_RACE_SETTINGS_H

#include "bench/race/participants.h"
#include "bench/record/experiment.h"

#include <stddef.h>
#include <stdint.h>

enum { EXPERIMENTS_MAX = 16 };

struct settings {
    enum budget budget;
    unsigned turn_ms; /* least length of a turn; 0: the point's own */
    uint64_t time_ns; /* the run ends at this age at the latest */
    uint64_t seed;
    unsigned held;   /* connections to hold; 0: what the experiment says */
    const char *out; /* directory of the run; NULL: a new one */
    const char *reference; /* name of a participant */
    const char *against;   /* other version: a directory or a git revision;
                              NULL: none */
    const char *models;    /* list as given; NULL: the plain ones */
    const char **servers;  /* NAME=COMMAND */
    size_t nservers;
    const char *peers; /* list as given; "all"; NULL: none */
    const struct experiment *wanted[EXPERIMENTS_MAX];
    size_t nwanted;
};

/*
 * Reads the command line.
 *
 * Returns  the settings; texts point into argv.
 * Errors   exits with EXIT_USAGE, naming what was given and what is
 *          accepted; --help and --version exit with 0.
 */
struct settings settings_parse(int argc, char **argv);

#endif
