#include "demo/sockets.h"

#include "common/lab/tcp.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* --- asking the kernel ----------------------------------------------- */

/* A row of those that have a name. */
static int take_row(const struct tcp_row *row, void *context)
{
    struct sockets *sockets = context;
    const struct sockets_row one = {
        .inode = row->inode,
        .local = row->local,
        .remote = row->remote,
        .state = row->state,
        .unread = row->unread,
    };

    return find_name(sockets, row->local, row->remote) == NULL
               ? 0
               : add_row(sockets, &one);
}

static void begin_sample(struct sockets *sockets)
{
    forget_rows(sockets);
    if (sockets->nnames > 0)
        qsort(sockets->names, sockets->nnames, sizeof(*sockets->names),
              by_ports);
}

int sockets_read_proc(struct sockets *sockets)
{
    begin_sample(sockets);
    if (tcp_read_table(take_row, sockets) == -1)
        return -1;
    index_rows(sockets);
    return 0;
}

/* Turned round: the server's end has its address and port as source. */
static int ask_connection(struct sockets *sockets,
                          const struct connection *connection)
{
    const struct tcp_ends ends = {
        .family = connection->family,
        .local_address = connection->server_address,
        .remote_address = connection->address,
        .local = connection->server_port,
        .remote = connection->port,
    };

    return tcp_ask_connection(sockets->diag, &ends, take_row, sockets);
}

static int read_diag(struct sockets *sockets)
{
    begin_sample(sockets);
    if (tcp_ask_listeners(sockets->diag, take_row, sockets) == -1)
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
        sockets->diag = tcp_open();
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
