/*
 * epoll/web and HTTP/1.1, section by section: a request, and what it gets.
 *
 * Where the RFC leaves a choice, the row shows ours.
 */
#include "epoll/http.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum after { KEEP, CLOSE };

struct row {
    const char *section; /* of RFC 9112, or with its RFC in front */
    const char *what;
    const char *request; /* LONG stands for HTTP_LINE letters */
    int status;
    enum after after; /* what becomes of the connection */
};

#define LONG "\v"
#define HOST "Host: x\r\n"
#define LINE "GET / HTTP/1.1\r\n"
#define GET LINE HOST

static const struct row rows[] = {
    /* 2: messages */
    {"2.1", "the plainest request", GET "\r\n", 200, KEEP},
    {"2.2", "empty lines before it are ignored", "\r\n\n" GET "\r\n", 200,
     KEEP},
    {"2.2", "a line may end in LF alone", "GET / HTTP/1.1\nHost: x\n\n",
     200, KEEP},
    {"2.2", "CR alone ends no line: in the target",
     "GET /\r HTTP/1.1\r\n" HOST "\r\n", 400, CLOSE},
    {"2.2", "CR alone: in the method", "GE\rT / HTTP/1.1\r\n" HOST "\r\n",
     400, CLOSE},
    {"2.2", "CR alone: in a field", GET "A: b\rc: d\r\n\r\n", 400, CLOSE},
    {"2.2", "CR alone: in place of the empty line", GET "\rB: c\r\n\r\n",
     400, CLOSE},
    {"2.2", "a blank before the first field", LINE " " HOST "\r\n", 400,
     CLOSE},
    {"2.2", "what is no HTTP", "nonsense\r\n\r\n", 400, CLOSE},
    {"2.2", "nor is what TLS begins with", "\x16\x03\x01\x02\r\n\r\n", 400,
     CLOSE},
    {"2.3", "a later minor version is 1.1",
     "GET / HTTP/1.2\r\n" HOST "\r\n", 200, KEEP},
    {"2.3", "no other major version", "GET / HTTP/3.0\r\n" HOST "\r\n", 505,
     CLOSE},
    {"2.3", "nor the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
     505, CLOSE},
    {"2.3", "the name is in capitals", "GET / http/1.1\r\n" HOST "\r\n",
     400, CLOSE},
    {"2.3", "one digit, a dot, one digit",
     "GET / HTTP/1.10\r\n" HOST "\r\n", 400, CLOSE},
    {"2.3", "HTTP/0.9", "GET /\r\n", 400, CLOSE},

    /* 3: the request line */
    {"3", "two blanks", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400, CLOSE},
    {"3", "a tab for a blank", "GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400,
     CLOSE},
    {"3", "a blank in front", " " GET "\r\n", 400, CLOSE},
    {"3", "a blank behind", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400, CLOSE},
    {"3", "a target that is too long",
     "GET /" LONG " HTTP/1.1\r\n" HOST "\r\n", 414, CLOSE},
    {"3", "a method that is too long", LONG "A / HTTP/1.1\r\n" HOST "\r\n",
     501, CLOSE},
    {"3.1", "a method is a token", "G=T / HTTP/1.1\r\n" HOST "\r\n", 400,
     CLOSE},
    {"3.1", "in its own case", "get / HTTP/1.1\r\n" HOST "\r\n", 501, KEEP},
    {"9110 9.1", "a method that is unknown",
     "BREW / HTTP/1.1\r\n" HOST "\r\n", 501, KEEP},
    {"9110 9.1", "a method that is not for this",
     "DELETE / HTTP/1.1\r\n" HOST "\r\n", 405, KEEP},
    {"9110 9.3.2", "HEAD: as GET, without the body",
     "HEAD / HTTP/1.1\r\n" HOST "\r\n", 200, KEEP},
    {"9110 9.3.2", "HEAD of what is not there",
     "HEAD /no HTTP/1.1\r\n" HOST "\r\n", 404, KEEP},
    {"9110 9.3.2", "HEAD that is refused", "HEAD / HTTP/1.1\r\n\r\n", 400,
     CLOSE},
    {"9110 9.3.2", "HEAD that is too long", "HEAD /" LONG " HTTP/1.1\r\n",
     414, CLOSE},
    {"3.2", "a target is not empty", "GET  HTTP/1.1\r\n" HOST "\r\n", 400,
     CLOSE},
    {"3.2", "without a fragment", "GET /#top HTTP/1.1\r\n" HOST "\r\n", 400,
     CLOSE},
    {"3.2", "in ASCII", "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", 400,
     CLOSE},
    {"3.2", "without control characters",
     "GET /\x1b[2J HTTP/1.1\r\n" HOST "\r\n", 400, CLOSE},
    {"3.2", "% is followed by two digits",
     "GET /%6 HTTP/1.1\r\n" HOST "\r\n", 400, CLOSE},
    {"3.2.1", "origin form: a path and a query",
     "GET /?a/b?c HTTP/1.1\r\n" HOST "\r\n", 200, KEEP},
    {"3.2.1", "a path begins with a slash",
     "GET index HTTP/1.1\r\n" HOST "\r\n", 400, CLOSE},
    {"3.2.2", "absolute form", "GET http://x/ HTTP/1.1\r\n" HOST "\r\n",
     200, KEEP},
    {"3.2.2", "absolute form without a path",
     "GET HTTP://x HTTP/1.1\r\n" HOST "\r\n", 200, KEEP},
    {"3.2.2", "absolute form: a slash in the query is no path",
     "GET http://x?/no HTTP/1.1\r\n" HOST "\r\n", 200, KEEP},
    {"3.2.2", "absolute form: of what is not there",
     "GET http://[::1]:8800/no HTTP/1.1\r\n" HOST "\r\n", 404, KEEP},
    {"3.2.2", "and it needs a Host all the same",
     "GET http://x/ HTTP/1.1\r\n\r\n", 400, CLOSE},
    {"9110 4.2.1", "a host is not empty",
     "GET http:///no HTTP/1.1\r\n" HOST "\r\n", 400, CLOSE},
    {"9110 4.2.4", "and has no user",
     "GET http://me:1@x/ HTTP/1.1\r\n" HOST "\r\n", 400, CLOSE},
    {"9110 7.4", "https, without encryption",
     "GET https://x/ HTTP/1.1\r\n" HOST "\r\n", 421, CLOSE},
    {"3.2.2", "another scheme", "GET ftp://x/ HTTP/1.1\r\n" HOST "\r\n",
     400, CLOSE},
    {"3.2.3", "authority form is for CONNECT",
     "CONNECT x:80 HTTP/1.1\r\n" HOST "\r\n", 405, KEEP},
    {"3.2.3", "with a port", "CONNECT x HTTP/1.1\r\n" HOST "\r\n", 400,
     CLOSE},
    {"3.2.3", "and for nothing else", "GET x:80 HTTP/1.1\r\n" HOST "\r\n",
     400, CLOSE},
    {"3.2.4", "asterisk form is for OPTIONS",
     "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 405, KEEP},
    {"3.2.4", "and for nothing else", "GET * HTTP/1.1\r\n" HOST "\r\n", 400,
     CLOSE},
    {"3986 6.2.2.2", "%2e is a dot",
     "GET /f%61vicon%2eico HTTP/1.1\r\n" HOST "\r\n", 200, KEEP},
    {"3986 2.2", "%2F is no slash", "GET %2F HTTP/1.1\r\n" HOST "\r\n", 400,
     CLOSE},
    {"3986 5.2.4", "dots are for the client to resolve",
     "GET /a/../ HTTP/1.1\r\n" HOST "\r\n", 404, KEEP},
    {"3986 5.2.4", "however they are written",
     "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" HOST "\r\n", 404, KEEP},
    {"3986 7.3", "%00 ends no path", "GET /%00 HTTP/1.1\r\n" HOST "\r\n",
     404, KEEP},

    /* 3.2: Host */
    {"3.2", "no Host", LINE "\r\n", 400, CLOSE},
    {"3.2", "HTTP/1.0 needs none", "GET / HTTP/1.0\r\n\r\n", 200, CLOSE},
    {"3.2", "two", GET HOST "\r\n", 400, CLOSE},
    {"3.2", "with a port", LINE "Host: localhost:8800\r\n\r\n", 200, KEEP},
    {"3.2", "an address", LINE "Host: 127.0.0.1\r\n\r\n", 200, KEEP},
    {"3.2", "an address of IPv6", LINE "Host: [::1]:8800\r\n\r\n", 200,
     KEEP},
    {"3.2", "it may be empty", LINE "Host:\r\n\r\n", 200, KEEP},
    {"3.2", "no host: a blank", LINE "Host: a b\r\n\r\n", 400, CLOSE},
    {"3.2", "no host: a path", LINE "Host: a/b\r\n\r\n", 400, CLOSE},
    {"3.2", "no host: a user", LINE "Host: me@x\r\n\r\n", 400, CLOSE},
    {"3.2", "no host: a URI", LINE "Host: http://x\r\n\r\n", 400, CLOSE},
    {"3.2", "no host: a port of letters", LINE "Host: x:http\r\n\r\n", 400,
     CLOSE},
    {"3.2", "no host: brackets around nothing", LINE "Host: []\r\n\r\n",
     400, CLOSE},
    {"3.2", "no host: no address in them", LINE "Host: [1:2]\r\n\r\n", 400,
     CLOSE},
    {"3.2", "no host: behind the bracket", LINE "Host: [::1]x\r\n\r\n", 400,
     CLOSE},
    {"3.2", "no host: beyond ASCII", LINE "Host: \xc3\xa9\r\n\r\n", 400,
     CLOSE},
    {"3.2", "no host, though HTTP/1.0", "GET / HTTP/1.0\r\nHost: /\r\n\r\n",
     400, CLOSE},

    /* 5: fields */
    {"5.1", "blanks around a value", GET "A:\t b \t\r\n\r\n", 200, KEEP},
    {"5.1", "a blank before the colon", GET "A : b\r\n\r\n", 400, CLOSE},
    {"5.1", "no name", GET ": b\r\n\r\n", 400, CLOSE},
    {"5.1", "no colon", GET "nothing\r\n\r\n", 400, CLOSE},
    {"9110 5.1", "a name is a token", GET "A\xc3\xa9: b\r\n\r\n", 400,
     CLOSE},
    {"9110 5.5", "a value may be any text", GET "A: \xc3\xa9\r\n\r\n", 200,
     KEEP},
    {"9110 5.5", "but not a control character", GET "A: \x7f\r\n\r\n", 400,
     CLOSE},
    {"5.2", "a folded line", GET "A: b\r\n c\r\n\r\n", 400, CLOSE},
    {"6585 5", "fields that are too many",
     GET "A: " LONG "\r\nB: " LONG "\r\nC: " LONG "\r\n\r\n", 431, CLOSE},

    /* 6, 7: bodies. None is read: the connection ends with the answer. */
    {"6", "a body of a method that has one",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nGET /", 405,
     CLOSE},
    {"9110 9.3.1", "a body of one that has none",
     GET "Content-Length: 5\r\n\r\nGET /", 200, CLOSE},
    {"6.2", "an empty body is none", GET "Content-Length: 0\r\n\r\n", 200,
     KEEP},
    {"6.3", "two lengths",
     GET "Content-Length: 5\r\nContent-Length: 6\r\n"
         "\r\nhello!",
     400, CLOSE},
    {"6.3", "two lengths that are equal",
     GET "Content-Length: 5\r\n"
         "Content-Length: 5\r\n\r\nhello",
     400, CLOSE},
    {"6.3", "a list of them", GET "Content-Length: 5, 5\r\n\r\nhello", 400,
     CLOSE},
    {"6.3", "a sign", GET "Content-Length: +5\r\n\r\nhello", 400, CLOSE},
    {"6.3", "a length below 0", GET "Content-Length: -5\r\n\r\n", 400,
     CLOSE},
    {"6.3", "no number", GET "Content-Length: 0x5\r\n\r\nhello", 400,
     CLOSE},
    {"6.3", "nothing", GET "Content-Length:\r\n\r\n", 400, CLOSE},
    {"9110 8.6", "more than any integer holds",
     GET "Content-Length: 99999999999999999999999\r\n\r\nGET /", 200,
     CLOSE},
    {"7.1", "a body in chunks",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
     "5\r\nGET /\r\n0\r\n\r\n",
     405, CLOSE},
    {"7", "in letters of either case",
     GET "transfer-encoding: Chunked\r\n"
         "\r\n0\r\n\r\n",
     200, CLOSE},
    {"6.1", "chunks and a length",
     GET "Transfer-Encoding: chunked\r\n"
         "Content-Length: 5\r\n\r\n0\r\n\r\n",
     400, CLOSE},
    {"6.1", "chunks in HTTP/1.0",
     "GET / HTTP/1.0\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     400, CLOSE},
    {"6.1", "chunks of chunks",
     GET "Transfer-Encoding: chunked, chunked"
         "\r\n\r\n0\r\n\r\n",
     400, CLOSE},
    {"6.1", "a coding that is not implemented",
     GET "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, CLOSE},
    {"6.1", "in two fields",
     GET "Transfer-Encoding: gzip\r\n"
         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     501, CLOSE},
    {"6.3", "chunked is not the last",
     GET "Transfer-Encoding: chunked, gzip\r\n\r\n", 400, CLOSE},
    {"6.3", "nor there at all", GET "Transfer-Encoding: unknown\r\n\r\n",
     400, CLOSE},
    {"6.3", "identity is none any more",
     GET "Transfer-Encoding: identity\r\n\r\n", 400, CLOSE},
    {"6.3", "a list of nothing", GET "Transfer-Encoding: ,\r\n\r\n", 400,
     CLOSE},
    {"9110 10.1.1", "100-continue: the last word comes at once",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n"
     "Expect: 100-continue\r\n\r\n",
     405, CLOSE},

    /* 9: the connection */
    {"9.3", "HTTP/1.1 goes on", GET "Connection: x\r\n\r\n", 200, KEEP},
    {"9.3", "unless it says close", GET "CONNECTION: x , CLOSE\r\n\r\n",
     200, CLOSE},
    {"9.3", "which outdoes keep-alive",
     GET "Connection: close\r\n"
         "Connection: keep-alive\r\n\r\n",
     200, CLOSE},
    {"9.3", "HTTP/1.0 ends", "GET / HTTP/1.0\r\n\r\n", 200, CLOSE},
    {"9.3", "unless it says keep-alive",
     "GET / HTTP/1.0\r\n"
     "Connection: Keep-Alive\r\n\r\n",
     200, KEEP},
    {"9.6", "and what follows close is not looked at",
     GET "Connection: close\r\n\r\n" GET "\r\n", 200, CLOSE},
};

/* Returns the bytes; LONG is written out. */
static size_t write_out(const char *request, char *out)
{
    char *end = out;

    for (; *request != '\0'; request++)
        if (*request == *LONG) {
            memset(end, 'a', HTTP_LINE);
            end += HTTP_LINE;
        } else {
            *end++ = *request;
        }
    return (size_t)(end - out);
}

/* One answer, with that status; what must be in it and what must not. */
static void check(const struct row *row, const char *reply)
{
    char first[32];
    const char *body = strstr(reply, "\r\n\r\n");

    snprintf(first, sizeof(first), "HTTP/1.1 %d ", row->status);
    cr_expect(strncmp(reply, first, strlen(first)) == 0,
              "%s, %s: %d is expected, not: %.12s", row->section, row->what,
              row->status, reply);
    cr_expect(strstr(reply, row->after == CLOSE
                                ? "\r\nConnection: close\r\n"
                                : "\r\nConnection: keep-alive\r\n"),
              "%s, %s: then the connection is to %s: %s", row->section,
              row->what, row->after == CLOSE ? "end" : "stay", reply);
    cr_expect(body != NULL && strstr(body, "HTTP/1.1") == NULL,
              "%s, %s: not one answer: %s", row->section, row->what, reply);
    cr_expect(strstr(reply, "\r\nDate: ") != NULL);
    cr_expect((row->status == 405) ==
              (strstr(reply, "\r\nAllow: GET, HEAD\r\n") != NULL));
    cr_expect((strncmp(row->request, "HEAD", 4) == 0) ==
                  (body != NULL && body[4] == '\0'),
              "%s, %s: HEAD has no body, all others have: %s", row->section,
              row->what, reply);
}

Test(rfc, each_request_gets_what_the_section_says, .timeout = 120)
{
    static char request[8 * HTTP_LINE], reply[8192];
    struct program server;

    cr_assert(program_start(&server, "epoll/web", "--port=0"));
    uint16_t port = program_port(&server);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = write_out(rows[i].request, request);
        cr_assert_gt(program_ask(port, request, n, 0, reply, sizeof(reply)),
                     0, "%s, %s: no answer", rows[i].section, rows[i].what);
        check(&rows[i], reply);
    }
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}
