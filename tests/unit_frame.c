/* select/frame: frames in pieces, too long, and none. */
#include "select/frame.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(frame, comes_back_as_it_was)
{
    static const size_t sizes[] = {0, 1, 255, FRAME_TEXT};
    char text[FRAME_TEXT + 1];
    unsigned char data[FRAME_BYTES];
    struct frame frame;

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)i; /* any bytes, NUL too */
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t n = frame_build(data, "철수", text, sizes[i]);
        cr_assert_eq(frame_parse(data, n, &frame), (ssize_t)n);
        cr_assert_str_eq(frame.name, "철수");
        cr_assert_eq(frame.length, sizes[i]);
        cr_assert_arr_eq(frame.text, text, sizes[i]);
    }
    size_t cut = frame_build(data, "철수", text, FRAME_TEXT + 1);
    cr_assert_eq(frame_parse(data, cut, &frame), (ssize_t)cut);
    cr_assert_eq(frame.length, FRAME_TEXT);
}

Test(frame, waits_for_the_rest_at_every_byte)
{
    unsigned char data[2 * FRAME_BYTES];
    struct frame frame;
    size_t n = frame_build(data, "ann", "hello", 5);

    frame_build(data + n, "bob", "hi", 2);
    for (size_t cut = 0; cut < n; cut++)
        cr_assert_eq(frame_parse(data, cut, &frame), 0, "cut at %zu", cut);
    for (size_t more = n; more < n + 9; more++)
        cr_assert_eq(frame_parse(data, more, &frame), (ssize_t)n);
}

static void refuse(const char *what, const char *data, size_t n)
{
    struct frame frame;

    cr_assert_eq(frame_parse(data, n, &frame), -1, "%s", what);
}

Test(frame, refuses_what_is_malformed)
{
    char big[FRAME_BYTES + 100] = {0};
    size_t body = 1 + 1 + FRAME_TEXT + 1;

    refuse("nothing in it", "\0\0", 2);
    refuse("no room for a name", "\0\1\0", 3);
    refuse("too long, known by its length alone", "\xff\xff", 2);
    refuse("an empty name", "\0\3\0hi", 5);
    refuse("a name beyond the end", "\0\3\5hi", 5);
    refuse("a name with a control character", "\0\3\2\x1b[", 5);
    refuse("a name that is not UTF-8", "\0\2\1\xff", 4);
    big[0] = (char)(body >> 8);
    big[1] = (char)body;
    big[2] = 1;
    big[3] = 'a';
    refuse("a text too long beside a short name", big, body + 2);
    big[0] = 0;
    big[1] = 34; /* of which a name of 33 */
    big[2] = 33;
    memset(big + 3, 'a', 33);
    refuse("a name too long", big, 36);
}

/* Any input is parsed to an end, and within its bytes (ASan would see). */
Test(frame, survives_random_bytes)
{
    struct frame frame;

    srandom(1);
    for (int round = 0; round < 20000; round++) {
        size_t n = (size_t)random() % 64;
        unsigned char *data = malloc(n + 1);
        cr_assert(data != NULL);
        for (size_t i = 0; i < n; i++)
            data[i] = (unsigned char)(i == 0 ? 0 : random() % 64);
        ssize_t used = frame_parse(data, n, &frame);
        cr_assert(used >= -1 && used <= (ssize_t)n);
        if (used > 0)
            cr_assert_leq(frame.length, FRAME_TEXT);
        free(data);
    }
}

Test(frame, names)
{
    cr_assert(frame_name_fits("client1", 7));
    cr_assert(frame_name_fits("a b", 3));
    cr_assert_not(frame_name_fits("", 0));
    cr_assert_not(frame_name_fits("a\nb", 3));
    cr_assert(frame_name_fits("12345678901234567890123456789012", 32));
    cr_assert_not(frame_name_fits("123456789012345678901234567890123", 33));
    cr_assert_not(frame_name_fits("\xec\x95", 2));
}
