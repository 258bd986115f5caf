#include "common/lab/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TEXT = 65536 };

/* --- /proc/net/tcp --------------------------------------------------- */

/* Jumps over blanks and one word. */
static const char *skip_word(const char *text)
{
    text += strspn(text, " ");
    return text + strcspn(text, " ");
}

/* "0100007F": words of four bytes, each as the machine reads it. Returns
 * how many digits; 0: none that we know. */
static size_t read_address(const char *text, struct tcp_row *row)
{
    size_t digits = strspn(text, "0123456789ABCDEF");

    if (digits != 8 && digits != 32)
        return 0;
    row->family = digits == 8 ? AF_INET : AF_INET6;
    memset(row->address, 0, sizeof(row->address));
    for (size_t i = 0; i < digits / 8; i++) {
        char hex[9] = "";
        memcpy(hex, text + 8 * i, 8);
        uint32_t word = (uint32_t)strtoul(hex, NULL, 16);
        memcpy(row->address + 4 * i, &word, sizeof(word));
    }
    return digits;
}

/* The port of "0100007F:13BA": behind the colon, hexadecimal. */
static const char *read_port(const char *text, uint16_t *port)
{
    char *end;

    if (*text != ':')
        return NULL;
    *port = (uint16_t)strtoul(text + 1, &end, 16);
    return end;
}

int tcp_read_line(const char *line, struct tcp_row *row)
{
    char *end;

    line = skip_word(line); /* "12:" */
    line += strspn(line, " ");
    line = read_port(line + read_address(line, row), &row->local);
    if (line == NULL)
        return -1;
    line += strspn(line, " ");
    line += strspn(line, "0123456789ABCDEF");
    line = read_port(line, &row->remote);
    if (line == NULL)
        return -1;
    row->state = (unsigned)strtoul(line, &end, 16);
    line = end + strcspn(end, ":"); /* tx_queue:rx_queue */
    if (*line != ':')
        return -1;
    row->unread = (uint32_t)strtoul(line + 1, &end, 16);
    line = end;
    line = skip_word(skip_word(line)); /* timer, retransmissions */
    row->user = (unsigned)strtoul(line, &end, 10);
    line = skip_word(end); /* timeout */
    row->inode = strtoull(line, &end, 10);
    return end == line ? -1 : 0;
}

/* As a stream: the file may hold every connection of a busy machine. */
static int read_stream(int fd, char *text, tcp_take *take, void *context)
{
    size_t left = 0;
    ssize_t n;

    while ((n = read(fd, text + left, TEXT - 1 - left)) > 0) {
        char *line = text;
        char *newline;
        text[left + (size_t)n] = '\0';
        while ((newline = strchr(line, '\n')) != NULL) {
            struct tcp_row row;
            *newline = '\0';
            if (tcp_read_line(line, &row) == 0 && take(&row, context) == -1)
                return -1;
            line = newline + 1;
        }
        left = strlen(line);
        memmove(text, line, left);
    }
    return n == -1 ? -1 : 0;
}

static int read_file(const char *path, tcp_take *take, void *context)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = fd == -1 ? NULL : malloc(TEXT);
    int result = text == NULL ? -1 : read_stream(fd, text, take, context);
    int reason = errno;

    free(text);
    if (fd != -1)
        close(fd);
    errno = reason;
    return result;
}

int tcp_read_table(tcp_take *take, void *context)
{
    if (read_file("/proc/net/tcp", take, context) == -1)
        return -1;
    /* A kernel without IPv6 has no such file. */
    errno = 0;
    return read_file("/proc/net/tcp6", take, context) == -1 &&
                   errno != ENOENT
               ? -1
               : 0;
}

/* --- SOCK_DIAG ------------------------------------------------------- */

struct request {
    struct nlmsghdr header;
    struct inet_diag_req_v2 body;
};

int tcp_open(void)
{
    return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
}

static int take_message(const struct inet_diag_msg *message, tcp_take *take,
                        void *context)
{
    struct tcp_row row = {
        .family = message->idiag_family,
        .local = ntohs(message->id.idiag_sport),
        .remote = ntohs(message->id.idiag_dport),
        .state = message->idiag_state,
        .unread = message->idiag_rqueue,
        .inode = message->idiag_inode,
        .user = message->idiag_uid,
    };

    memcpy(row.address, message->id.idiag_src, sizeof(row.address));
    return take(&row, context);
}

/* Returns  1: that was all; 0; or -1 with errno. */
static int take_datagram(const struct nlmsghdr *header, size_t n,
                         tcp_take *take, void *context)
{
    for (; NLMSG_OK(header, n); header = NLMSG_NEXT(header, n)) {
        if (header->nlmsg_type == NLMSG_DONE)
            return 1;
        if (header->nlmsg_type == NLMSG_ERROR) {
            const struct nlmsgerr *error = NLMSG_DATA(header);
            errno = -error->error;
            return -1;
        }
        if (take_message(NLMSG_DATA(header), take, context) == -1)
            return -1;
    }
    return 0;
}

/* Takes answers until there is no more to come. */
static int take_answers(int diag, bool many, tcp_take *take, void *context)
{
    union {
        struct nlmsghdr header; /* aligns the bytes */
        char bytes[32768];
    } answer;
    int result;

    do {
        ssize_t n = recv(diag, answer.bytes, sizeof(answer.bytes), 0);
        if (n == 0)
            errno = EPROTO; /* 0 bytes leave it as it was */
        if (n == -1 && errno == EINTR)
            result = 0;
        else if (n <= 0)
            result = -1;
        else
            result = take_datagram(&answer.header, (size_t)n, take,
                                   context) |
                     !many;
    } while (result == 0);
    return result == 1 ? 0 : -1;
}

static int request(int diag, struct request *request, uint16_t flags,
                   tcp_take *take, void *context)
{
    request->header.nlmsg_len = sizeof(*request);
    request->header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    request->body.sdiag_protocol = IPPROTO_TCP;
    request->body.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    request->body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    if (send(diag, request, sizeof(*request), 0) == -1)
        return -1;
    return take_answers(diag, flags != 0, take, context);
}

/* Listeners alone are few, so all of them are asked for. */
static int ask_family(int diag, int family, tcp_take *take, void *context)
{
    struct request all = {
        .body.sdiag_family = (uint8_t)family,
        .body.idiag_states = 1U << TCP_LISTEN,
    };

    return request(diag, &all, NLM_F_DUMP, take, context);
}

int tcp_ask_listeners(int diag, tcp_take *take, void *context)
{
    if (ask_family(diag, AF_INET, take, context) == -1)
        return -1;
    errno = 0;
    return ask_family(diag, AF_INET6, take, context) == -1 &&
                   errno != ENOENT
               ? -1
               : 0;
}

int tcp_ask_connection(int diag, const struct tcp_ends *ends,
                       tcp_take *take, void *context)
{
    size_t n = ends->family == AF_INET6 ? 16 : 4;
    struct request one = {
        .body.sdiag_family = ends->family,
        .body.idiag_states = ~0U,
        .body.id.idiag_sport = htons(ends->local),
        .body.id.idiag_dport = htons(ends->remote),
    };

    memcpy(one.body.id.idiag_src, ends->local_address, n);
    memcpy(one.body.id.idiag_dst, ends->remote_address, n);
    int result = request(diag, &one, 0, take, context);
    return result == -1 && errno == ENOENT ? 0 : result;
}
