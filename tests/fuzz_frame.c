/* libFuzzer: a stream of frames; each that is taken is built again, to the
 * same bytes. */
#include "select/frame.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    unsigned char built[FRAME_BYTES];
    struct frame frame;
    ssize_t used;

    while ((used = frame_parse(data, n, &frame)) > 0) {
        check((size_t)used <= n && used <= FRAME_BYTES);
        check(frame_name_fits(frame.name, strlen(frame.name)));
        check(frame.length <= FRAME_TEXT);
        check(frame_build(built, frame.name, frame.text, frame.length) ==
              (size_t)used);
        check(memcmp(built, data, (size_t)used) == 0);
        for (ssize_t cut = 0; cut < used; cut++)
            check(frame_parse(data, (size_t)cut, &frame) == 0);
        data += used;
        n -= (size_t)used;
    }
    return 0;
}
