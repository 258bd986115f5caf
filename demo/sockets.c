#include "demo/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- rows ------------------------------------------------------------ */

static int add_row(struct sockets *sockets, const struct sockets_row *row)
{
    if (sockets->n == sockets->capacity) {
        size_t capacity = sockets->capacity ? 2 * sockets->capacity : 64;
        struct sockets_row *rows = realloc(sockets->rows,
                                           capacity * sizeof(*rows));
        if (rows == NULL)
            return -1;
        sockets->rows = rows;
        sockets->capacity = capacity;
    }
    sockets->rows[sockets->n++] = *row;
    return 0;
}

static int by_inode(const void *a, const void *b)
{
    const struct sockets_row *x = a;
    const struct sockets_row *y = b;

    return (x->inode > y->inode) - (x->inode < y->inode);
}

/* Two ways to find a row: by inode and by the port at the other end. */
static void index_rows(struct sockets *sockets)
{
    if (sockets->n > 0)
        qsort(sockets->rows, sockets->n, sizeof(*sockets->rows), by_inode);
    for (size_t i = 0; i < sockets->n; i++) {
        uint32_t *first = &sockets->by_remote[sockets->rows[i].remote];
        sockets->rows[i].next = *first;
        *first = (uint32_t)i + 1;
    }
}

static void forget_rows(struct sockets *sockets)
{
    for (size_t i = 0; i < sockets->n; i++)
        sockets->by_remote[sockets->rows[i].remote] = 0;
    sockets->n = 0;
}

const struct sockets_row *
sockets_find_connection(const struct sockets *sockets,
                        const struct connection *connection)
{
    uint32_t i = sockets->by_remote[connection->port];

    while (i != 0 && sockets->rows[i - 1].local != connection->server_port)
        i = sockets->rows[i - 1].next;
    return i == 0 ? NULL : &sockets->rows[i - 1];
}

const struct sockets_row *sockets_find_inode(const struct sockets *sockets,
                                             uint64_t inode)
{
    const struct sockets_row key = {.inode = inode};

    if (sockets->n == 0)
        return NULL;
    return bsearch(&key, sockets->rows, sockets->n, sizeof(key), by_inode);
}

/* --- names ----------------------------------------------------------- */

static int by_ports(const void *a, const void *b)
{
    const struct sockets_name *x = a;
    const struct sockets_name *y = b;

    return x->local != y->local ? (int)x->local - (int)y->local
                                : (int)x->remote - (int)y->remote;
}

void sockets_forget_names(struct sockets *sockets)
{
    sockets->nnames = 0;
}

static int add_name(struct sockets *sockets, struct sockets_name name,
                    const char *text)
{
    if (sockets->nnames == sockets->names_capacity) {
        size_t capacity = sockets->nnames > 0 ? 2 * sockets->nnames : 64;
        struct sockets_name *names = realloc(sockets->names,
                                             capacity * sizeof(*names));
        if (names == NULL)
            return -1;
        sockets->names = names;
        sockets->names_capacity = capacity;
    }
    snprintf(name.text, sizeof(name.text), "%s", text);
    sockets->names[sockets->nnames++] = name;
    return 0;
}

int sockets_name_listener(struct sockets *sockets, uint16_t port,
                          const char *name)
{
    return add_name(sockets, (struct sockets_name){.local = port}, name);
}

int sockets_name_connection(struct sockets *sockets,
                            const struct connection *connection,
                            const char *name)
{
    if (connection->fd == -1)
        return 0;
    return add_name(sockets,
                    (struct sockets_name){.local = connection->server_port,
                                          .remote = connection->port,
                                          .connection = connection},
                    name);
}

static const struct sockets_name *find_name(const struct sockets *sockets,
                                            uint16_t local, uint16_t remote)
{
    const struct sockets_name key = {.local = local, .remote = remote};

    if (sockets->nnames == 0)
        return NULL;
    return bsearch(&key, sockets->names, sockets->nnames, sizeof(key),
                   by_ports);
}

const char *sockets_find_name(const struct sockets *sockets,
                              const struct sockets_row *row)
{
    const struct sockets_name *name = find_name(
        sockets, row->local, row->state == TCP_LISTEN ? 0 : row->remote);

    return name == NULL ? NULL : name->text;
}

/* --- /proc/net/tcp --------------------------------------------------- */

/* Jumps over blanks and one word. */
static const char *skip_word(const char *text)
{
    text += strspn(text, " ");
    return text + strcspn(text, " ");
}

/* The port of "0100007F:13BA": behind the colon, hexadecimal. */
static const char *read_port(const char *text, uint16_t *port)
{
    char *end;

    text += strspn(text, " ");
    text += strspn(text, "0123456789ABCDEF");
    if (*text != ':')
        return NULL;
    *port = (uint16_t)strtoul(text + 1, &end, 16);
    return end;
}

int sockets_read_line(const char *line, struct sockets_row *row)
{
    char *end;

    line = skip_word(line); /* "12:" */
    line = read_port(line, &row->local);
    if (line == NULL)
        return -1;
    line = read_port(line, &row->remote);
    if (line == NULL)
        return -1;
    row->state = (unsigned)strtoul(line, &end, 16);
    line = end + strcspn(end, ":"); /* tx_queue:rx_queue */
    if (*line != ':')
        return -1;
    row->unread = (uint32_t)strtoul(line + 1, &end, 16);
    line = end;
    for (int i = 0; i < 4; i++) /* timer, retransmissions, user, timeout */
        line = skip_word(line);
    row->inode = strtoull(line, &end, 10);
    return end == line ? -1 : 0;
}

/* As a stream: the file may hold every connection of a busy machine. */
static int read_table(struct sockets *sockets, const char *path)
{
    static char text[65536]; /* the demo has one thread */
    size_t left = 0;
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd == -1)
        return -1;
    while ((n = read(fd, text + left, sizeof(text) - 1 - left)) > 0) {
        char *line = text;
        char *newline;
        text[left + (size_t)n] = '\0';
        while ((newline = strchr(line, '\n')) != NULL) {
            struct sockets_row row;
            *newline = '\0';
            if (sockets_read_line(line, &row) == 0 &&
                find_name(sockets, row.local, row.remote) != NULL &&
                add_row(sockets, &row) == -1)
                goto fail;
            line = newline + 1;
        }
        left = strlen(line);
        memmove(text, line, left);
    }
    close(fd);
    return n == -1 ? -1 : 0;

fail:
    close(fd);
    return -1;
}

int sockets_read_proc(struct sockets *sockets)
{
    forget_rows(sockets);
    if (sockets->nnames > 0)
        qsort(sockets->names, sockets->nnames, sizeof(*sockets->names),
              by_ports);
    if (read_table(sockets, "/proc/net/tcp") == -1)
        return -1;
    /* A kernel without IPv6 has no such file. */
    if (read_table(sockets, "/proc/net/tcp6") == -1 && errno != ENOENT)
        return -1;
    index_rows(sockets);
    return 0;
}

/* --- SOCK_DIAG ------------------------------------------------------- */

struct request {
    struct nlmsghdr header;
    struct inet_diag_req_v2 body;
};

static int add_message(struct sockets *sockets,
                       const struct inet_diag_msg *message)
{
    const struct sockets_row row = {
        .local = ntohs(message->id.idiag_sport),
        .remote = ntohs(message->id.idiag_dport),
        .state = message->idiag_state,
        .unread = message->idiag_rqueue,
        .inode = message->idiag_inode,
    };

    return find_name(sockets, row.local, row.remote) == NULL
               ? 0
               : add_row(sockets, &row);
}

/*
 * Takes answers until there is no more to come.
 *
 * Returns  0, or -1 with errno; ENOENT: no such socket.
 */
static int take_answers(struct sockets *sockets, bool many)
{
    static union {
        struct nlmsghdr first; /* a header needs its alignment */
        char bytes[65536];
    } answers; /* the demo has one thread */

    for (;;) {
        ssize_t n = recv(sockets->diag, &answers, sizeof(answers), 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EPROTO; /* 0 bytes leave it as it was */
        if (n <= 0)
            return -1;
        const struct nlmsghdr *header = &answers.first;
        for (; NLMSG_OK(header, n); header = NLMSG_NEXT(header, n)) {
            if (header->nlmsg_type == NLMSG_DONE)
                return 0;
            if (header->nlmsg_type == NLMSG_ERROR) {
                const struct nlmsgerr *error = NLMSG_DATA(header);
                errno = -error->error;
                return -1;
            }
            if (add_message(sockets, NLMSG_DATA(header)) == -1)
                return -1;
        }
        if (!many)
            return 0;
    }
}

static int request(struct sockets *sockets, struct request *request,
                   uint16_t flags)
{
    request->header.nlmsg_len = sizeof(*request);
    request->header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    request->body.sdiag_protocol = IPPROTO_TCP;
    request->body.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    request->body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    if (send(sockets->diag, request, sizeof(*request), 0) == -1)
        return -1;
    return take_answers(sockets, flags != 0);
}

/* Listeners alone are few, so all of them are asked for. */
static int ask_listeners(struct sockets *sockets, int family)
{
    struct request all = {
        .body.sdiag_family = (uint8_t)family,
        .body.idiag_states = 1U << TCP_LISTEN,
    };

    return request(sockets, &all, NLM_F_DUMP);
}

/* Turned round: the server's end has its address and port as source. */
static int ask_connection(struct sockets *sockets,
                          const struct connection *connection)
{
    struct request one = {
        .body.sdiag_family = connection->family,
        .body.idiag_states = ~0U,
        .body.id.idiag_sport = htons(connection->server_port),
        .body.id.idiag_dport = htons(connection->port),
    };

    memcpy(one.body.id.idiag_src, connection->server_address,
           sizeof(connection->server_address));
    memcpy(one.body.id.idiag_dst, connection->address,
           sizeof(connection->address));
    int result = request(sockets, &one, 0);
    return result == -1 && errno == ENOENT ? 0 : result;
}

static int read_diag(struct sockets *sockets)
{
    forget_rows(sockets);
    if (sockets->nnames > 0)
        qsort(sockets->names, sockets->nnames, sizeof(*sockets->names),
              by_ports);
    if (ask_listeners(sockets, AF_INET) == -1)
        return -1;
    if (ask_listeners(sockets, AF_INET6) == -1 && errno != ENOENT)
        return -1;
    for (size_t i = 0; i < sockets->nnames; i++)
        if (sockets->names[i].connection != NULL &&
            ask_connection(sockets, sockets->names[i].connection) == -1)
            return -1;
    index_rows(sockets);
    return 0;
}

int sockets_read(struct sockets *sockets)
{
    if (sockets->diag == 0)
        sockets->diag = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
                               NETLINK_SOCK_DIAG);
    if (sockets->diag != -1 && read_diag(sockets) == 0)
        return 0;
    if (sockets->diag != -1)
        close(sockets->diag);
    sockets->diag = -1;
    return sockets_read_proc(sockets);
}

void sockets_free(struct sockets *sockets)
{
    if (sockets->diag > 0)
        close(sockets->diag);
    free(sockets->rows);
    free(sockets->names);
    memset(sockets, 0, sizeof(*sockets));
}
