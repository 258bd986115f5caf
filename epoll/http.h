/*
 * Requests of HTTP/1.1 (RFC 9110, RFC 9112), as far as a server of two
 * small pages needs them.
 */
#ifndef EPOLL_HTTP_H
#define EPOLL_HTTP_H

#include <stdbool.h>
#include <stddef.h>

enum {
    HTTP_LINE = 2048, /* bytes, the most in a request line; beyond: 414 */
    HTTP_HEAD = 8192, /* bytes, the most in line and fields; beyond: 431 */
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
 *          414, 431, 505; where the next begins is then unknown.
 */
int http_parse(const char *data, size_t n, struct http_request *request);

/* Are they equal? ASCII letters match in either case if any_case. */
bool http_is(struct http_text text, const char *word, bool any_case);

/* "Not Found" for 404; NULL for a status that none of this uses. */
const char *http_reason(int status);

#endif
