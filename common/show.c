#include "common/show.h"

#include <stdint.h>

/* RFC 3629: the length by the first byte, and the least value of that
 * length; below it lies another, forbidden spelling of a shorter one. */
static const struct {
    unsigned char mask, lead;
    uint32_t least;
} lengths[] = {
    {0x80, 0x00, 0x0},
    {0xe0, 0xc0, 0x80},
    {0xf0, 0xe0, 0x800},
    {0xf8, 0xf0, 0x10000},
};

size_t show_character(const void *text, size_t n)
{
    const unsigned char *bytes = text;
    size_t length = 0; /* less one */

    while (length < 4 &&
           (bytes[0] & lengths[length].mask) != lengths[length].lead)
        length++;
    if (length == 4 || length >= n)
        return 0;
    uint32_t value = bytes[0] & (unsigned char)~lengths[length].mask;
    for (size_t i = 1; i <= length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (bytes[i] & 0x3f);
    }
    if (value < lengths[length].least || value > 0x10ffff ||
        (value >= 0xd800 && value <= 0xdfff)) /* halves of UTF-16 */
        return 0;
    if (value < 0x20 || (value >= 0x7f && value <= 0x9f))
        return 0;
    return length + 1;
}

void show_text(FILE *out, const void *text, size_t n)
{
    const unsigned char *bytes = text;

    while (n > 0) {
        size_t length = show_character(bytes, n);
        if (length > 0)
            fwrite(bytes, 1, length, out);
        else
            fprintf(out, "\\x%02x", bytes[0]);
        length += length == 0;
        bytes += length;
        n -= length;
    }
}
