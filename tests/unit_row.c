/* bench/record/row and csv: raw files, well-formed and otherwise. */
#include "bench/record/csv.h"
#include "bench/record/row.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(csv, .timeout = 20);
TestSuite(row, .timeout = 20);

enum { MAX = 8 };

static int split(const char *text, char **fields)
{
    static char line[256];

    snprintf(line, sizeof(line), "%s", text);
    return csv_split(line, fields, MAX);
}

Test(csv, splits_plain_and_quoted_fields)
{
    char *fields[MAX];

    cr_assert(split("a,,\"b,\"\"c\"\"\",d", fields) == 4);
    cr_assert_str_eq(fields[0], "a");
    cr_assert_str_eq(fields[1], "");
    cr_assert_str_eq(fields[2], "b,\"c\"");
    cr_assert_str_eq(fields[3], "d");
    cr_assert(split("", fields) == 1);
    cr_assert(split(",", fields) == 2);
    cr_assert(split("\"\"", fields) == 1);
    cr_assert_str_eq(fields[0], "");
}

Test(csv, refuses_what_is_malformed)
{
    char *fields[MAX];

    cr_assert(split("\"never closed", fields) == -1);
    cr_assert(split("\"a\"b,c", fields) == -1);
    cr_assert(split("\"", fields) == -1);
    cr_assert(split("1,2,3,4,5,6,7,8,9", fields) == -1);
}

Test(csv, reads_back_what_it_wrote)
{
    static const char *const texts[] = {"plain", "a,b", "say \"no\"", "",
                                        "two\nlines"};
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    char *fields[MAX];

    for (int i = 0; i < 5; i++)
        csv_write(file, texts[i], i == 0);
    fclose(file);
    cr_assert(csv_split(text, fields, MAX) == 5);
    for (int i = 0; i < 4; i++)
        cr_assert_str_eq(fields[i], texts[i]);
    cr_assert_str_eq(fields[4], "two lines");
    free(text);
}

static char path[64];

/* A file with a header, and what follows it; its name is in path. */
static void write_file(const char *text, int with_header)
{
    snprintf(path, sizeof(path), "/tmp/unit-row-XXXXXX");
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");

    cr_assert_not_null(file);
    if (with_header)
        row_write_header(file);
    fputs(text, file);
    fclose(file);
}

static int read_back(struct rows *rows, char error[256])
{
    *rows = (struct rows){0};
    int result = rows_read(rows, path, error, 256);
    unlink(path);
    return result;
}

static struct row sample(void)
{
    struct row row;

    row_clear(&row);
    snprintf(row.experiment, sizeof(row.experiment), "%s", "clients");
    snprintf(row.model, sizeof(row.model), "%s", "epoll");
    snprintf(row.outcome, sizeof(row.outcome), "%s", ROW_OK);
    snprintf(row.note, sizeof(row.note), "%s", "three, \"words\" here");
    row.value[ROW_X] = 50;
    row.value[ROW_P99_US] = 123.456;
    return row;
}

static char *as_text(const struct row *row)
{
    static char text[2048];
    FILE *file = fmemopen(text, sizeof(text), "w");

    cr_assert_not_null(file);
    row_write(file, row);
    fclose(file);
    return text;
}

Test(row, is_read_back_as_it_was_written)
{
    struct row row = sample();
    struct rows rows;
    char error[256] = "";
    char *text = as_text(&row);

    write_file(text, 1);
    cr_assert(read_back(&rows, error) == 0, "%s", error);
    cr_assert(rows.n == 1 && rows.cut == 0);
    cr_assert_str_eq(rows.all[0].model, "epoll");
    cr_assert_str_eq(rows.all[0].note, row.note);
    cr_assert(rows.all[0].value[ROW_X] == 50);
    cr_assert(rows.all[0].value[ROW_P99_US] == 123.456);
    cr_assert(isnan(rows.all[0].value[ROW_PSS_KIB]));
    rows_free(&rows);
}

Test(row, that_a_killed_run_left_half_written_is_left_out)
{
    struct row row = sample();
    struct rows rows;
    char error[256] = "";
    char *text = as_text(&row);
    size_t whole = strlen(text);
    char *two = NULL;

    for (size_t n = 1; n < whole; n += 7) {
        cr_assert(asprintf(&two, "%s%.*s", text, (int)n, text) > 0);
        write_file(two, 1);
        cr_assert(read_back(&rows, error) == 0, "%s", error);
        cr_assert(rows.n == 1 && rows.cut == 1);
        rows_free(&rows);
        free(two);
    }
}

Test(row, file_that_is_none_is_refused_with_its_line)
{
    static const char *const bad[] = {
        "nonsense\n",
        "a,b,c\n",
        "\"open\n",
        "\n",
    };
    struct rows rows;
    char error[256];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        write_file(bad[i], 0);
        cr_assert(read_back(&rows, error) == -1, "%s", bad[i]);
        cr_assert(strstr(error, "line 1") != NULL, "%s", error);
        rows_free(&rows);
        write_file(bad[i], 1);
        cr_assert(read_back(&rows, error) == -1, "%s", bad[i]);
        cr_assert(strstr(error, "line 2") != NULL, "%s", error);
        rows_free(&rows);
    }
}

Test(row, with_a_word_for_a_number_is_refused_by_column)
{
    struct row row = sample();
    struct rows rows;
    char error[256];
    char *text = as_text(&row);

    strstr(text, "123.456")[2] = 'x';
    write_file(text, 1);
    cr_assert(read_back(&rows, error) == -1);
    cr_assert(strstr(error, "p99_us") != NULL, "%s", error);
    rows_free(&rows);
}

Test(row, of_an_older_file_is_read_by_its_names)
{
    struct rows rows;
    char error[256] = "";

    write_file("x,model,echoes\n50,epoll,7\n", 0);
    cr_assert(read_back(&rows, error) == 0, "%s", error);
    cr_assert(rows.n == 1 && rows.all[0].value[ROW_X] == 50);
    cr_assert(rows.all[0].value[ROW_ECHOES] == 7);
    cr_assert_str_eq(rows.all[0].model, "epoll");
    cr_assert(isnan(rows.all[0].value[ROW_P99_US]));
    rows_free(&rows);
    write_file("x,model\n50\n", 0);
    cr_assert(read_back(&rows, error) == -1);
    cr_assert(strstr(error, "line 2: not 2 fields") != NULL, "%s", error);
    rows_free(&rows);
}

Test(row, file_may_be_empty_or_missing)
{
    struct rows rows;
    char error[256];

    write_file("", 0);
    cr_assert(read_back(&rows, error) == 0 && rows.n == 0);
    cr_assert(rows_read(&rows, "/no/such/file", error, sizeof(error)) ==
              -1);
    cr_assert(strstr(error, "/no/such/file") != NULL);
}
