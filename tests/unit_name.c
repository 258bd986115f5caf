/* select/name: which names can be told apart. */
#include "select/name.h"

#include <criterion/criterion.h>
#include <string.h>

Test(name, the_same_to_the_eye_is_the_same)
{
    static const char *const server[] = {
        "server\u200d",                         /* zero width joiner */
        "server\ufe0f",                         /* variation selector */
        "server\u3164",                         /* Hangul filler */
        "server\U000e0100",                     /* variation selector */
        "ser\u034fver\u2061",                   /* more of the kind */
        "server ",                              /* blanks at the end */
        "\u00a0server\u2003\u3000",             /* and at both */
        "server\u2800",                         /* Braille, no dot */
        "SERVER",                               /* capitals */
        "\uff53\uff45\uff52\uff56\uff45\uff52", /* wide letters */
        "\u017ferver",                          /* long s */
        "s\u1d49rver",                          /* small raised e */
    };

    for (size_t i = 0; i < sizeof(server) / sizeof(server[0]); i++)
        cr_expect(name_looks_like("server", server[i]), "%s", server[i]);
    cr_assert(name_looks_like("two words", "two\u2009 words"));
    cr_assert(name_looks_like("\u00e9", "e\u0301"));
    cr_assert(name_looks_like("\u00e9", "e\u200d\u0301"));
    cr_assert(name_looks_like("\uac00", "\u1100\u1161")); /* Hangul */
}

Test(name, different_to_the_eye_is_different)
{
    cr_assert_not(name_looks_like("server", "servers"));
    cr_assert_not(name_looks_like("server", "ser ver"));
    cr_assert_not(name_looks_like("server", "s\u00e9rver"));
    cr_assert_not(name_looks_like("철수", "영희"));
    cr_assert_not(name_looks_like("\U0001f469", "\U0001f468"));
}

Test(name, shows_something)
{
    static const char *const blank[] = {
        "",       " ",      "\u3000",     "\u200d", "\ufe0f",
        "\u3164", "\u2800", "\U000e0100", "\u115f", "\u00a0 \u200c",
    };

    for (size_t i = 0; i < sizeof(blank) / sizeof(blank[0]); i++)
        cr_expect_str_eq(name_fault(blank[i]), "shows nothing");
    cr_assert_null(name_fault("ann"));
    cr_assert_null(name_fault("철수"));
    /* A woman who is a technician: one picture of two, and a joiner. */
    cr_assert_null(name_fault("\U0001f469\u200d\U0001f4bb"));
}

/* "server: ann has left" would begin a line as the server does. */
Test(name, has_no_colon)
{
    cr_assert_str_eq(name_fault("server: x"), "has a colon");
    cr_assert_str_eq(name_fault("server\uff1a x"), "has a colon");
}

/* What grows most when it is taken apart. */
Test(name, fits_the_longest)
{
    char name[] = "\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa"
                  "\ufdfa\ufdfa\ufdfa\ufdfa\ufdfa";

    cr_assert_null(name_fault(name));
    cr_assert(name_looks_like(name, name));
    name[strlen(name) - 3] = '\0';
    cr_assert_not(name_looks_like(name, "\ufdfa"));
}
