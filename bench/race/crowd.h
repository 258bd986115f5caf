/*
 * Measures a slice in which connections are held, as many at once as were
 * asked for: by one server, or by several that share a port, and by as many
 * generators (bench/hold) as it takes.
 *
 * Nothing of the system's settings is changed. However it ends, nothing
 * runs afterwards, and the generators' connections are reset.
 */
#ifndef BENCH_RACE_CROWD_H
#define BENCH_RACE_CROWD_H

#include "bench/race/bench.h"
#include "bench/race/participants.h"
#include "bench/record/row.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limits_machine;

/* How the connections are shared out. */
struct crowd_plan {
    uint64_t connections;
    size_t servers, generators;
    uint64_t sources; /* addresses of each generator, which nobody shares */
};

/*
 * Shares them out. No input, no output.
 *
 * wanted   connections
 * spread   over several servers, one for each core at least
 * cores    of this machine
 */
struct crowd_plan crowd_share(uint64_t wanted, bool spread,
                              const struct limits_machine *machine,
                              size_t cores);

/*
 * Measures.
 *
 * job      what is held; its server_args are added to
 * row      receives what there is to say
 * started  receives whether all servers came to listen
 * error    receives a sentence; size bytes
 * Returns  0; or -1 with error: errno is EINTR when a signal interrupted
 * it.
 */
int crowd_measure(const struct bench *bench, struct job *job,
                  const struct participant *who, struct row *row,
                  bool *started, char *error, size_t size);

#endif
