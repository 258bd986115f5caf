/* What a client sends comes back, until it ends its stream. */
#include "tests/contract.h"

#include "common/protocol.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEED = 11 };

static void echo_exactly(const struct subject *subject, size_t n)
{
    int fd = subject_connect(subject);

    expect(client_echo(fd, n, SEED), "the client");
    cr_assert(client_listen(fd, 0) != CLIENT_BYTES,
              "the client got more back than it had sent");
    close(fd);
}

CHECK(echoes_1_B, P3)
{
    echo_exactly(subject, 1);
}

CHECK(echoes_4095_B, P3)
{
    echo_exactly(subject, 4095);
}

CHECK(echoes_4096_B, P3)
{
    echo_exactly(subject, 4096);
}

CHECK(echoes_4097_B, P3)
{
    echo_exactly(subject, 4097);
}

CHECK(echoes_1_MiB, P3)
{
    echo_exactly(subject, 1 << 20);
}

CHECK(echoes_16_MiB, P3)
{
    echo_exactly(subject, 16 << 20);
}

/* NUL, newline and 0xff come back like any other. */
CHECK(echoes_every_byte_value, P3)
{
    int fd = subject_connect(subject);

    for (unsigned i = 0; i < 256; i++) {
        const unsigned char byte = (unsigned char)i;
        unsigned char back;
        expect(client_send(fd, &byte, 1), "the client");
        cr_assert(client_listen(fd, PATIENCE_MS) == CLIENT_BYTES &&
                      recv(fd, &back, 1, 0) == 1,
                  "byte 0x%02x, sent alone, did not come back", i);
        cr_assert(back == byte, "byte 0x%02x came back as 0x%02x", i, back);
    }
    close(fd);
}

/* Expects text back, whatever is in it. */
static void receive_text(int fd, const char *text)
{
    const size_t n = strlen(text);
    char back[64] = "";
    size_t got = 0;

    while (got < n && client_listen(fd, PATIENCE_MS) == CLIENT_BYTES) {
        ssize_t more = recv(fd, back + got, n - got, 0);
        cr_assert(more > 0, "the client was cut off");
        got += (size_t)more;
    }
    cr_assert(strcmp(text, back) == 0,
              "sent \"%s\", got \"%s\" back within %d s", text, back,
              PATIENCE_MS / 1000);
}

static void echo_text(const struct subject *subject, const char *text)
{
    int fd = subject_connect(subject);

    expect(client_send(fd, text, strlen(text)), "the client");
    receive_text(fd, text);
    close(fd);
}

CHECK(echoes_two_messages_in_one_segment, P3)
{
    echo_text(subject, "first line\nsecond line\n");
}

CHECK(echoes_an_unfinished_line, P3)
{
    echo_text(subject, "no newline at the end");
}

/* Unless SO_OOBINLINE is set, the kernel takes `b` out of the stream. */
CHECK(echoes_urgent_data_in_its_place, P3)
{
    int fd = subject_connect(subject);

    expect(client_send(fd, "a", 1), "the client");
    cr_assert(send(fd, "b", 1, MSG_OOB | MSG_NOSIGNAL) == 1,
              "the client could not send urgent data");
    expect(client_send(fd, "c", 1), "the client");
    receive_text(fd, "abc");
    close(fd);
}

CHECK(echoes_a_message_in_1_B_sends, P3,
      .fault = {RECV, "short",
                "a client sends a message byte by byte: recv() returns "
                "less than there is room for"})
{
    enum { N = 1000 };
    unsigned char data[N];
    int fd = subject_connect(subject);

    client_pattern(data, N, SEED, 0);
    for (size_t i = 0; i < N; i++)
        expect(client_send(fd, &data[i], 1), "the client");
    expect(client_receive(fd, N, SEED, 0), "the client");
    close(fd);
}

/*
 * The client writes until nothing fits any more, and only then reads. The
 * server has then stopped reading in mid-message, and has to find out by
 * itself that there is more to read: epoll's edge for it is long past.
 */
static void read_late(const struct subject *subject, size_t message)
{
    int fd = subject_connect(subject);
    size_t sent = client_fill_by(fd, message, SEED);
    unsigned char byte;

    expect(client_receive(fd, sent, SEED, 0),
           "a client that sent %zu bytes in messages of %zu before it read",
           sent, message);
    client_pattern(&byte, 1, SEED, sent);
    expect(client_send(fd, &byte, 1), "the client");
    expect(client_receive(fd, 1, SEED, sent),
           "the same client, with one byte more,");
    close(fd);
}

CHECK(echoes_to_a_client_that_reads_late, P3,
      .fault = {SEND, "late reader",
                "a client sends messages of 1000 bytes, of 999 and of 5000 "
                "until nothing fits any more, and then reads"})
{
    read_late(subject, 1000);
    read_late(subject, 999);
    read_late(subject, 5000);
}

/* --- the end of stream ------------------------------------------------ */

CHECK(ends_its_stream_after_the_client, P4)
{
    int fd = subject_connect(subject);

    expect(client_finish(fd), "a client that sent nothing and half-closed");
    close(fd);
    fd = subject_welcome(subject);
    expect(client_finish(fd), "a client that half-closed after its echo");
    close(fd);
}

/* It ends its stream while the server's replies wait for it to read. */
CHECK(echoes_what_is_left_after_half_close, P4)
{
    int fd = subject_connect(subject);
    size_t sent = client_fill(fd, SEED);

    shutdown(fd, SHUT_WR);
    expect(client_receive(fd, sent, SEED, 0),
           "a client that sent %zu bytes, half-closed, and only then read,",
           sent);
    close(fd);
}

/* The same in small: what arrives together with the end is not lost. */
CHECK(echoes_bytes_that_come_with_the_end, P4)
{
    unsigned char data[3 * ECHO_CHUNK + 1];

    client_pattern(data, sizeof(data), SEED, 0);
    for (int i = 0; i < 50; i++) {
        int fd = subject_connect(subject);
        expect(client_send(fd, data, sizeof(data)), "the client");
        shutdown(fd, SHUT_WR);
        expect(client_receive(fd, sizeof(data), SEED, 0),
               "a client that half-closed behind its last byte");
        close(fd);
    }
}
