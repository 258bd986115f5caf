/*
 * epoll/web: two pages for a browser, over HTTP/1.1.
 *
 * Waits in     epoll_wait() on all sockets at once
 * A client is  an entry in the kernel's list, and two buffers
 * Stops at     the descriptor limit
 * Differs by   epoll_wait() with a deadline; shutdown() before close()
 * Chapter      docs/6-epoll.md
 *
 * No answer is held back to be joined by the next: net_listen() sets
 * TCP_NODELAY, and the sockets that a listener accepts inherit it on Linux.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <time.h>

#include "common/clock.h"
#include "common/console.h"
#include "common/net.h"
#include "common/options.h"
#include "common/show.h"
#include "common/stop.h"
#include "epoll/http.h"

enum {
    EVENTS = 64,         /* the most to hear of at once; the rest waits */
    ANSWER_BYTES = 1024, /* more than any answer below takes */
    QUEUE_BYTES = 4 * ANSWER_BYTES, /* of answers to pipelined requests */
};

static long timeout_ms = 10000;

static const struct option_number numbers[] = {
    {"timeout-ms", "MS",
     "a request, or an answer, may take at most MS (default 10000)", 1,
     3600000, &timeout_ms},
    {0},
};

static const struct model model = {
    .name = "epoll/web",
    .about = "Web server: says hello, and prints what browsers ask."
             "\vTo copy; then open http://localhost:8800/ in a browser:\n"
             "  build/epoll/web --port=8800\n"
             "  curl -v http://localhost:8800/",
    .many_ports = true, /* it waits on several listeners */
    .max_clients = 20000,
    .numbers = numbers,
    .ports = {8800},
};

struct client {
    int fd;
    uint32_t watched; /* EPOLLIN or EPOLLOUT */
    bool last;        /* the last answer is queued or sent */
    bool parting;     /* we have ended our stream, and wait for its end */
    int64_t deadline_ms; /* the same time for all: the list stays sorted */
    TAILQ_ENTRY(client) link;
    size_t filled; /* bytes in `in` */
    size_t queued; /* bytes in `out` */
    char in[HTTP_HEAD];
    char out[QUEUE_BYTES];
};

static TAILQ_HEAD(line, client) waiting = TAILQ_HEAD_INITIALIZER(waiting);
static struct client **clients; /* by descriptor */
static int epoll_fd;
static FILE *console;

static const struct page {
    const char *path, *type, *body;
} pages[] = {
    {"/", "text/plain; charset=utf-8", "Hello from Epoll Server!\n"},
    {"/favicon.ico", "image/svg+xml",
     "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 2 2'>"
     "<circle cx='1' cy='1' r='1' fill='#0072b2'/></svg>\n"},
};

/* --- time ------------------------------------------------------------- */

static void grant_time(struct client *client)
{
    TAILQ_REMOVE(&waiting, client, link);
    TAILQ_INSERT_TAIL(&waiting, client, link);
    client->deadline_ms = clock_now_ms() + timeout_ms;
}

/* Returns -1, which is for ever, when there is no client. */
static int ms_to_next_deadline(void)
{
    const struct client *first = TAILQ_FIRST(&waiting);
    int64_t now_ms = clock_now_ms();

    if (first == NULL)
        return -1;
    return first->deadline_ms > now_ms ? (int)(first->deadline_ms - now_ms)
                                       : 0;
}

/* --- answers ---------------------------------------------------------- */

/* Queues an answer: the page, or what the status says. To HEAD, whatever
 * the status, the head of it alone (RFC 9110, 9.3.2). */
static void answer(struct client *client,
                   const struct http_request *request, int status,
                   const struct page *page)
{
    char text[64], date[64];
    time_t now = time(NULL);

    snprintf(text, sizeof(text), "%d %s\n", status, http_reason(status));
    const char *body = page != NULL ? page->body : text;
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime(&now));
    int n = snprintf(client->out + client->queued, ANSWER_BYTES,
                     "HTTP/1.1 %d %s\r\n"
                     "Date: %s\r\n"
                     "Content-Type: %s\r\n"
                     "Content-Length: %zu\r\n"
                     "%sConnection: %s\r\n\r\n%s",
                     status, http_reason(status), date,
                     page != NULL ? page->type : "text/plain", strlen(body),
                     status == 405 ? "Allow: GET, HEAD\r\n" : "",
                     client->last ? "close" : "keep-alive",
                     http_is(request->method, "HEAD") ? "" : body);
    client->queued += (size_t)n;
}

/* Has nothing arrived but the first `used` bytes of the buffer? */
static bool is_all(const struct client *client, size_t used)
{
    char byte;

    return used == client->filled &&
           recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == -1;
}

/* used: bytes of the buffer, up to the end of this request. */
static void answer_request(struct client *client,
                           const struct http_request *request, size_t used)
{
    const struct page *page = NULL;

    /* A body is not read, and so the next request can't be found. During a
     * stop, the client is told that no more is answered (RFC 9112, 9.6). */
    client->last = !request->keep_alive || request->has_body ||
                   (stop_asked() && is_all(client, used));
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
        if (http_is_path(request->path, pages[i].path))
            page = &pages[i];
    if (!http_knows_method(request->method))
        answer(client, request, 501, NULL);
    else if (!http_is(request->method, "GET") &&
             !http_is(request->method, "HEAD"))
        answer(client, request, 405, NULL);
    else
        answer(client, request, page != NULL ? 200 : 404, page);
}

/* Prints a request as it came, under a line. */
static void print_request(const char *data, size_t n)
{
    fputs("----------------------------------------\n", console);
    while (n > 0) {
        const char *end = memchr(data, '\n', n);
        size_t used = end != NULL ? (size_t)(end - data) + 1 : n;
        size_t length = end != NULL ? used - 1 : n;
        if (length > 0 && data[length - 1] == '\r')
            length--;
        show_text(console, data, length);
        putc('\n', console);
        data += used;
        n -= used;
    }
    console_pass_on();
}

/* Answers the requests in the buffer, of which there may be several
 * (pipelining), as long as there is room for the answers. */
static void answer_all(struct client *client)
{
    struct http_request request;
    size_t at = 0;

    while (!client->last && client->queued + ANSWER_BYTES <= QUEUE_BYTES) {
        int status = http_parse(client->in + at, client->filled - at,
                                &request);
        if (status == 0)
            break;
        if (status == 200) {
            print_request(client->in + at, request.length);
            at += request.length;
            answer_request(client, &request, at);
        } else {
            print_request(client->in + at, client->filled - at);
            client->last = true;
            answer(client, &request, status, NULL);
        }
    }
    client->filled -= at;
    memmove(client->in, client->in + at, client->filled);
}

/* --- events ----------------------------------------------------------- */

/* op is EPOLL_CTL_ADD or EPOLL_CTL_MOD. EPOLLHUP needs no asking. */
static int watch(int fd, int op, uint32_t what)
{
    struct epoll_event event = {.events = what, .data.fd = fd};

    return epoll_ctl(epoll_fd, op, fd, &event);
}

static void drop(struct client *client)
{
    TAILQ_REMOVE(&waiting, client, link);
    clients[client->fd] = NULL;
    net_close(client->fd);
    free(client);
}

/* After a call returned -1: should it be tried again later? */
static bool not_yet(void)
{
    return errno == EAGAIN || errno == EINTR;
}

/*
 * EPOLLOUT: sends what fits. close() with something unread resets the
 * connection, and the reset may overtake the answer. So we end our stream
 * after the last answer, and read until the client ends its own.
 *
 * Returns false when the client is gone.
 */
static bool send_answers(struct client *client)
{
    ssize_t n = send(client->fd, client->out, client->queued,
                     MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n == -1 && !not_yet()) {
        drop(client);
        return false;
    }
    if (n > 0) {
        client->queued -= (size_t)n;
        memmove(client->out, client->out + n, client->queued);
        if (client->queued == 0)
            grant_time(client); /* a byte at a time wins none */
    }
    if (client->queued == 0 && client->last && !client->parting) {
        shutdown(client->fd, SHUT_WR);
        client->parting = true;
    }
    return true;
}

/* Answers and sends, until no request or no room is left. */
static void advance(struct client *client)
{
    do {
        answer_all(client);
        if (client->queued == 0)
            break; /* no whole request is in the buffer */
        if (!send_answers(client))
            return;
    } while (client->queued == 0);

    /* A client that does not read its answers is not read from. */
    uint32_t what = client->queued > 0 ? EPOLLOUT : EPOLLIN;
    if (what != client->watched)
        watch(client->fd, EPOLL_CTL_MOD, what);
    client->watched = what;
}

/* EPOLLIN: receives once. */
static void hear(struct client *client)
{
    bool begins = client->filled == 0;

    if (client->parting)
        client->filled = 0; /* what it still sends is thrown away */
    ssize_t n = recv(client->fd, client->in + client->filled,
                     sizeof(client->in) - client->filled, MSG_DONTWAIT);
    if (n == 0 || (n == -1 && !not_yet())) {
        drop(client);
        return;
    }
    if (n == -1 || client->parting)
        return;
    client->filled += (size_t)n;
    if (begins)
        grant_time(client); /* for the whole request */
    advance(client);
}

/* The client's time is over. If a request has begun, it is told so. */
static void time_out(struct client *client)
{
    struct http_request request;

    if (client->filled == 0 || client->queued > 0 || client->last) {
        drop(client);
        return;
    }
    client->last = true;
    print_request(client->in, client->filled);
    http_parse(client->in, client->filled, &request); /* the method of it */
    answer(client, &request, 408, NULL);
    grant_time(client); /* to take the answer */
    advance(client);
}

static void welcome(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (!net_admit(fd, listener))
        return; /* nobody came, or there is no room: it was closed */
    struct client *client = calloc(1, sizeof(*client));
    if (client == NULL || watch(fd, EPOLL_CTL_ADD, EPOLLIN) == -1) {
        net_turn_away(fd, "memory");
        free(client);
        return;
    }
    client->fd = fd;
    client->watched = EPOLLIN;
    clients[fd] = client;
    TAILQ_INSERT_TAIL(&waiting, client, link);
    grant_time(client);
}

static void dispatch(int fd, uint32_t events)
{
    if (clients[fd] == NULL)
        welcome(fd); /* no client, so a listener */
    else if (events & (EPOLLHUP | EPOLLERR))
        drop(clients[fd]); /* the connection is gone */
    else if (events & EPOLLIN)
        hear(clients[fd]);
    else if (events & EPOLLOUT && send_answers(clients[fd]))
        advance(clients[fd]);
}

static void serve(const struct listeners *listeners)
{
    struct epoll_event events[EVENTS];

    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    clients = calloc(net_descriptor_limit(), sizeof(struct client *));
    if (epoll_fd == -1 || clients == NULL)
        fatal_errno(model.name, "cannot start");
    for (size_t i = 0; i < listeners->n; i++) {
        int listener = listeners->fds[i];
        fcntl(listener, F_SETFL, O_NONBLOCK); /* accept4() never waits */
        if (watch(listener, EPOLL_CTL_ADD, EPOLLIN) == -1)
            fatal_errno(model.name, "epoll_ctl");
    }
    console = console_open(model.name);
    fputs("Started Epoll Server\n", console);
    console_pass_on();
    while (!stop_done()) { /* until SIGTERM, and the last has left */
        int n = epoll_wait(epoll_fd, events, EVENTS, ms_to_next_deadline());
        for (int i = 0; i < n; i++) /* n is -1 after a signal */
            dispatch(events[i].data.fd, events[i].events);
        while (ms_to_next_deadline() == 0)
            time_out(TAILQ_FIRST(&waiting));
    }
    free(clients);
}

int main(int argc, char **argv)
{
    struct options options = options_parse(argc, argv, &model);
    struct listeners listeners = net_listen(&options);

    serve(&listeners);
    return stop_wait(); /* for those still here; the exit status */
}
