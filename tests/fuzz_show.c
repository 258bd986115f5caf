/* libFuzzer: what is shown holds no control character, is well-formed, and
 * to show it again changes nothing. */
#include "common/show.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char *shown(const void *text, size_t n, size_t *length)
{
    char *result;
    FILE *out = open_memstream(&result, length);

    show_text(out, text, n);
    fclose(out);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    size_t length, again_length;
    char *once = shown(data, n, &length);

    for (size_t at = 0; at < length;) {
        size_t character = show_character(once + at, length - at);
        if (character == 0)
            abort();
        at += character;
    }
    char *again = shown(once, length, &again_length);
    if (again_length != length || memcmp(once, again, length) != 0)
        abort();
    free(once);
    free(again);
    return 0;
}
