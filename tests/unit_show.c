/* common/show: what strangers send, as it is shown. */
#include "common/show.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void expect(const char *given, size_t n, const char *wanted)
{
    char *shown;
    size_t length;
    FILE *out = open_memstream(&shown, &length);

    show_text(out, given, n);
    fclose(out);
    cr_assert_str_eq(shown, wanted);
    free(shown);
}

Test(show, lets_text_pass)
{
    expect("", 0, "");
    expect("plain text~", 11, "plain text~");
    expect("안녕하세요", strlen("안녕하세요"), "안녕하세요");
    expect("你好 é 🙂", strlen("你好 é 🙂"), "你好 é 🙂");
    expect("C:\\x1b", 6,
           "C:\\x1b"); /* a backslash is no control character */
}

Test(show, escapes_control_characters)
{
    expect("\x1b[2J", 4, "\\x1b[2J");
    expect("a\r\n\tb", 5, "a\\x0d\\x0a\\x09b");
    expect("\0\x7f", 2, "\\x00\\x7f");
    expect("\xc2\x9b"
           "2J",
           4, "\\xc2\\x9b2J");         /* CSI in one character */
    expect("\xc2\xa0", 2, "\xc2\xa0"); /* the first above them */
}

/* "Trojan source": what is read is not what was sent. */
Test(show, escapes_what_turns_the_direction_or_hides)
{
    expect("\xe2\x80\xae-\xe2\x80\xac", 7, /* right to left, and back */
           "\\xe2\\x80\\xae-\\xe2\\x80\\xac");
    expect("\xe2\x81\xa6-\xe2\x81\xa9", 7, /* isolate, and end of it */
           "\\xe2\\x81\\xa6-\\xe2\\x81\\xa9");
    expect("\xd8\x9c", 2, "\\xd8\\x9c");
    expect("\xe2\x80\x8f", 3, "\\xe2\\x80\\x8f");
    expect("\xe2\x80\x8b", 3, "\\xe2\\x80\\x8b"); /* nothing, as wide */
    expect("\xef\xbb\xbf", 3, "\\xef\\xbb\\xbf");
    expect("\xf3\xa0\x81\x81", 4, "\\xf3\\xa0\\x81\\x81"); /* an unseen A */
}

Test(show, lets_pass_what_languages_are_written_with)
{
    expect("می\u200cخواهم", strlen("می\u200cخواهم"), "می\u200cخواهم");
    expect("👩\u200d👧 ❤\ufe0f", strlen("👩\u200d👧 ❤\ufe0f"),
           "👩\u200d👧 ❤\ufe0f");
    expect("שלום", strlen("שלום"), "שלום");
}

/* NULL where there was no memory. */
static char *format_text(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
static char *format_text(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    char *text = show_format(format, args);
    va_end(args);
    return text;
}

Test(show, keeps_the_lines_of_a_message)
{
    char *text = format_text("%s:\n%s\n", "\x1b[2J", "\xff\ttold");

    cr_assert_str_eq(text, "\\x1b[2J:\n\\xff\\x09told\n");
    free(text);
    text = format_text("%s", "");
    cr_assert_str_eq(text, "");
    free(text);
}

Test(show, escapes_what_is_not_utf8)
{
    expect("\xff\xfe", 2, "\\xff\\xfe");
    expect("\x80", 1, "\\x80");
    expect("\xec\x95", 2, "\\xec\\x95"); /* cut short */
    expect("\xec\x95x", 3, "\\xec\\x95x");
    expect("\xc0\x9b", 2, "\\xc0\\x9b"); /* ESC, spelled too long */
    expect("\xe0\x80\x9b", 3, "\\xe0\\x80\\x9b");
    expect("\xc1\x81", 2, "\\xc1\\x81"); /* A, in the same way */
    expect("\xe0\x81\x81", 3, "\\xe0\\x81\\x81");
    expect("\xf0\x80\x81\x81", 4, "\\xf0\\x80\\x81\\x81");
    expect("\xed\xa0\x80", 3, "\\xed\\xa0\\x80"); /* half of UTF-16 */
    expect("\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80"); /* beyond */
    expect("\xf8\x88\x80\x80\x80", 5, "\\xf8\\x88\\x80\\x80\\x80");
}

/* By another source than the table: each group as Unicode names it. */
static bool is_fit(unsigned value)
{
    bool control = value < 0x20 || (value >= 0x7f && value <= 0x9f);
    bool surrogate = value >= 0xd800 && value <= 0xdfff;
    bool turns = value == 0x61c || value == 0x200e || value == 0x200f ||
                 (value >= 0x202a && value <= 0x202e) ||
                 (value >= 0x2066 && value <= 0x2069);
    bool breaks = value == 0x2028 || value == 0x2029;
    bool hides = value == 0xad || value == 0x180e || value == 0x200b ||
                 (value >= 0x2060 && value <= 0x2065) ||
                 (value >= 0x206a && value <= 0x206f) || value == 0xfeff ||
                 (value >= 0xfff9 && value <= 0xfffb) ||
                 value >> 7 == 0xe0000 >> 7;

    return !control && !surrogate && !turns && !breaks && !hides;
}

/* Every character, and nothing else, is as long as it says. */
Test(show, knows_every_character)
{
    for (unsigned value = 0; value <= 0x10ffff; value++) {
        unsigned char c[4] = {0};
        size_t n = value < 0x80      ? 1
                   : value < 0x800   ? 2
                   : value < 0x10000 ? 3
                                     : 4;
        static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
        for (size_t i = n; i-- > 1;)
            c[i] = (unsigned char)(0x80 |
                                   (value >> (6 * (n - 1 - i)) & 0x3f));
        c[0] = (unsigned char)(leads[n - 1] | value >> (6 * (n - 1)));
        cr_assert_eq(show_character(c, 4), is_fit(value) ? n : 0, "U+%04X",
                     value);
        for (size_t cut = 1; cut < n; cut++)
            cr_assert_eq(show_character(c, cut), 0, "U+%04X, cut", value);
    }
}
