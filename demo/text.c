#include "demo/text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

size_t text_next(const char *text, size_t n, wchar_t *c)
{
    mbstate_t state = {0};
    size_t taken = mbrtowc(c, text, n, &state);

    if (taken == 0 || taken > n) { /* NUL, or not a character: (size_t)-1 */
        *c = L'?';
        return 1;
    }
    if (!iswprint((wint_t)*c) || wcwidth(*c) < 1)
        *c = L'?';
    return taken;
}

char *text_clean(char *to, size_t size, const char *from)
{
    size_t left = strlen(from);
    size_t filled = 0;
    char bytes[MB_LEN_MAX];

    while (left > 0) {
        wchar_t c;
        mbstate_t state = {0};
        size_t taken = text_next(from, left, &c);
        size_t n = wcrtomb(bytes, c, &state);
        if (n > sizeof(bytes) || filled + n >= size)
            break;
        memcpy(to + filled, bytes, n);
        filled += n;
        from += taken;
        left -= taken;
    }
    to[filled] = '\0';
    return to;
}

void text_list(char *list, size_t size, const char *word)
{
    size_t n = strlen(list);

    snprintf(list + n, size - n, "%s%s", n > 0 ? ", " : "", word);
}
