/*
 * How fair is a server? Clients that send all they can and read what comes
 * (hoses), and a quiet one beside them that asks for one echo a second.
 */
#ifndef BENCH_LOAD_HOSES_H
#define BENCH_LOAD_HOSES_H

#include "bench/load/load.h"

#include <stdint.h>

/* What a turn of hoses has come to. */
struct hoses {
    uint64_t least, most; /* bytes that came back to one of them */
    uint64_t bytes;       /* to all of them */
    uint64_t owed;        /* bytes that were sent and did not come back */
};

/*
 * Drives all clients but the first as hoses; the first is the quiet one.
 * Its echoes are counted in load->turn, its longest wait among them.
 *
 * drive_ns  so long they send; the quiet one asks first when the hoses have
 *           sent for 100 ms
 * drain_ns  how long to wait at most for what is then under way
 * Returns   0, or -1 with errno: no memory.
 */
int hoses_run(struct load *load, uint64_t drive_ns, uint64_t drain_ns,
              struct hoses *hoses);

#endif
