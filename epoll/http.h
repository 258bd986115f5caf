/*
 * Requests of HTTP/1.1 (RFC 9110, RFC 9112), as far as a server of two
 * small pages needs them. tests/unit_rfc.c has a table of requests and what
 * each gets, section by section.
 */
#ifndef EPOLL_HTTP_H
#define EPOLL_HTTP_H

#include <stdbool.h>
#include <stddef.h>

enum {
    HTTP_LINE = 8000,  /* bytes, the most in a request line (RFC 9112, 3);
                          beyond: 414 */
    HTTP_HEAD = 16384, /* bytes, the most in line and fields; beyond: 431 */
};

struct http_text {
    const char *start; /* into what was parsed; not ended by a NUL */
    size_t length;
};

struct http_request {
    size_t length;           /* bytes of the whole head */
    struct http_text method; /* "GET" */
    struct http_text path;   /* "/", without scheme, host and query */
    bool keep_alive;         /* is another request to be expected? */
    bool has_body;           /* something follows that is no request */
};

/*
 * Takes the first request from what has arrived.
 *
 * data     n bytes; borrowed, and pointed into by *request
 * Returns  200: *request is filled. 0: not complete yet, and fewer than
 *          HTTP_HEAD bytes are here. Or the status that refuses it: 400,
 *          414, 421, 431, 501, 505; where the next request begins is then
 *          unknown. The method is filled in any case, as far as it is here.
 */
int http_parse(const char *data, size_t n, struct http_request *request);

/* Are they equal, byte by byte? */
bool http_is(struct http_text text, const char *word);

/*
 * Does a request's path name this resource? "/%66oo" names "/foo" (RFC
 * 3986, 6.2.2.2). "/a/../foo" does not: a client has taken the dots out
 * before it asks (RFC 3986, 5.2.4).
 */
bool http_is_path(struct http_text path, const char *resource);

/* Is this a method that RFC 9110 or RFC 5789 (PATCH) defines? */
bool http_knows_method(struct http_text method);

/* "Not Found" for 404; NULL for a status that none of this uses. */
const char *http_reason(int status);

#endif
