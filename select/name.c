#include "select/name.h"

#include "select/frame.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

/* A character of 3 bytes becomes one of 33 at most (U+FDFA). */
enum { KEY_BYTES = 11 * FRAME_NAME };

/* What a name looks like. */
struct key {
    uint8_t text[KEY_BYTES];
    size_t length; /* bytes; 0: it shows nothing */
};

static bool is_blank(ucs4_t c)
{
    /* Braille without a dot is no white space by its property. */
    return uc_is_property_white_space(c) || c == 0x2800;
}

static bool shows_nothing(ucs4_t c)
{
    return uc_is_property_default_ignorable_code_point(c) ||
           uc_is_general_category(c, UC_FORMAT);
}

/* Takes out what shows nothing, and makes one space of blanks between
 * other characters. Returns the bytes that are left. */
static size_t strip(uint8_t *text, size_t n)
{
    size_t used = 0;
    bool blank = false;

    for (size_t at = 0; at < n;) {
        ucs4_t c;
        int length = u8_mbtouc(&c, text + at, n - at);
        if (is_blank(c)) {
            blank = used > 0;
        } else if (!shows_nothing(c)) {
            if (blank)
                text[used++] = ' ';
            blank = false;
            memmove(text + used, text + at, (size_t)length);
            used += (size_t)length;
        }
        at += (size_t)length;
    }
    return used;
}

/* Twice: characters may join when what was between them is gone, and may
 * come apart into some that show nothing. */
static struct key key_of(const char *name)
{
    struct key key = {.length = KEY_BYTES};
    uint8_t plain[FRAME_NAME];
    size_t n = strnlen(name, FRAME_NAME);

    memcpy(plain, name, n);
    n = strip(plain, n);
    uint8_t *folded = u8_casefold(plain, n, NULL, UNINORM_NFKC, key.text,
                                  &key.length);
    if (folded != key.text) { /* no memory, or too long: it can't be */
        free(folded);
        key.length = 0;
    }
    key.length = strip(key.text, key.length);
    return key;
}

const char *name_fault(const char *name)
{
    const struct key key = key_of(name);

    if (key.length == 0)
        return "shows nothing";
    return memchr(key.text, ':', key.length) != NULL ? "has a colon" : NULL;
}

bool name_looks_like(const char *a, const char *b)
{
    const struct key x = key_of(a), y = key_of(b);

    return x.length == y.length && memcmp(x.text, y.text, x.length) == 0;
}
