/*
 * select/chat: a room to talk in, and the people in it.
 *
 * Waits in     select(): the server for all sockets at once, the client for
 *              its socket and its keyboard
 * A client is  a bit in a set, a name and two buffers
 * Stops at     descriptor 1023, the last bit of the set (FD_SETSIZE)
 * Differs by   select() on the keyboard; a queue for each client
 * Chapter      docs/5-select.md
 *
 * Nobody waits for a slow client: what it has not read is kept for it up to
 * QUEUE_BYTES, and then it is dropped.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/connect.h"
#include "common/console.h"
#include "common/net.h"
#include "common/options.h"
#include "common/protocol.h"
#include "common/show.h"
#include "common/stop.h"
#include "select/frame.h"
#include "select/name.h"

enum {
    CHAT_PORT = 8800,
    DRAIN_MS = 3000,
    NAME_MS = 5000,          /* the time for a newcomer to say its name */
    QUEUE_BYTES = 64 * 1024, /* kept for a client that does not read */
};

static const char program[] = "select/chat";
static const char server_name[] = "server";

/* The other end of a connection: a client, or the server. */
struct talker {
    int fd;
    char name[FRAME_NAME + 1]; /* empty until it has said its name */
    int64_t deadline_ms;       /* by when it has to say its name */
    bool admitted;             /* the server has accepted our name */
    const char *leaving;       /* the reason to drop it; NULL: it stays */
    size_t filled;             /* bytes in `in`, less than a frame */
    size_t queued;             /* bytes in `out` */
    unsigned char in[FRAME_BYTES];
    unsigned char out[QUEUE_BYTES];
};

static struct talker *talkers[FD_SETSIZE]; /* by descriptor */
static fd_set reading, writing;            /* what we wait for */
static int highest;                        /* descriptor in either set */
static int ntalkers;                       /* clients with a name */
static FILE *console;                      /* the server's */

/* fd is below FD_SETSIZE: FD_SET() would write beyond the set. */
static void watch(int fd, bool read, bool write)
{
    FD_CLR(fd, &reading);
    FD_CLR(fd, &writing);
    if (read)
        FD_SET(fd, &reading);
    if (write)
        FD_SET(fd, &writing);
    if (fd > highest)
        highest = fd;
}

/* --- both ends -------------------------------------------------------- */

static void say(FILE *out, const char *name, const void *text, size_t n)
{
    fprintf(out, "%s: ", name);
    show_text(out, text, n);
    putc('\n', out);
}

/* Sends what fits now. */
static void flush(struct talker *talker)
{
    ssize_t n = send(talker->fd, talker->out, talker->queued,
                     MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n == -1) {
        if (errno != EAGAIN && errno != EINTR)
            talker->leaving = strerror(errno);
        return;
    }
    talker->queued -= (size_t)n;
    memmove(talker->out, talker->out + n, talker->queued);
    watch(talker->fd, true, talker->queued > 0);
}

/* The reason of a client that has ended its stream. It may still listen. */
static const char done[] = "done";

/*
 * Queues a frame. Many may speak before select() is called again, so a full
 * queue is first sent as far as the kernel takes it. A client whose queue
 * has no room even then is too slow.
 */
static void tell(struct talker *talker, const char *name, const void *text,
                 size_t n)
{
    if (talker->leaving == NULL &&
        talker->queued + FRAME_BYTES > QUEUE_BYTES)
        flush(talker);
    if (talker->leaving != NULL && talker->leaving != done)
        return;
    if (talker->queued + FRAME_BYTES > QUEUE_BYTES) {
        talker->leaving = "too slow";
        return;
    }
    unsigned char *end = talker->out + talker->queued;
    talker->queued += frame_build(end, name, text, n);
    watch(talker->fd, true, true);
}

/* Receives once, and gives each whole frame to `take`. */
static void hear(struct talker *talker,
                 void (*take)(struct talker *, const struct frame *))
{
    struct frame frame;
    size_t at = 0;
    ssize_t used = 1;
    ssize_t n = recv(talker->fd, talker->in + talker->filled,
                     sizeof(talker->in) - talker->filled, MSG_DONTWAIT);

    if (n == -1 && errno != EAGAIN && errno != EINTR)
        talker->leaving = strerror(errno);
    if (n == 0)
        talker->leaving = talker->filled == 0 ? done : "in mid-frame";
    if (n <= 0)
        return;
    talker->filled += (size_t)n;
    while (used > 0 && talker->leaving == NULL) {
        used = frame_parse(talker->in + at, talker->filled - at, &frame);
        if (used == -1) {
            talker->leaving = "sent no frame of ours";
        } else if (used > 0) {
            take(talker, &frame);
            at += (size_t)used;
        }
    }
    talker->filled -= at;
    memmove(talker->in, talker->in + at, talker->filled);
}

/* --- the server ------------------------------------------------------- */

static void tell_all(const struct talker *but, const char *name,
                     const void *text, size_t n)
{
    say(console, name, text, n);
    console_pass_on();
    for (int fd = 0; fd <= highest; fd++)
        if (talkers[fd] != NULL && talkers[fd] != but &&
            talkers[fd]->name[0] != '\0')
            tell(talkers[fd], name, text, n);
}

/* Tells all that a client has come or has left. */
static void announce(const struct talker *talker, const char *what,
                     const char *where)
{
    char text[FRAME_TEXT];
    int n = snprintf(text, sizeof(text), "%s %s (%s), %d here",
                     talker->name, what, where, ntalkers);

    tell_all(NULL, server_name, text, (size_t)n);
}

static bool is_taken(const char *name)
{
    bool taken = name_looks_like(name, server_name);

    for (int fd = 0; fd <= highest; fd++)
        if (talkers[fd] != NULL && talkers[fd]->name[0] != '\0' &&
            name_looks_like(name, talkers[fd]->name))
            taken = true;
    return taken;
}

/* Tells a newcomer why it can't have its name. */
static void refuse(struct talker *talker, const char *why)
{
    char text[FRAME_TEXT];
    int n = snprintf(text, sizeof(text), "this name %s; choose another",
                     why);

    tell(talker, server_name, text, (size_t)n);
    flush(talker);
    talker->leaving = "its name was refused";
}

/*
 * A client's first frame says its name; the later ones can't change it. The
 * same frame comes back when the name is accepted.
 */
static void take_at_server(struct talker *talker, const struct frame *frame)
{
    if (talker->name[0] != '\0') {
        tell_all(talker, talker->name, frame->text, frame->length);
        return;
    }
    const char *fault = name_fault(frame->name);
    if (fault == NULL && is_taken(frame->name))
        fault = "is taken";
    if (fault != NULL) {
        refuse(talker, fault);
        return;
    }
    memcpy(talker->name, frame->name, sizeof(talker->name));
    ntalkers++;
    tell(talker, talker->name, "", 0);
    announce(talker, "has come", net_peer(talker->fd).name);
}

static void drop(struct talker *talker)
{
    if (talker->leaving == done && talker->queued > 0)
        flush(talker); /* what others said last */
    watch(talker->fd, false, false);
    talkers[talker->fd] = NULL;
    if (talker->name[0] != '\0') {
        ntalkers--;
        announce(talker, "has left", talker->leaving);
    }
    net_close(talker->fd);
    free(talker);
}

/* A newcomer that says no name would keep its place for ever. Returns
 * whether there is a newcomer that still has time. */
static bool dismiss_the_nameless(void)
{
    bool some = false;

    for (int fd = 0; fd <= highest; fd++) {
        if (talkers[fd] == NULL || talkers[fd]->name[0] != '\0' ||
            talkers[fd]->leaving != NULL)
            continue;
        if (clock_now_ms() > talkers[fd]->deadline_ms)
            talkers[fd]->leaving = "said no name";
        else
            some = true;
    }
    return some;
}

/* Begins again after each: when the others are told that it has left, some
 * of them may turn out to be too slow. */
static void drop_the_leaving(void)
{
    for (int fd = 0; fd <= highest; fd++)
        if (talkers[fd] != NULL && talkers[fd]->leaving != NULL) {
            drop(talkers[fd]);
            fd = -1;
        }
}

static void welcome(int listener)
{
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (!net_admit(client, listener))
        return;
    if (client >= FD_SETSIZE) {
        errno = EMFILE;
        net_turn_away(client, "FD_SETSIZE");
        return;
    }
    struct talker *talker = calloc(1, sizeof(*talker));
    if (talker == NULL) {
        net_turn_away(client, "memory");
        return;
    }
    talker->fd = client;
    talker->deadline_ms = clock_now_ms() + NAME_MS;
    talkers[client] = talker;
    watch(client, true, false);
}

static void serve(const struct listeners *listeners)
{
    bool names_missing = false;

    for (size_t i = 0; i < listeners->n; i++) {
        if (listeners->fds[i] >= FD_SETSIZE)
            fatal(program, "too many descriptors are open: FD_SETSIZE");
        fcntl(listeners->fds[i], F_SETFL, O_NONBLOCK);
        watch(listeners->fds[i], true, false);
    }
    while (!stop_done()) {
        struct timeval second = {.tv_sec = 1};
        fd_set readable = reading; /* select() overwrites all three */
        fd_set writable = writing;
        if (select(highest + 1, &readable, &writable, NULL,
                   names_missing ? &second : NULL) == -1)
            continue; /* a signal */
        for (int fd = 0; fd <= highest; fd++) {
            if (talkers[fd] == NULL && FD_ISSET(fd, &readable))
                welcome(fd); /* no client, so a listener */
            else if (talkers[fd] != NULL && FD_ISSET(fd, &readable))
                hear(talkers[fd], take_at_server);
            if (talkers[fd] != NULL && FD_ISSET(fd, &writable))
                flush(talkers[fd]);
        }
        names_missing = dismiss_the_nameless();
        drop_the_leaving();
    }
}

/* --- the client ------------------------------------------------------- */

static void take_at_client(struct talker *server, const struct frame *frame)
{
    if (strcmp(frame->name, server->name) == 0) {
        server->admitted = true;
        return;
    }
    say(stdout, frame->name, frame->text, frame->length);
    fflush(stdout);
}

/* Returns how many of the n bytes there are without a character that is cut
 * off at the end. */
static size_t whole_characters(const char *text, size_t n)
{
    size_t last = n;

    while (last > 0 && n - last < 4 && (text[last - 1] & 0xc0) == 0x80)
        last--; /* the second, third and fourth byte of a character */
    if (last == 0 || n - last == 4)
        return n; /* this is no UTF-8 */
    return show_character(text + last - 1, n - last + 1) > 0 ? n : last - 1;
}

/*
 * Reads what was typed, and sends each line in a frame; a line that is too
 * long goes in several. Returns false when the keyboard has ended.
 */
static bool type(struct talker *server)
{
    static char line[FRAME_TEXT];
    static size_t filled;
    ssize_t n = read(STDIN_FILENO, line + filled, sizeof(line) - filled);

    if (n == -1)
        return errno == EINTR || errno == EAGAIN;
    filled += (size_t)n;
    for (;;) {
        char *end = memchr(line, '\n', filled);
        bool whole = end != NULL || n == 0;
        size_t length = end != NULL ? (size_t)(end - line) : filled;
        if (!whole && filled < sizeof(line))
            return true;
        if (!whole)
            length = whole_characters(line, filled);
        if (length > 0)
            tell(server, server->name, line, length);
        length += end != NULL;
        filled -= length;
        memmove(line, line + length, filled);
        if (end == NULL)
            return n > 0;
    }
}

static void talk(struct talker *server)
{
    bool typing = true;

    tell(server, server->name, "", 0); /* who we are */
    while (server->leaving == NULL) {
        /* Nothing is read from the keyboard before the server has accepted
         * our name, or while something is still to be sent. */
        bool listen_to_keys = typing && server->admitted &&
                              server->queued == 0;
        watch(STDIN_FILENO, listen_to_keys, false);
        fd_set readable = reading;
        fd_set writable = writing;
        if (select(highest + 1, &readable, &writable, NULL, NULL) == -1)
            continue; /* EINTR: the process was stopped and continued */
        if (FD_ISSET(STDIN_FILENO, &readable))
            typing = type(server);
        if (FD_ISSET(server->fd, &readable))
            hear(server, take_at_client);
        if (FD_ISSET(server->fd, &writable))
            flush(server);
        if (!typing && server->queued == 0)
            shutdown(server->fd, SHUT_WR); /* the server will close, too */
    }
    if (typing || server->leaving != done)
        fatal(program, "the server has closed the connection (%s)",
              server->leaving);
}

/* --- the command line ------------------------------------------------- */

struct arguments {
    const char *name;
    const char *host;
    long port;
};

static int run_server(const struct arguments *arguments)
{
    const struct options options = {
        .model = program,
        .host = arguments->host,
        .ports = {(uint16_t)arguments->port},
        .nports = 1,
        .many_ports = true,
        .max_clients = FD_SETSIZE,
        .drain_ms = DRAIN_MS,
    };
    struct listeners listeners = net_listen(&options);

    console = console_open(program);
    serve(&listeners);
    return stop_wait();
}

static int run_client(const struct arguments *arguments)
{
    static struct talker server;
    struct addrinfo *addresses;
    const char *reason = connect_resolve(
        arguments->host, (uint16_t)arguments->port, &addresses);

    if (reason != NULL)
        fatal(program, "--host %s: %s", arguments->host, reason);
    server.fd = connect_any(addresses, -1);
    if (server.fd == -1)
        fatal_errno(program, "cannot reach a server at %s port %ld",
                    arguments->host, arguments->port);
    freeaddrinfo(addresses);
    if (server.fd >= FD_SETSIZE)
        fatal(program, "too many descriptors are open: FD_SETSIZE");
    snprintf(server.name, sizeof(server.name), "%s", arguments->name);
    talk(&server);
    return EXIT_SUCCESS;
}

enum { KEY_NAME = 256, KEY_PORT, KEY_HOST };

static error_t take_option(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    state->name = (char *)program; /* argp cuts it at a slash */
    switch (key) {
    case KEY_NAME:
        if (!frame_name_fits(arg, strlen(arg)))
            argp_error(state,
                       "--name: 1 to %d bytes of printable UTF-8 are "
                       "accepted",
                       FRAME_NAME);
        if (name_fault(arg) != NULL)
            argp_error(state,
                       "--name: %s; a name that can be seen, without a "
                       "colon, is accepted",
                       name_fault(arg));
        arguments->name = arg;
        return 0;
    case KEY_PORT:
        if (options_number(arg, 0, UINT16_MAX, &arguments->port) == -1)
            argp_error(state,
                       "--port %s: not a port; a number from 0 to "
                       "65535 is accepted",
                       arg);
        return 0;
    case KEY_HOST:
        arguments->host = arg;
        return 0;
    case ARGP_KEY_END:
        if (arguments->name == NULL)
            argp_error(state,
                       "--name is missing: `server', or your own name");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp_option table[] = {
        {"name", KEY_NAME, "NAME", 0, "your name; `server' opens the room",
         0},
        {"port", KEY_PORT, "N", 0, "the server's port (default 8800)", 0},
        {"host", KEY_HOST, "ADDRESS", 0,
         "the server's address (default " ECHO_HOST ")", 0},
        {0},
    };
    static const struct argp argp = {
        table,
        take_option,
        NULL,
        "A room to talk in: one server, and clients that send lines.\v"
        "To copy, each in a window of its own:\n"
        "  build/select/chat --name=server --port=8800\n"
        "  build/select/chat --name=client1 --port=8800\n"
        "  build/select/chat --name=client2 --port=8800\n"
        "Ctrl-D leaves the room, Ctrl-C closes it. A client that says no "
        "name within 5 s is closed; so is a client that reads too slowly.",
        NULL,
        NULL,
        NULL};
    struct arguments arguments = {.host = ECHO_HOST, .port = CHAT_PORT};

    argp_program_version = "select/chat " SUITE_VERSION;
    argp_err_exit_status = EXIT_USAGE;
    argv[0] = (char *)program;
    options_keep_streams();
    options_check_stdout(program);
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    return strcmp(arguments.name, server_name) == 0
               ? run_server(&arguments)
               : run_client(&arguments);
}
