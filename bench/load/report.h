/*
 * What the load generator prints, in words or as JSON.
 */
#ifndef BENCH_LOAD_REPORT_H
#define BENCH_LOAD_REPORT_H

#include "bench/load/hoses.h"
#include "bench/load/load.h"

#include <stdint.h>

/* One line: "ready {...}", after gathering. 0, or -1 with errno. */
int report_ready(const struct load *load);

/* One line of JSON about load->turn. 0, or -1 with errno. */
int report_turn(const struct load *load);

/* The same of a turn of hoses. */
int report_hoses(const struct load *load, const struct hoses *hoses);

/* One line of JSON: what turn_ask_all() came to. 0, or -1 with errno. */
int report_asked(const struct load *load);

/*
 * The result of a run with a single turn, as the options ask for it.
 *
 * connect_ns  until all were connected
 * Returns     0, or -1 with errno when it could not be written.
 */
int report_result(const struct load *load, uint64_t connect_ns);

#endif
