/* libFuzzer: whatever arrives, http_parse() stays within it and says the
 * same again. */
#include "epoll/http.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static bool is_within(struct http_text text, const char *data, size_t n)
{
    static const char root[] = "/"; /* not in the data: of http://host */

    if (text.length == 1 && *text.start == *root)
        return true;
    return text.start >= data && text.start + text.length <= data + n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct http_request request, again;
    const char *text = (const char *)data;
    int status = http_parse(text, n, &request);

    check(status == 0 || http_reason(status) != NULL);
    check(status != 0 || n < HTTP_HEAD);
    if (status != 200)
        return 0;
    check(request.length > 0 && request.length <= n &&
          request.length <= HTTP_HEAD);
    check(is_within(request.method, text, request.length));
    check(is_within(request.path, text, request.length));
    check(request.method.length > 0);
    /* The bytes behind it don't matter, and all of its own do. */
    check(http_parse(text, request.length, &again) == 200);
    check(again.length == request.length);
    for (size_t cut = 0; cut < request.length; cut++)
        check(http_parse(text, cut, &again) == 0);
    return 0;
}
