#include "select/frame.h"

#include "common/show.h"

#include <string.h>

bool frame_name_fits(const void *name, size_t n)
{
    const unsigned char *bytes = name;

    if (n == 0 || n > FRAME_NAME)
        return false;
    for (size_t i = 0; i < n;) {
        size_t length = show_character(bytes + i, n - i);
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

ssize_t frame_parse(const void *data, size_t n, struct frame *frame)
{
    const unsigned char *bytes = data;

    if (n < 2)
        return 0;
    size_t body = (size_t)bytes[0] << 8 | bytes[1];
    if (body < 2 || body > FRAME_BYTES - 2)
        return -1; /* at once: the rest of it need not come */
    if (n < 2 + body)
        return 0;
    size_t name = bytes[2];
    if (1 + name > body || body - 1 - name > FRAME_TEXT ||
        !frame_name_fits(bytes + 3, name))
        return -1;
    memcpy(frame->name, bytes + 3, name);
    frame->name[name] = '\0';
    frame->length = body - 1 - name;
    memcpy(frame->text, bytes + 3 + name, frame->length);
    return (ssize_t)(2 + body);
}

size_t frame_build(void *out, const char *name, const void *text, size_t n)
{
    unsigned char *bytes = out;
    size_t length = strnlen(name, FRAME_NAME);

    if (n > FRAME_TEXT)
        n = FRAME_TEXT;
    size_t body = 1 + length + n;
    bytes[0] = (unsigned char)(body >> 8);
    bytes[1] = (unsigned char)body;
    bytes[2] = (unsigned char)length;
    memcpy(bytes + 3, name, length);
    if (n > 0)
        memcpy(bytes + 3 + length, text, n);
    return 2 + body;
}
