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
    cr_assert(http_is(request.method, "GET", false));
    cr_assert(http_is(request.path, "/path", false));
    cr_assert(request.keep_alive);
    cr_assert_not(request.has_body);
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

Test(http, knows_whether_another_request_follows)
{
    static const struct {
        const char *text;
        bool keep_alive;
    } cases[] = {
        {"GET / HTTP/1.1\r\n" HOST "\r\n", true},
        {"GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\n" HOST "CONNECTION: x , CLOSE\r\n\r\n", false},
        {"GET / HTTP/1.1\r\n" HOST "Connection: close, keep-alive\r\n\r\n",
         false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
        {"GET / HTTP/1.0\nConnection: keep-alive\n\n", true},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_eq(parse(cases[i].text), 200, "%s", cases[i].text);
        cr_assert_eq(request.keep_alive, cases[i].keep_alive, "%s",
                     cases[i].text);
    }
}

Test(http, sees_a_body)
{
    cr_assert_eq(
        parse("POST / HTTP/1.1\r\n" HOST "Content-Length: 05\r\n\r\nhello"),
        200);
    cr_assert(request.has_body);
    cr_assert_eq(
        parse("GET / HTTP/1.1\r\n" HOST "content-length: 0\r\n\r\n"), 200);
    cr_assert_not(request.has_body);
    cr_assert_eq(parse("POST / HTTP/1.1\r\n" HOST
                       "Transfer-Encoding: chunked\r\n\r\n"),
                 200);
    cr_assert(request.has_body);
}

Test(http, finds_the_path)
{
    cr_assert_eq(parse("GET http://x:1/a/b?c HTTP/1.1\r\n" HOST "\r\n"),
                 200);
    cr_assert(http_is(request.path, "/a/b", false));
    cr_assert_eq(parse("GET HTTP://x HTTP/1.1\r\n" HOST "\r\n"), 200);
    cr_assert(http_is(request.path, "/", false));
    cr_assert_eq(parse("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), 200);
    cr_assert(http_is(request.path, "*", false));
}

Test(http, refuses_what_is_malformed)
{
    static const char *const texts[] = {
        "GET\r\n",
        "GET /\r\n",
        " GET / HTTP/1.1\r\n",
        "GET  / HTTP/1.1\r\n",
        "GET / HTTP/1.1 \r\n",
        "GET / http/1.1\r\n",
        "GET / HTTP/1.x\r\n",
        "G=T / HTTP/1.1\r\n",
        "GET /\x1b HTTP/1.1\r\n",
        "GET / HTTP/11\r\n",
        "GET / HTTP/1.1\r\n\r\n" /* no Host */,
        "GET / HTTP/1.1\r\n" HOST HOST "\r\n",
        "GET / HTTP/1.1\r\n" HOST "nothing\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST ": nameless\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST " folded: b\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "A: \x7f\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST
        "Content-Length: 1\r\nContent-Length: 2\r\n"
        "\r\n",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        cr_assert_eq(parse(texts[i]), 400, "%s", texts[i]);
    cr_assert_eq(parse("GET / HTTP/2.0\r\n"), 505);
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
