/*
 * Connecting to a server by its name.
 *
 * A name may stand for several addresses: `localhost` is ::1 and 127.0.0.1.
 * A server may listen on one of them alone, so all are tried, in the order
 * that the resolver gives (RFC 6724).
 *
 * A connection may reach itself. A client's own port comes from a range;
 * when nobody listens on a port of that range, the client may be given just
 * the port that it connects to. TCP then opens the connection (simultaneous
 * open, RFC 9293, 3.5), and all that the client sends comes back, as from
 * an echo server. These functions say what it is: nobody listens there
 * (ECONNREFUSED).
 *
 * The library rules of common/net.h hold.
 */
#ifndef COMMON_CONNECT_H
#define COMMON_CONNECT_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Finds the addresses of a host.
 *
 * host       a name or a numeric address
 * addresses  receives the list, to be freed by freeaddrinfo()
 * Returns    NULL, or the reason why there is none.
 */
const char *connect_resolve(const char *host, uint16_t port,
                            struct addrinfo **addresses);

/*
 * Begins to connect to the first address of a list, without waiting. When
 * the socket is writable, connect_check() tells what came of it.
 *
 * Returns  a non-blocking socket with TCP_NODELAY, the caller's; or -1 with
 *          errno.
 */
int connect_begin(const struct addrinfo *address);

/*
 * Is this socket, after connect(), connected to somebody else?
 *
 * Returns  0; or -1 with errno: EINPROGRESS: not yet; ECONNREFUSED: nobody
 *          listens there, or the connection has reached itself; or why
 *          else it failed. The socket is for the caller to close.
 */
int connect_check(int fd);

/*
 * Is this connection its own peer? Its close() then resets it, and leaves
 * nothing behind. To be asked after a connect() that succeeded;
 * connect_check() and connect_any() do so.
 */
bool connect_reached_itself(int fd);

/*
 * Connects to the first address of a list that takes the connection.
 *
 * wait_ms  how long all attempts may take together; -1: as long as the
 *          system tries
 * Returns  a non-blocking socket with TCP_NODELAY, the caller's; or -1 with
 *          errno: ECONNREFUSED when one of the addresses refused,
 *          otherwise the last one's reason; ETIMEDOUT.
 */
int connect_any(const struct addrinfo *addresses, int wait_ms);

#endif
