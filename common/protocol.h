/*
 * The echo protocol: what every client and every server here agree on.
 *
 * RFC 862 over TCP: whatever a client sends comes back, every byte, in
 * order. There are no messages on the wire, only a stream: one send() may
 * arrive as many recv()s and many send()s as one.
 *
 * End of stream: the client says "that was all" by closing its sending half
 * (shutdown(SHUT_WR)); recv() then returns 0 at the server, which sends
 * back what is left and closes.
 */
#ifndef COMMON_PROTOCOL_H
#define COMMON_PROTOCOL_H

#define ECHO_HOST "127.0.0.1" /* nobody outside, unless --host says so */

enum {
    ECHO_PORT = 5050,  /* RFC 862 says 7, which needs privilege to bind */
    ECHO_CHUNK = 4096, /* bytes: the most that a server takes at once */
};

#endif
