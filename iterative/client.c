/*
 * iterative/client: sends what it is given, prints what returns.
 *
 * Waits in     connect(), then poll() for the socket and the keyboard
 * A client is  this program
 * Stops at     nothing: it holds 16 MiB at once, however much is to be sent
 * Differs by   connect(), shutdown(), poll() on a socket and a keyboard
 * Chapter      docs/1-iterative.md
 *
 * Two lessons can be seen with --trace: send() may take less than it is
 * given, and recv(1024) may return one byte. There is a third: a client
 * that sends everything before it reads anything waits for ever, once all
 * buffers on the way are full of the reply. This client does either as soon
 * as it is possible.
 */
#include <argp.h>
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/connect.h"
#include "common/options.h"
#include "common/protocol.h"

enum {
    RECV_BYTES = 1024,     /* asked of each recv(), as in the seeds */
    HELD_BYTES = 16 << 20, /* held at once, of what is to be sent */
};

static const char name[] = "iterative/client";

static const char *host = ECHO_HOST;
static long port = ECHO_PORT;
static long piece = HELD_BYTES;
static bool trace;

static char *held;    /* what is to be sent; HELD_BYTES, or the arguments */
static size_t filled; /* bytes in held */
static size_t sent;   /* of these, bytes that send() took */
static bool ended;    /* no more follows after what is held */
static bool closed;   /* we have ended our stream, or the server is gone */
static int server;
static char last = '\n'; /* byte printed */

/* With --trace: prints a call and its result. Leaves errno alone. */
static void tell(const char *call, const char *what, size_t n,
                 ssize_t result)
{
    int reason = errno;

    if (trace && n > 0)
        fprintf(stderr, "%s(%d, %s, %zu) = %zd", call, server, what, n,
                result);
    else if (trace)
        fprintf(stderr, "%s(%d, %s) = %zd", call, server, what, result);
    if (trace)
        fprintf(stderr, result == -1 ? " %s\n" : "\n",
                strerrorname_np(reason));
    errno = reason;
}

static _Noreturn void give_up(const char *call)
{
    const char *hint = errno == ECONNREFUSED
                           ? " (is a server running there?)"
                           : "";

    fatal(name, "%s port %ld: %s: %s%s", host, port, call, strerror(errno),
          hint);
}

/* Returns whether somebody took the connection. */
static bool reach_address(const struct addrinfo *address)
{
    char numeric[INET6_ADDRSTRLEN] = "?";
    int on = 1;

    getnameinfo(address->ai_addr, address->ai_addrlen, numeric,
                sizeof(numeric), NULL, 0, NI_NUMERICHOST);
    server = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server == -1)
        return false;
    /* Each piece travels at once, not joined with the next (Nagle). */
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    int result = connect(server, address->ai_addr, address->ai_addrlen);
    if (result == 0 && connect_reached_itself(server)) {
        errno = ECONNREFUSED; /* nobody else is there */
        result = -1;
    }
    tell("connect", numeric, (size_t)port, result);
    if (result == 0)
        return true;
    int reason = errno;
    close(server);
    errno = reason;
    return false;
}

/* A name may have several addresses, and the server may listen on the last
 * of them alone: `localhost` is ::1 and 127.0.0.1. */
static void reach_server(void)
{
    struct addrinfo *addresses;
    bool reached = false;
    const char *reason = connect_resolve(host, (uint16_t)port, &addresses);

    if (reason != NULL)
        fatal(name, "--host %s: %s", host, reason);
    for (const struct addrinfo *address = addresses;
         address != NULL && !reached; address = address->ai_next)
        reached = reach_address(address);
    if (!reached)
        give_up("connect");
    freeaddrinfo(addresses);
}

/* Reads what the keyboard, the pipe or the file has now. */
static void refill(void)
{
    ssize_t n = read(STDIN_FILENO, held, HELD_BYTES);
    if (n == -1 && errno != EINTR && errno != EAGAIN)
        fatal_errno(name, "cannot read stdin");
    ended = n == 0;
    filled = n > 0 ? (size_t)n : 0;
    sent = 0;
}

static void send_some(void)
{
    size_t n = filled - sent < (size_t)piece ? filled - sent
                                             : (size_t)piece;
    ssize_t result = send(server, held + sent, n,
                          MSG_DONTWAIT | MSG_NOSIGNAL);

    tell("send", "...", n, result);
    if (result >= 0)
        sent += (size_t)result;
    else if (errno == EPIPE || errno == ECONNRESET)
        closed = true; /* an earlier answer may still be here to be read */
    else if (errno != EAGAIN && errno != EINTR)
        give_up("send");
}

static void say_end(void)
{
    closed = true;
    tell("shutdown", "SHUT_WR", 0, shutdown(server, SHUT_WR));
}

/* Returns false at the end of the stream. */
static bool print_some(void)
{
    char buf[RECV_BYTES];
    ssize_t n = recv(server, buf, sizeof(buf), MSG_DONTWAIT);

    tell("recv", "...", sizeof(buf), n);
    if (n == -1 && errno != EAGAIN && errno != EINTR)
        give_up("recv");
    for (ssize_t done = 0; done < n;) {
        ssize_t wrote = write(STDOUT_FILENO, buf + done,
                              (size_t)(n - done));
        if (wrote == -1 && errno != EINTR)
            fatal_errno(name, "cannot write to stdout");
        done += wrote > 0 ? wrote : 0;
    }
    if (n > 0)
        last = buf[n - 1];
    return n != 0;
}

static void serve(void)
{
    for (bool more = true; more;) {
        bool pending = sent < filled && !closed;
        if (!pending && ended && !closed)
            say_end();
        struct pollfd fds[] = {
            {server, (short)(POLLIN | (pending ? POLLOUT : 0)), 0},
            {pending || ended || closed ? -1 : STDIN_FILENO, POLLIN, 0},
        };
        if (poll(fds, 2, -1) == -1 && errno != EINTR)
            fatal_errno(name, "poll");
        if (fds[1].revents != 0)
            refill();
        if (fds[0].revents & POLLOUT)
            send_some();
        if (fds[0].revents & ~POLLOUT)
            more = print_some();
    }
    /* On a terminal, the prompt begins on a line of its own. */
    if (isatty(STDOUT_FILENO) && last != '\n')
        dprintf(STDOUT_FILENO, "\n");
    if (sent < filled)
        fatal(name,
              "%s port %ld: closed before it was sent everything: the "
              "last %zu bytes did not go",
              host, port, filled - sent);
}

/* The arguments, joined by a blank. */
static void take_words(int n, char **words)
{
    for (int i = 0; i < n; i++) {
        size_t length = strlen(words[i]);
        held = realloc(held, filled + length + 1);
        if (held == NULL)
            fatal_errno(name, "cannot hold the arguments");
        memcpy(held + filled, words[i], length);
        filled += length;
        if (i + 1 < n)
            held[filled++] = ' ';
    }
    ended = true;
}

enum { KEY_HOST = 256, KEY_PORT, KEY_PIECE, KEY_TRACE };

static error_t take_option(int key, char *arg, struct argp_state *state)
{
    state->name = (char *)name; /* argp cuts it at a slash */
    switch (key) {
    case KEY_HOST:
        host = arg;
        return 0;
    case KEY_PORT:
        if (options_number(arg, 1, UINT16_MAX, &port) == -1)
            argp_error(state,
                       "--port %s: not a port; a number from 1 to "
                       "65535 is accepted",
                       arg);
        return 0;
    case KEY_PIECE:
        if (options_number(arg, 1, HELD_BYTES, &piece) == -1)
            argp_error(state,
                       "--piece %s: a number of bytes from 1 to %d is "
                       "accepted",
                       arg, HELD_BYTES);
        return 0;
    case KEY_TRACE:
        trace = true;
        return 0;
    case ARGP_KEY_ARGS:
        take_words(state->argc - state->next, state->argv + state->next);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp_option table[] = {
        {"host", KEY_HOST, "ADDRESS", 0,
         "connect to ADDRESS (default " ECHO_HOST ")", 0},
        {"port", KEY_PORT, "N", 0, "connect to port N (default 5050)", 0},
        {"piece", KEY_PIECE, "N", 0, "hand at most N bytes to each send()",
         0},
        {"trace", KEY_TRACE, NULL, 0, "print each call's result on stderr",
         0},
        {0},
    };
    static const struct argp argp = {
        table,
        take_option,
        "[WORD...]",
        "Sends the words, joined by a blank, or what stdin gives; prints "
        "what returns.\vTwo to copy, with a server running:\n"
        "  build/iterative/client hello world\n"
        "  build/iterative/client --trace --piece 1 hello",
        NULL,
        NULL,
        NULL};

    argp_program_version = "iterative/client " SUITE_VERSION;
    argp_err_exit_status = EXIT_USAGE;
    argv[0] = (char *)name;
    options_keep_streams();
    options_check_stdout(name);
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    if (held == NULL)
        held = malloc(HELD_BYTES);
    if (held == NULL)
        fatal_errno(name, "cannot start");
    reach_server();
    serve();
    return EXIT_SUCCESS;
}
