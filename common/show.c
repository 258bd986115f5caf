#include "common/show.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

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

/*
 * What rules a terminal or deceives its reader: controls; what changes the
 * order of the characters around it, so that a line reads otherwise than it
 * is (CVE-2021-42574); what shows nothing. Not here: the joiners U+200C and
 * U+200D and the variation selectors, which whole languages and many emoji
 * are written with.
 */
static const struct {
    uint32_t first, last;
} unfit[] = {
    {0x0000, 0x001f},   /* C0 */
    {0x007f, 0x009f},   /* DEL, C1 */
    {0x00ad, 0x00ad},   /* soft hyphen */
    {0x061c, 0x061c},   /* Arabic letter mark: direction */
    {0x180e, 0x180e},   /* Mongolian vowel separator */
    {0x200b, 0x200b},   /* zero width space */
    {0x200e, 0x200f},   /* marks of direction */
    {0x2028, 0x202e},   /* line, paragraph; embeddings and overrides */
    {0x2060, 0x206f},   /* word joiner, invisible signs; isolates */
    {0xfeff, 0xfeff},   /* byte order mark */
    {0xfff9, 0xfffb},   /* annotations */
    {0xe0000, 0xe007f}, /* tags: a whole ASCII that nobody sees */
};

static bool is_fit(uint32_t value)
{
    for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++)
        if (value >= unfit[i].first && value <= unfit[i].last)
            return false;
    return true;
}

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
    return is_fit(value) ? length + 1 : 0;
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

static void show_lines(FILE *out, const char *text)
{
    for (;;) {
        size_t n = strcspn(text, "\n");
        show_text(out, text, n);
        if (text[n] == '\0')
            return;
        putc('\n', out);
        text += n + 1;
    }
}

char *show_format(const char *format, va_list args)
{
    char *text, *shown = NULL;
    size_t size;

    if (vasprintf(&text, format, args) == -1)
        return NULL;
    FILE *out = open_memstream(&shown, &size);
    if (out != NULL) {
        show_lines(out, text);
        if (fclose(out) != 0) {
            free(shown);
            shown = NULL;
        }
    }
    free(text);
    return shown;
}
