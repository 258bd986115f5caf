#include "epoll/http.h"

#include <string.h>
#include <strings.h>

bool http_is(struct http_text text, const char *word, bool any_case)
{
    if (text.length != strlen(word))
        return false;
    return any_case ? strncasecmp(text.start, word, text.length) == 0
                    : memcmp(text.start, word, text.length) == 0;
}

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
        {431, "Request Header Fields Too Large"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return NULL;
}

/* RFC 9110, 5.6.2: what methods and field names are made of. */
static bool is_token(struct http_text text)
{
    static const char extra[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < text.length; i++) {
        char c = text.start[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool digit = c >= '0' && c <= '9';
        if (!letter && !digit && (c == '\0' || strchr(extra, c) == NULL))
            return false;
    }
    return text.length > 0;
}

/* No control characters but, where blanks may be, the tab. */
static bool is_printable(struct http_text text, bool blanks)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.start[i];
        bool blank = c == ' ' || c == '\t';
        if (blank ? !blanks : c < 0x20 || c == 0x7f)
            return false;
    }
    return true;
}

/* Takes what comes before the mark off the text, and the mark with it. If
 * there is none, takes all. */
static struct http_text cut_at(struct http_text *text, char mark)
{
    const char *end = memchr(text->start, mark, text->length);
    struct http_text head = *text;

    if (end != NULL)
        head.length = (size_t)(end - text->start);
    size_t used = head.length + (end != NULL);
    text->start += used;
    text->length -= used;
    return head;
}

static struct http_text trim(struct http_text text)
{
    while (text.length > 0 && (*text.start == ' ' || *text.start == '\t')) {
        text.start++;
        text.length--;
    }
    while (text.length > 0 && (text.start[text.length - 1] == ' ' ||
                               text.start[text.length - 1] == '\t'))
        text.length--;
    return text;
}

/* The path of "/path?query", or of "http://host/path?query". */
static struct http_text path_of(struct http_text target)
{
    static const char scheme[] = "http://";
    const size_t length = sizeof(scheme) - 1;

    if (target.length > length &&
        strncasecmp(target.start, scheme, length) == 0) {
        const char *slash = memchr(target.start + length, '/',
                                   target.length - length);
        if (slash == NULL)
            return (struct http_text){"/", 1};
        target.length -= (size_t)(slash - target.start);
        target.start = slash;
    }
    return cut_at(&target, '?');
}

/* What the lines say, as far as it matters here. */
struct fields {
    bool needs_host;        /* as every request since HTTP/1.1 */
    int hosts, lengths;     /* how many there were */
    bool keep_alive, close; /* Connection */
};

/* "GET /path HTTP/1.1". Returns 200, 400 or 505. */
static int parse_request_line(struct http_text line,
                              struct http_request *request,
                              struct fields *fields)
{
    request->method = cut_at(&line, ' ');
    struct http_text target = cut_at(&line, ' ');
    const char *version = line.start; /* what is left */

    if (!is_token(request->method) || target.length == 0 ||
        !is_printable(target, false))
        return 400;
    if (line.length != 8 || memcmp(version, "HTTP/", 5) != 0 ||
        version[5] < '0' || version[5] > '9' || version[6] != '.' ||
        version[7] < '0' || version[7] > '9')
        return 400;
    if (version[5] != '1')
        return 505;
    request->path = path_of(target);
    fields->needs_host = version[7] != '0';
    fields->keep_alive = version[7] != '0';
    return 200;
}

static bool parse_length(struct http_text value, bool *has_body)
{
    for (size_t i = 0; i < value.length; i++) {
        if (value.start[i] < '0' || value.start[i] > '9')
            return false;
        if (value.start[i] != '0')
            *has_body = true;
    }
    return value.length > 0;
}

/* "Host: localhost:8800". Returns whether it is well-formed. */
static bool parse_field(struct http_text line, struct http_request *request,
                        struct fields *fields)
{
    if (memchr(line.start, ':', line.length) == NULL)
        return false;
    struct http_text name = cut_at(&line, ':');
    struct http_text value = trim(line);
    if (!is_token(name) || !is_printable(value, true))
        return false; /* among them a line folded as in old mail */

    if (http_is(name, "Host", true)) {
        fields->hosts++;
    } else if (http_is(name, "Content-Length", true)) {
        fields->lengths++;
        return parse_length(value, &request->has_body);
    } else if (http_is(name, "Transfer-Encoding", true)) {
        request->has_body = true;
    } else if (http_is(name, "Connection", true)) {
        while (value.length > 0) {
            struct http_text word = trim(cut_at(&value, ','));
            if (http_is(word, "close", true))
                fields->close = true;
            if (http_is(word, "keep-alive", true))
                fields->keep_alive = true;
        }
    }
    return true;
}

/* Takes the next line, which may end in LF alone (RFC 9112, 2.2). Returns
 * false when there is none yet. */
static bool next_line(struct http_text *rest, struct http_text *line)
{
    if (memchr(rest->start, '\n', rest->length) == NULL)
        return false;
    *line = cut_at(rest, '\n');
    if (line->length > 0 && line->start[line->length - 1] == '\r')
        line->length--;
    return true;
}

/* At the end of the head. Returns 200 or 400. */
static int judge(const struct fields *fields, struct http_request *request)
{
    request->keep_alive = fields->keep_alive && !fields->close;
    if (fields->hosts > 1 || (fields->hosts == 0 && fields->needs_host))
        return 400;
    return fields->lengths > 1 ? 400 : 200;
}

int http_parse(const char *data, size_t n, struct http_request *request)
{
    struct http_text rest = {data, n < HTTP_HEAD ? n : HTTP_HEAD};
    struct http_text line;
    struct fields fields = {0};
    bool begun = false;

    *request = (struct http_request){0};
    while (next_line(&rest, &line)) {
        if (!begun && line.length == 0)
            continue; /* some send one more after a body */
        if (line.length == 0) {
            request->length = (size_t)(rest.start - data);
            return judge(&fields, request);
        }
        if (line.length > HTTP_LINE && !begun)
            return 414;
        int status = 200;
        if (!begun)
            status = parse_request_line(line, request, &fields);
        else if (!parse_field(line, request, &fields))
            status = 400;
        if (status != 200)
            return status;
        begun = true;
    }
    if (!begun && rest.length > HTTP_LINE)
        return 414;
    return n >= HTTP_HEAD ? 431 : 0;
}
