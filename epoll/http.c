#include "epoll/http.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {414, "URI Too Long"},
        {421, "Misdirected Request"},
        {431, "Request Header Fields Too Large"},
        {501, "Not Implemented"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return NULL;
}

/* --- characters ------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Letters, digits, and the characters of `extra`. */
static bool is_made_of(struct http_text text, const char *extra)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.start[i];
        if (!is_letter(c) && !is_digit(c) &&
            (c == '\0' || strchr(extra, c) == NULL))
            return false;
    }
    return true;
}

/* RFC 9110, 5.6.2: what methods and field names are made of. */
static bool is_token(struct http_text text)
{
    return text.length > 0 && is_made_of(text, "!#$%&'*+-.^_`|~");
}

/* Returns the byte that "%41" at the start of the text stands for, or -1.
 */
static int escaped(struct http_text text)
{
    if (text.length < 3 || text.start[0] != '%' ||
        !isxdigit((unsigned char)text.start[1]) ||
        !isxdigit((unsigned char)text.start[2]))
        return -1;
    const char digits[] = {text.start[1], text.start[2], '\0'};
    return (int)strtol(digits, NULL, 16);
}

static bool has_broken_escape(struct http_text text)
{
    for (; text.length > 0; text.start++, text.length--)
        if (*text.start == '%' && escaped(text) == -1)
            return true;
    return false;
}

/* --- texts ------------------------------------------------------------ */

bool http_is(struct http_text text, const char *word)
{
    return text.length == strlen(word) &&
           memcmp(text.start, word, text.length) == 0;
}

/* In ASCII letters of either case, as field names and options are. */
static bool is_word(struct http_text text, const char *word)
{
    return text.length == strlen(word) &&
           strncasecmp(text.start, word, text.length) == 0;
}

static bool begins_with(struct http_text text, const char *word)
{
    size_t n = strlen(word);

    return text.length >= n && strncasecmp(text.start, word, n) == 0;
}

static struct http_text skip(struct http_text text, size_t n)
{
    return (struct http_text){text.start + n, text.length - n};
}

/* How far it is to the first of the marks, or to the end. */
static size_t length_to(struct http_text text, const char *marks)
{
    size_t n = 0;

    while (n < text.length &&
           (text.start[n] == '\0' || strchr(marks, text.start[n]) == NULL))
        n++;
    return n;
}

/* Takes what comes before the mark off the text, and the mark with it. If
 * there is none, takes all. */
static struct http_text cut_at(struct http_text *text, const char *mark)
{
    struct http_text head = {text->start, length_to(*text, mark)};

    *text = skip(*text, head.length + (head.length < text->length));
    return head;
}

static struct http_text trim(struct http_text text)
{
    while (text.length > 0 && (*text.start == ' ' || *text.start == '\t'))
        text = skip(text, 1);
    while (text.length > 0 && (text.start[text.length - 1] == ' ' ||
                               text.start[text.length - 1] == '\t'))
        text.length--;
    return text;
}

/* --- hosts (RFC 3986, 3.2) -------------------------------------------- */

static bool is_ipv6(struct http_text text)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address;

    if (text.length >= sizeof(copy) || !is_made_of(text, ":."))
        return false;
    memcpy(copy, text.start, text.length);
    copy[text.length] = '\0';
    return inet_pton(AF_INET6, copy, &address) == 1;
}

/*
 * "localhost:8800", "[::1]:8800", "127.0.0.1".
 *
 * wants_host, wants_port: may that part not be missing or empty?
 */
static bool is_authority(struct http_text text, bool wants_host,
                         bool wants_port)
{
    struct http_text host = {text.start, length_to(text, ":")};
    bool valid;

    if (begins_with(text, "[")) {
        host.length = length_to(text, "]");
        valid = host.length < text.length && is_ipv6(skip(host, 1));
        host.length += host.length < text.length; /* the bracket */
    } else {
        valid = is_made_of(host, "-._~%!$&'()*+,;=") &&
                !has_broken_escape(host);
    }
    struct http_text port = skip(text, host.length);
    for (size_t i = 1; i < port.length; i++)
        valid = valid && is_digit(port.start[i]);
    if (port.length > 0 && port.start[0] != ':')
        return false;
    return valid && (host.length > 0 || !wants_host) &&
           (port.length > 1 || !wants_port);
}

/* --- targets (RFC 9112, 3.2) ------------------------------------------ */

/*
 * More than RFC 3986 allows: browsers send `|` and braces in a query. But
 * no blank, no control character, nothing beyond ASCII, and no fragment.
 */
static bool is_target(struct http_text target)
{
    for (size_t i = 0; i < target.length; i++)
        if (target.start[i] <= ' ' || target.start[i] > '~' ||
            target.start[i] == '#')
            return false;
    return target.length > 0 && !has_broken_escape(target);
}

/* Returns 200, 400 or 421. */
static int parse_target(struct http_text target,
                        struct http_request *request)
{
    static const struct http_text root = {"/", 1};

    request->path = target;
    if (http_is(request->method, "CONNECT"))
        return is_authority(target, true, true) ? 200 : 400;
    if (http_is(target, "*"))
        return http_is(request->method, "OPTIONS") ? 200 : 400;
    if (begins_with(target, "https://"))
        return 421; /* this connection is not encrypted */
    if (begins_with(target, "http://")) {
        target = skip(target, strlen("http://"));
        struct http_text authority = {target.start,
                                      length_to(target, "/?")};
        if (!is_authority(authority, true, false))
            return 400;
        target = skip(target, authority.length);
        if (!begins_with(target, "/"))
            target = root;
    }
    request->path = cut_at(&target, "?");
    return begins_with(request->path, "/") ? 200 : 400;
}

bool http_is_path(struct http_text path, const char *resource)
{
    for (; path.length > 0 && *resource != '\0'; resource++) {
        int byte = escaped(path);
        const char decoded = (char)byte;
        /* An escaped slash is not the same as a slash. */
        if (byte == -1 ||
            !is_made_of((struct http_text){&decoded, 1}, "-._~")) {
            if (*path.start != *resource)
                return false;
            path = skip(path, 1);
        } else {
            if (decoded != *resource)
                return false;
            path = skip(path, 3);
        }
    }
    return path.length == 0 && *resource == '\0';
}

/* --- the request line ------------------------------------------------- */

/* What the lines say, as far as it matters here. */
struct head {
    bool version_1_0;
    int hosts, lengths;     /* how many fields there were */
    bool encoded;           /* a Transfer-Encoding was there */
    int chunked, unknown;   /* codings that it named */
    bool chunked_last;      /* chunked was the last of them */
    bool keep_alive, close; /* Connection */
};

bool http_knows_method(struct http_text method)
{
    static const char *const known[] = {"GET",     "HEAD",   "POST",
                                        "PUT",     "DELETE", "CONNECT",
                                        "OPTIONS", "TRACE",  "PATCH"};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (http_is(method, known[i]))
            return true;
    return false;
}

/* "GET /path HTTP/1.1". Returns 200, 400, 421 or 505. */
static int parse_request_line(struct http_text line,
                              struct http_request *request,
                              struct head *head)
{
    cut_at(&line, " "); /* the method, known already */
    struct http_text target = cut_at(&line, " ");
    const char *version = line.start; /* what is left */

    if (!is_token(request->method) || !is_target(target))
        return 400;
    if (line.length != 8 || memcmp(version, "HTTP/", 5) != 0 ||
        !is_digit(version[5]) || version[6] != '.' || !is_digit(version[7]))
        return 400;
    if (version[5] != '1')
        return 505;
    head->version_1_0 = version[7] == '0';
    head->keep_alive = !head->version_1_0;
    return parse_target(target, request);
}

/* --- fields ----------------------------------------------------------- */

/* RFC 9110, 5.5: no control character but the tab. */
static bool is_field_value(struct http_text text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.start[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool parse_length(struct http_text value, bool *has_body)
{
    for (size_t i = 0; i < value.length; i++) {
        if (!is_digit(value.start[i]))
            return false;
        if (value.start[i] != '0')
            *has_body = true;
    }
    return value.length > 0;
}

static void parse_codings(struct http_text value, struct head *head)
{
    head->encoded = true;
    while (value.length > 0) {
        struct http_text coding = trim(cut_at(&value, ","));
        if (coding.length == 0)
            continue; /* RFC 9110, 5.6.1.2: an empty element is ignored */
        head->chunked_last = is_word(coding, "chunked");
        head->chunked += head->chunked_last;
        head->unknown += !head->chunked_last;
    }
}

static void parse_connection(struct http_text value, struct head *head)
{
    while (value.length > 0) {
        struct http_text option = trim(cut_at(&value, ","));
        if (is_word(option, "close"))
            head->close = true;
        if (is_word(option, "keep-alive"))
            head->keep_alive = true;
    }
}

/* "Host: localhost:8800". Returns whether it is well-formed. */
static bool parse_field(struct http_text line, struct http_request *request,
                        struct head *head)
{
    if (memchr(line.start, ':', line.length) == NULL)
        return false;
    struct http_text name = cut_at(&line, ":");
    struct http_text value = trim(line);
    if (!is_token(name) || !is_field_value(value))
        return false; /* among them a line folded as in old mail */

    if (is_word(name, "Host")) {
        head->hosts++;
        return is_authority(value, false, false);
    }
    if (is_word(name, "Content-Length")) {
        head->lengths++;
        return parse_length(value, &request->has_body);
    }
    if (is_word(name, "Transfer-Encoding"))
        parse_codings(value, head);
    else if (is_word(name, "Connection"))
        parse_connection(value, head);
    return true;
}

/* --- the head --------------------------------------------------------- */

/* Takes the next line, which may end in LF alone (RFC 9112, 2.2). Returns
 * false when there is none yet. */
static bool next_line(struct http_text *rest, struct http_text *line)
{
    if (memchr(rest->start, '\n', rest->length) == NULL)
        return false;
    *line = cut_at(rest, "\n");
    if (line->length > 0 && line->start[line->length - 1] == '\r')
        line->length--;
    return true;
}

/*
 * At the end of the head. A length and a coding, or two lengths, contradict
 * each other: what is one request here may be two for a proxy on the way
 * (RFC 9112, 11.2). Returns 200, 400 or 501.
 */
static int judge(const struct head *head, struct http_request *request)
{
    request->keep_alive = head->keep_alive && !head->close;
    request->has_body = request->has_body || head->encoded;
    if (head->hosts > 1 || (head->hosts == 0 && !head->version_1_0))
        return 400;
    if (head->lengths > 1)
        return 400;
    if (head->encoded && (head->lengths > 0 || head->version_1_0 ||
                          !head->chunked_last || head->chunked > 1))
        return 400;
    return head->unknown > 0 ? 501 : 200;
}

/* Returns 414; 501 when it is the method that is too long (RFC 9112, 3); or
 * 200 when the request line is short enough, or may still be. */
static int check_line_length(struct http_text rest)
{
    size_t length = length_to(rest, "\n");

    if (length > 0 && rest.start[length - 1] == '\r')
        length--;
    if (length <= HTTP_LINE)
        return 200;
    return length_to(rest, " ") <= HTTP_LINE ? 414 : 501;
}

int http_parse(const char *data, size_t n, struct http_request *request)
{
    struct http_text rest = {data, n < HTTP_HEAD ? n : HTTP_HEAD};
    struct http_text line;
    struct head head = {0};
    bool begun = false;

    *request = (struct http_request){0};
    while (!begun && rest.length > 0 &&
           (begins_with(rest, "\n") || begins_with(rest, "\r\n")))
        next_line(&rest, &line); /* some clients send one after a body */
    request->method = (struct http_text){rest.start,
                                         length_to(rest, " \n")};
    int status = check_line_length(rest);
    while (status == 200 && next_line(&rest, &line)) {
        if (begun && line.length == 0) {
            request->length = (size_t)(rest.start - data);
            return judge(&head, request);
        }
        if (!begun)
            status = parse_request_line(line, request, &head);
        else if (!parse_field(line, request, &head))
            status = 400;
        begun = true;
    }
    if (status != 200)
        return status;
    return n >= HTTP_HEAD ? 431 : 0;
}
