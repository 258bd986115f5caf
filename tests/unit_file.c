/*
 * bench/record/file: a file is the old one or the new one, never half of
 * it.
 */
#include "bench/record/file.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static char dir[] = "/tmp/file-XXXXXX";
static char path[64];

static void open_dir(void)
{
    cr_assert_not_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/text", dir);
    cr_assert_eq(file_replace(path, "old", 3), 0);
}

static void remove_dir(void)
{
    unlink(path);
    cr_assert_eq(rmdir(dir), 0, "something is left in %s", dir);
}

TestSuite(file, .init = open_dir, .fini = remove_dir, .timeout = 20);

static void check(const char *wanted)
{
    char *text = file_read(path);

    cr_assert_not_null(text);
    cr_assert_str_eq(text, wanted);
    free(text);
}

Test(file, is_replaced)
{
    check("old");
    cr_assert_eq(file_replace(path, "new", 3), 0);
    check("new");
}

/* As on a full disk. */
Test(file, is_kept_when_there_is_no_room)
{
    const struct rlimit ten = {10, 10};

    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &ten), 0);
    cr_assert_eq(file_replace(path, "longer than ten", 15), -1);
    cr_assert_eq(errno, EFBIG);
    check("old");
}

Test(file, without_a_word_is_none)
{
    cr_assert_eq(file_replace(path, "", 0), 0);
    cr_assert_null(file_read(path));
    cr_assert_eq(errno, ENODATA);
}
