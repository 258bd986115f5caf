/* Every byte comes back, in order, until the client half-closes. */
#include "tests/contract.h"

#include "common/protocol.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEED = 11 };

static void exact_bytes(struct subject *subject)
{
    int fd = subject_connect(subject);
    const char *problem = client_echo(fd, subject->check->bytes, SEED);

    cr_assert(problem == NULL, "the client %s", problem);
    problem = client_finish(fd);
    cr_assert(problem == NULL, "at the end the client %s", problem);
    close(fd);
}

static void nothing_at_all(struct subject *subject)
{
    int fd = subject_connect(subject);
    const char *problem = client_finish(fd);

    cr_assert(problem == NULL, "a client who sent nothing %s", problem);
    close(fd);
}

static void every_byte_value(struct subject *subject)
{
    unsigned char sent[256];
    int fd = subject_connect(subject);

    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof(sent); i++) {
        unsigned char back;
        const char *problem = client_send(fd, &sent[i], 1);
        cr_assert(problem == NULL, "the client %s", problem);
        cr_assert(client_listen(fd, PATIENCE_MS) == CLIENT_BYTES &&
                      recv(fd, &back, 1, 0) == 1,
                  "byte 0x%02zx, sent alone, did not come back", i);
        cr_assert(back == i, "byte 0x%02zx came back as 0x%02x", i, back);
    }
    cr_assert(client_finish(fd) == NULL, "no end of stream");
    close(fd);
}

/* Sends text in one go and expects it back, whatever is in it. */
static void echo_text(struct subject *subject, const char *text, size_t n)
{
    char back[64] = "";
    size_t got = 0;
    int fd = subject_connect(subject);
    const char *problem = client_send(fd, text, n);

    cr_assert(problem == NULL, "the client %s", problem);
    while (got < n && client_listen(fd, PATIENCE_MS) == CLIENT_BYTES) {
        ssize_t more = recv(fd, back + got, n - got, 0);
        cr_assert(more > 0, "the client was cut off");
        got += (size_t)more;
    }
    cr_assert(got == n && memcmp(text, back, n) == 0,
              "sent \"%s\", got \"%s\" back within %d s", text, back,
              PATIENCE_MS / 1000);
    problem = client_finish(fd);
    cr_assert(problem == NULL, "at the end the client %s", problem);
    close(fd);
}

static void two_messages(struct subject *subject)
{
    static const char text[] = "first line\nsecond line\n";

    echo_text(subject, text, sizeof(text) - 1);
}

static void unfinished_line(struct subject *subject)
{
    static const char text[] = "no newline at the end";

    echo_text(subject, text, sizeof(text) - 1);
}

static void single_bytes(struct subject *subject)
{
    enum { N = 1000 };
    unsigned char data[N];
    int fd = subject_connect(subject);
    const char *problem = NULL;

    client_pattern(data, N, SEED, 0);
    for (size_t i = 0; problem == NULL && i < N; i++)
        problem = client_send(fd, &data[i], 1);
    if (problem == NULL)
        problem = client_receive(fd, N, SEED, 0);
    if (problem == NULL)
        problem = client_finish(fd);
    cr_assert(problem == NULL, "the client %s", problem);
    close(fd);
}

/* Ends its stream while the server's replies wait for it to read. */
static void half_close(struct subject *subject)
{
    int fd = subject_connect(subject);
    size_t sent = client_fill(fd, SEED);

    shutdown(fd, SHUT_WR);
    const char *problem = client_receive(fd, sent, SEED, 0);
    cr_assert(problem == NULL,
              "a client who sent %zu bytes, half-closed, "
              "and only then read, %s",
              sent, problem);
    problem = client_end(fd);
    cr_assert(problem == NULL, "after the last reply the client %s",
              problem);
    close(fd);
}

/* The same in small: what arrives together with the end is not lost. */
static void bytes_with_the_end(struct subject *subject)
{
    for (int i = 0; i < 50; i++) {
        unsigned char data[3 * ECHO_CHUNK + 1];
        int fd = subject_connect(subject);
        client_pattern(data, sizeof(data), SEED, 0);
        const char *problem = client_send(fd, data, sizeof(data));
        shutdown(fd, SHUT_WR);
        if (problem == NULL)
            problem = client_receive(fd, sizeof(data), SEED, 0);
        if (problem == NULL)
            problem = client_end(fd);
        cr_assert(problem == NULL,
                  "a client who half-closed behind its "
                  "last byte %s",
                  problem);
        close(fd);
    }
}

#define EXACTLY "what a client sends comes back, byte for byte, of any size"

const struct check contract_bytes[] = {
    {"echoes_1_B", exact_bytes, .promise = EXACTLY, .bytes = 1},
    {"echoes_4095_B", exact_bytes, .promise = EXACTLY, .bytes = 4095},
    {"echoes_4096_B", exact_bytes, .promise = EXACTLY, .bytes = 4096},
    {"echoes_4097_B", exact_bytes, .promise = EXACTLY, .bytes = 4097},
    {"echoes_1_MiB", exact_bytes, .promise = EXACTLY, .bytes = 1 << 20},
    {"echoes_16_MiB", exact_bytes, .promise = EXACTLY, .bytes = 16 << 20},
    {"echoes_nothing", nothing_at_all,
     .promise =
         "a client who ends its stream at once is answered with its end"},
    {"echoes_every_byte_value", every_byte_value,
     .promise = "a byte is a byte: NUL, newline and 0xff come back like "
                "any other"},
    {"echoes_two_messages_in_one_segment", two_messages,
     .promise =
         "the wire knows no messages: two in one segment both come back"},
    {"echoes_an_unfinished_line", unfinished_line,
     .promise =
         "the wire knows no lines: what lacks a newline comes back too"},
    {"echoes_a_message_in_1_B_sends", single_bytes,
     .promise = "a message may arrive in as many pieces as it has bytes",
     .fault = {RECV, "short",
               "a client sends a message byte by byte: recv() returns less "
               "than there is room for"}},
    {"echoes_what_is_left_after_half_close", half_close,
     .promise =
         "after the client's end of stream, what is left comes back first"},
    {"echoes_bytes_that_come_with_the_end", bytes_with_the_end,
     .promise =
         "after the client's end of stream, what is left comes back first"},
    {0},
};
