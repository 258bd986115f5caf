/* epoll/http: requests, whole, in pieces and malformed. */
#include "epoll/http.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct http_request request;

static int parse(const char *text)
{
    /* Of its own size, so that ASan sees a read beyond it. */
    size_t n = strlen(text);
    static char *copy;

    free(copy);
    copy = malloc(n + 1);
    memcpy(copy, text, n);
    return http_parse(copy, n, &request);
}

#define HOST "Host: x\r\n"

Test(http, takes_a_request)
{
    const char *text = "GET /path?query HTTP/1.1\r\n" HOST
                       "Accept: */*\r\n\r\nGET /next";

    cr_assert_eq(parse(text), 200);
    cr_assert_eq(request.length, strlen(text) - strlen("GET /next"));
    cr_assert(http_is(request.method, "GET"));
    cr_assert(http_is(request.path, "/path"));
    cr_assert(request.keep_alive);
    cr_assert_not(request.has_body);
}

/* What is here of the method is known, so that HEAD gets no body. */
Test(http, knows_the_method_of_what_it_refuses)
{
    cr_assert_eq(parse("HEAD / HTTP/1.1\r\n\r\n"), 400);
    cr_assert(http_is(request.method, "HEAD"));
    cr_assert_eq(parse("\r\nHEAD /"), 0);
    cr_assert(http_is(request.method, "HEAD"));
    cr_assert_eq(parse(""), 0);
    cr_assert(http_is(request.method, ""));
}

Test(http, compares_paths)
{
    static const struct http_text path = {"/%66%6F-o%2f", 12};

    cr_assert(http_is_path(path, "/fo-o%2f"));
    cr_assert_not(http_is_path(path, "/fo-o/"));
    cr_assert_not(http_is_path(path, "/fo-o"));
    cr_assert_not(http_is_path(path, "/fo-o%2f/"));
}

Test(http, waits_for_the_rest_at_every_byte)
{
    const char *text = "\r\nGET / HTTP/1.1\r\n" HOST "A: b\r\n\r\n";
    char cut[100];

    for (size_t n = 0; n < strlen(text); n++) {
        snprintf(cut, sizeof(cut), "%.*s", (int)n, text);
        cr_assert_eq(parse(cut), 0, "cut at %zu", n);
    }
    cr_assert_eq(parse(text), 200);
}

static int parse_long(const char *start, size_t n, const char *end)
{
    char text[3 * HTTP_HEAD];
    char *middle = stpcpy(text, start);

    memset(middle, 'a', n);
    stpcpy(middle + n, end);
    return parse(text);
}

Test(http, bounds_the_size)
{
    const size_t fixed = strlen("GET / HTTP/1.1");
    const size_t head = strlen("GET / HTTP/1.1\r\n" HOST "A: \r\n\r\n");

    cr_assert_eq(
        parse_long("GET /", HTTP_LINE - fixed, " HTTP/1.1\r\n" HOST "\r\n"),
        200);
    cr_assert_eq(parse_long("GET /", HTTP_LINE - fixed + 1,
                            " HTTP/1.1\r\n" HOST "\r\n"),
                 414);
    cr_assert_eq(parse_long("GET /", HTTP_LINE, ""), 414);
    cr_assert_eq(parse_long("GET / HTTP/1.1\r\n" HOST "A: ",
                            HTTP_HEAD - head, "\r\n\r\n"),
                 200);
    cr_assert_eq(parse_long("GET / HTTP/1.1\r\n" HOST "A: ",
                            HTTP_HEAD - head + 1, "\r\n\r\n"),
                 431);
    cr_assert_eq(parse_long("GET / HTTP/1.1\r\n" HOST "A: ", HTTP_HEAD, ""),
                 431);
}

Test(http, survives_random_bytes)
{
    static const char bits[] = "GET / HTTP/1.1\r\nHost: x\n:\0\x7f\xff,";

    srandom(1);
    for (int round = 0; round < 50000; round++) {
        size_t n = (size_t)random() % 80;
        char *data = malloc(n + 1);
        cr_assert(data != NULL);
        for (size_t i = 0; i < n; i++)
            data[i] = bits[(size_t)random() % sizeof(bits)];
        int status = http_parse(data, n, &request);
        cr_assert(status == 0 || http_reason(status) != NULL);
        cr_assert(status != 200 ||
                  (request.length > 0 && request.length <= n));
        free(data);
    }
}
