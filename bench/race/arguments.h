/*
 * Command lines of programs that a script in bench/ starts: what they say
 * names the script, which the user has called.
 */
#ifndef BENCH_RACE_ARGUMENTS_H
#define BENCH_RACE_ARGUMENTS_H

#include <argp.h>

/*
 * As argp_parse(), with --version; checks stdout, too
 * (options_check_stdout()).
 *
 * script   "bench/run"; kept
 * Errors   exits with EXIT_USAGE; --help and --version exit with 0.
 */
void arguments_parse(const struct argp *argp, char *script, int argc,
                     char **argv, void *input);

#endif
