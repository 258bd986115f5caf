/*
 * The frames of chat: a length, the name of the speaker, the text.
 *
 *   2 bytes  length of what follows, most significant byte first
 *   1 byte   length of the name
 *   ...      name
 *   ...      text: all that is left; may be empty
 *
 * A client's first frame says its name. The server answers with the same
 * frame when the name is free; otherwise it says why not and closes.
 *
 * TCP has no messages, so one recv() may bring half a frame or three. The
 * length says where each frame ends, whatever bytes it holds.
 */
#ifndef SELECT_FRAME_H
#define SELECT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    FRAME_NAME = 32,   /* bytes, the most in a name */
    FRAME_TEXT = 1024, /* bytes, the most in a text */
    FRAME_BYTES = 2 + 1 + FRAME_NAME + FRAME_TEXT,
};

struct frame {
    char name[FRAME_NAME + 1];
    size_t length; /* bytes of text */
    char text[FRAME_TEXT];
};

/*
 * Takes the first frame from what has arrived.
 *
 * data     n bytes; borrowed
 * Returns  the bytes that the frame took; or 0: it is not complete yet; or
 *          -1: it is too long or malformed (frame_name_fits() refuses the
 *          name, or the lengths disagree), so that nobody knows where the
 *          next frame begins. *frame is then undefined.
 */
ssize_t frame_parse(const void *data, size_t n, struct frame *frame);

/*
 * Writes a frame.
 *
 * out      room for FRAME_BYTES
 * name     one that frame_name_fits()
 * text     n bytes; cut at FRAME_TEXT
 * Returns  the bytes written.
 */
size_t frame_build(void *out, const char *name, const void *text, size_t n);

/* Is it a name: 1 to FRAME_NAME bytes of printable UTF-8? */
bool frame_name_fits(const void *name, size_t n);

#endif
