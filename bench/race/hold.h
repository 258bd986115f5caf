/*
 * Holds connections, as many at once as were asked for: of one server, or
 * of several that share a port, by as many generators as it takes. Each
 * connection is echoed on when it is made and again at the end; in between
 * ten of them talk for a second.
 *
 * Nothing of the system's settings is changed. However it ends, nothing
 * runs afterwards, and the generators' connections are reset.
 */
#ifndef BENCH_RACE_HOLD_H
#define BENCH_RACE_HOLD_H

#include "bench/race/bench.h"
#include "bench/race/participants.h"
#include "bench/record/experiment.h"
#include "bench/record/row.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct limits_machine;

/* How the connections are shared out. */
struct hold_plan {
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
struct hold_plan hold_share(uint64_t wanted, bool spread,
                            const struct limits_machine *machine,
                            size_t cores);

/*
 * Measures.
 *
 * job      what is held; its server_args are added to
 * row      receives what there is to say
 * error    receives a sentence; size bytes
 * Returns  0; or -1 with error: errno is EINTR when a signal interrupted
 *          it.
 */
int hold_measure(const struct bench *bench, struct job *job,
                 const struct participant *who, struct row *row,
                 char *error, size_t size);

#endif
