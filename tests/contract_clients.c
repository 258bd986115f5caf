/* Each client is served, whatever the others do, and leaves nothing. */
#include "tests/contract.h"

#include "common/clock.h"
#include "common/protocol.h"
#include "tests/villains.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEED = 21, FIFTY = 50 };

/* --- villains --------------------------------------------------------- */

/* Plays a villain, and asserts that it could do its part. Returns how many
 * sockets it holds, at most one. */
static ssize_t play(const struct subject *subject,
                    const struct villain *villain, int *held)
{
    ssize_t n = villain->play(subject->server.host,
                              subject->server.ports[0], held, 1);

    cr_assert(n != -1, "the villain that %s could not connect",
              villain->about);
    return n;
}

static const struct villain *villain_of(const struct subject *subject)
{
    const struct villain *villain = villains_find(subject->check->villain);

    cr_assert(villain != NULL, "no such villain");
    return villain;
}

static void outlive_villain(const struct subject *subject)
{
    const struct villain *villain = villain_of(subject);

    for (int i = 0; i < 3; i++) {
        int held;
        if (play(subject, villain, &held) == 1)
            close(held);
        subject_serves(subject, villain->about);
    }
}

CHECK(outlives_a_reset, P5, .villain = "reset", .fault = {VILLAINS})
{
    outlive_villain(subject);
}

CHECK(outlives_a_client_gone_in_mid_reply, P5, .villain = "vanish",
      .fault = {VILLAINS})
{
    outlive_villain(subject);
}

CHECK(outlives_a_client_gone_before_the_reply, P5, .villain = "leave",
      .fault = {VILLAINS})
{
    outlive_villain(subject);
}

CHECK(outlives_a_half_message, P5, .villain = "half")
{
    outlive_villain(subject);
}

CHECK(outlives_a_silent_connection, P5, .villain = "nothing")
{
    outlive_villain(subject);
}

CHECK(outlives_a_connect_storm, P5, .villain = "storm", .fault = {VILLAINS})
{
    int held;

    play(subject, villain_of(subject), &held);
}

/* A model for one client at a time serves the other when the first left. */
static void other_waits(const struct villain *villain, int held, int other)
{
    cr_assert(
        client_listen(other, QUIET_MS) == CLIENT_SILENCE,
        "expected.h says that another client waits, but it was served");
    client_reset(held);
    expect(client_receive(other, ECHO_CHUNK, SEED, 0),
           "when a client that %s had left, the next one", villain->about);
}

static void serve_others(const struct subject *subject)
{
    const struct villain *villain = villain_of(subject);
    unsigned char data[ECHO_CHUNK];
    int held;

    cr_assert(play(subject, villain, &held) == 1);
    int other = subject_connect(subject);
    client_pattern(data, sizeof(data), SEED, 0);
    expect(client_send(other, data, sizeof(data)), "the other client");
    if (subject_at_once(subject, 2) < 2) {
        other_waits(villain, held, other);
        close(other);
        return;
    }
    expect(client_receive(other, sizeof(data), SEED, 0),
           "while a client %s, another one", villain->about);
    close(other);
    subject_rests(subject, "with one such client");
    client_reset(held);
}

#define BESIDE_ONE .fault = {VILLAINS}, .needs = 2, .design = {AT_ONCE}

CHECK(serves_others_while_one_never_reads, P6, .villain = "never-read",
      BESIDE_ONE)
{
    serve_others(subject);
}

CHECK(serves_others_while_one_sent_half_a_message, P6, .villain = "half",
      BESIDE_ONE)
{
    serve_others(subject);
}

CHECK(serves_others_while_one_says_nothing, P6, .villain = "nothing",
      BESIDE_ONE)
{
    serve_others(subject);
}

CHECK(bounds_the_memory_of_one_who_never_reads, P7)
{
    int fd = subject_connect(subject);
    size_t sent = client_fill(fd, SEED);

    cr_assert(sent < FILL_MAX,
              "a client that never read could send %zu bytes", sent);
    client_reset(fd);
}

/* --- many ------------------------------------------------------------- */

static size_t message_of(size_t client)
{
    return 1000 + 37 * client;
}

/* All are connected and have sent before the first one is looked at. */
CHECK(serves_50_at_once, P5)
{
    const size_t served = subject_at_once(subject, FIFTY);
    int fds[FIFTY];

    for (size_t i = 0; i < FIFTY; i++) {
        unsigned char data[4096];
        fds[i] = subject_connect(subject);
        client_pattern(data, message_of(i), (unsigned)i, 0);
        cr_assert(client_send(fds[i], data, message_of(i)) == NULL);
    }
    for (size_t i = 0; i < FIFTY; i++) {
        if (i == served)
            cr_assert(client_listen(fds[FIFTY - 1], QUIET_MS) ==
                          CLIENT_SILENCE,
                      "expected.h says that it talks to %zu at once, but "
                      "it talks to more",
                      served);
        for (size_t gone = 0; i == served && gone < i; gone++)
            close(fds[gone]); /* they make room for the others */
        expect(client_receive(fds[i], message_of(i), (unsigned)i, 0),
               "of %d clients at once, number %zu", FIFTY, i + 1);
        if (i >= served)
            close(fds[i]);
    }
    for (size_t i = 0; served == FIFTY && i < FIFTY; i++)
        close(fds[i]);
}

/*
 * One reply is under way and has no room, while other replies come and go:
 * a buffer that they share would be overwritten.
 */
CHECK(keeps_the_bytes_of_each_apart, P5)
{
    int slow = subject_connect(subject);
    size_t sent = client_fill(slow, SEED);

    for (unsigned i = 1; i <= 3 && subject_at_once(subject, 2) == 2; i++) {
        int other = subject_connect(subject);
        expect(client_echo(other, 100000, SEED + i),
               "beside one that does not read, another client");
        close(other);
    }
    expect(client_receive(slow, sent, SEED, 0),
           "a client that read only when others had been served");
    close(slow);
}

CHECK(rests_while_clients_are_idle, P8)
{
    const size_t n = subject_at_once(subject, 20);
    int fds[FIFTY];

    for (size_t i = 0; i < n && i < FIFTY; i++) {
        fds[i] = subject_connect(subject);
        expect(client_echo(fds[i], 100, SEED), "the client");
    }
    subject_rests(subject, "with idle clients only");
    for (size_t i = 0; i < n && i < FIFTY; i++)
        close(fds[i]);
}

/* --- what clients leave behind ---------------------------------------- */

static void come_and_go(const struct subject *subject, int clients)
{
    for (int i = 0; i < clients; i++)
        subject_serves(subject, "many others");
}

static bool has_no_zombie(const struct processes *now,
                          const struct subject *subject)
{
    (void)subject;
    return now->zombies == 0;
}

CHECK(leaves_no_zombie, P9)
{
    come_and_go(subject, 20);
    cr_assert(subject_becomes(subject, has_no_zombie),
              "of 20 clients, who have left, %zu children are zombies: "
              "they ended and nobody waited for them",
              processes_look(subject->server.pid).zombies);
}

/*
 * Rounds of clients until one leaves no more than the round before. What a
 * server keeps for its next clients may grow for a while; what it loses
 * grows with every round.
 */
static void assert_flat(const struct subject *subject,
                        void (*play_round)(const struct subject *),
                        size_t (*count)(const struct processes *),
                        size_t slack, const char *what)
{
    enum { ROUNDS = 5 };
    struct processes now;
    size_t before = 0, after = SIZE_MAX;

    for (int i = 0; i < ROUNDS; i++) {
        play_round(subject);
        now = subject_settles(subject);
        before = after;
        after = count(&now);
        if (before != SIZE_MAX && after <= before + slack)
            return;
    }
    cr_assert_fail("with each round of clients, who all have left, it has "
                   "more %s; of late %zu in place of %zu",
                   what, after, before);
}

static size_t count_descriptors(const struct processes *now)
{
    return now->descriptors;
}

static size_t count_tasks(const struct processes *now)
{
    return now->n + now->threads;
}

static size_t count_memory(const struct processes *now)
{
    return now->memory;
}

static void twenty(const struct subject *subject)
{
    come_and_go(subject, 20);
}

CHECK(leaves_no_process_and_no_thread, P9)
{
    assert_flat(subject, twenty, count_tasks, 0, "processes and threads");
}

/* The villains that leave by themselves, each five times. */
static void villains_come_and_go(const struct subject *subject)
{
    static const char *const names[] = {"reset", "vanish", "leave", "half",
                                        "half-close"};
    int held;

    for (size_t i = 0; i < 5 * sizeof(names) / sizeof(names[0]); i++)
        if (play(subject, villains_find(names[i / 5]), &held) == 1)
            close(held);
    subject_serves(subject, "villains");
}

CHECK(leaves_no_descriptor, P9)
{
    assert_flat(subject, twenty, count_descriptors, 0, "descriptors");
    assert_flat(subject, villains_come_and_go, count_descriptors, 0,
                "descriptors");
}

static void nine_hundred(const struct subject *subject)
{
    come_and_go(subject, 900);
}

CHECK(leaves_nothing_of_1000_clients, P9)
{
    enum { GROWTH_MOST = 1 << 20 };

    assert_flat(subject, nine_hundred, count_memory, GROWTH_MOST,
                "bytes of memory");
}
