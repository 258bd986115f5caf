/* One client's fault costs that client alone. */
#include "tests/contract.h"

#include "common/protocol.h"
#include "tests/villains.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEED = 21 };

/* Plays the check's villain; asserts that it came that far. */
static ssize_t play(const struct subject *subject, int *held)
{
    const struct villain *villain = villains_find(subject->check->villain);

    cr_assert(villain != NULL, "no such villain");
    ssize_t n = villain->play(subject->server.host,
                              subject->server.ports[0], held, 1);
    cr_assert(n != -1, "the villain that %s could not connect",
              villain->about);
    return n;
}

/* The aftermath tells whether others are served. */
static void outlives_villain(struct subject *subject)
{
    char after[100];

    snprintf(after, sizeof(after), "a client that %s",
             villains_find(subject->check->villain)->about);
    for (int i = 0; i < 3; i++) {
        int held;
        if (play(subject, &held) == 1)
            close(held);
        subject_serves(subject, after);
    }
}

static void outlives_storm(struct subject *subject)
{
    int held;

    play(subject, &held);
}

/* A model for one client at a time serves the other when the first left. */
static void other_waits(const struct subject *subject, int villain,
                        int other)
{
    cr_assert(
        client_listen(other, QUIET_MS) == CLIENT_SILENCE,
        "expected.h says that another client waits, but it was served");
    client_reset(villain);
    const char *problem = client_receive(other, ECHO_CHUNK, SEED, 0);
    cr_assert(problem == NULL,
              "when a client that %s had left, the next "
              "one %s",
              villains_find(subject->check->villain)->about, problem);
}

static void others_are_served(struct subject *subject)
{
    const struct villain *villain = villains_find(subject->check->villain);
    unsigned char data[ECHO_CHUNK];
    int held;

    cr_assert(play(subject, &held) == 1);
    int other = subject_connect(subject);
    client_pattern(data, sizeof(data), SEED, 0);
    const char *problem = client_send(other, data, sizeof(data));
    cr_assert(problem == NULL, "the other client %s", problem);
    if (subject_at_once(subject, 2) < 2) {
        other_waits(subject, held, other);
        close(other);
        return;
    }
    problem = client_receive(other, sizeof(data), SEED, 0);
    cr_assert(problem == NULL, "while a client %s, another one %s",
              villain->about, problem);
    close(other);
    subject_rests(subject, "with one such client");
    client_reset(held);
}

static void bounded_memory(struct subject *subject)
{
    int fd = subject_connect(subject);
    size_t sent = client_fill(fd, SEED);

    cr_assert(sent < FILL_MAX,
              "a client that never read could send %zu "
              "bytes: the server holds them in memory without bound",
              sent);
    client_reset(fd);
}

enum { FIFTY = 50 };

static size_t message_of(size_t client)
{
    return 1000 + 37 * client;
}

/* All are connected and have sent before the first one is looked at. */
static void fifty_at_once(struct subject *subject)
{
    const size_t served = subject_at_once(subject, FIFTY);
    int fds[FIFTY];

    for (size_t i = 0; i < FIFTY; i++) {
        unsigned char data[4096];
        fds[i] = subject_connect(subject);
        client_pattern(data, message_of(i), (unsigned)i, 0);
        cr_assert(client_send(fds[i], data, message_of(i)) == NULL);
    }
    for (size_t i = 0; i < served; i++) {
        const char *problem = client_receive(fds[i], message_of(i),
                                             (unsigned)i, 0);
        cr_assert(problem == NULL, "of %d clients at once, number %zu %s",
                  FIFTY, i + 1, problem);
    }
    cr_assert(served == FIFTY ||
                  client_listen(fds[FIFTY - 1], QUIET_MS) == CLIENT_SILENCE,
              "expected.h says that it talks to %zu at once, but it "
              "talks to more",
              served);
    for (size_t i = 0; i < FIFTY; i++) {
        const char *problem = NULL;
        if (i >= served)
            problem = client_receive(fds[i], message_of(i), (unsigned)i, 0);
        if (problem == NULL)
            problem = client_finish(fds[i]);
        cr_assert(problem == NULL, "of %d clients at once, number %zu %s",
                  FIFTY, i + 1, problem);
        close(fds[i]);
    }
}

/*
 * One reply is under way, and can't go on, while others come and go: a
 * buffer that they share would be overwritten.
 */
static void bytes_apart(struct subject *subject)
{
    int slow = subject_connect(subject);
    size_t sent = client_fill(slow, SEED);

    for (unsigned i = 1; i <= 3 && subject_at_once(subject, 2) == 2; i++) {
        int other = subject_connect(subject);
        const char *problem = client_echo(other, 100000, SEED + i);
        cr_assert(problem == NULL,
                  "beside one who does not read, another "
                  "client %s",
                  problem);
        close(other);
    }
    shutdown(slow, SHUT_WR);
    const char *problem = client_receive(slow, sent, SEED, 0);
    cr_assert(problem == NULL,
              "a client who read only when others had been "
              "served %s",
              problem);
    close(slow);
}

static void idle_cost(struct subject *subject)
{
    const size_t n = subject_at_once(subject, 20);
    int fds[FIFTY];

    for (size_t i = 0; i < n && i < FIFTY; i++) {
        fds[i] = subject_connect(subject);
        const char *problem = client_echo(fds[i], 100, SEED);
        cr_assert(problem == NULL, "the client %s", problem);
    }
    subject_rests(subject, "with idle clients only");
    for (size_t i = 0; i < n && i < FIFTY; i++)
        close(fds[i]);
}

static bool as_before(const struct processes *now, const struct subject *of)
{
    return now->zombies == 0 && now->n <= of->idle.n &&
           now->threads <= of->idle.threads &&
           now->descriptors <= of->idle.descriptors;
}

static void come_and_go(const struct subject *subject, int clients)
{
    for (int i = 0; i < clients; i++)
        subject_serves(subject, "many others");
}

static void assert_as_before(const struct subject *subject, int clients)
{
    if (subject_becomes(subject, as_before))
        return;
    struct processes now = processes_look(subject->server.pid);
    cr_assert_fail("after %d clients there are %zu zombies, %zu processes "
                   "(before: %zu), %zu threads (before: %zu), %zu "
                   "descriptors (before: %zu)",
                   clients, now.zombies, now.n, subject->idle.n,
                   now.threads, subject->idle.threads, now.descriptors,
                   subject->idle.descriptors);
}

/*
 * What is kept for the next clients may grow for a while, and how much
 * depends on how many come at once; what leaks grows with every round.
 */
static void leaves_nothing(struct subject *subject)
{
    enum { CLIENTS = 900, ROUNDS = 4, GROWTH_MOST = 1 << 20 };
    size_t before = 0, after = 0;

    come_and_go(subject, 100);
    assert_as_before(subject, 100);
    for (int i = 0; i < ROUNDS; i++) {
        before = processes_look(subject->server.pid).memory;
        come_and_go(subject, CLIENTS);
        assert_as_before(subject, 100 + (i + 1) * CLIENTS);
        after = processes_look(subject->server.pid).memory;
        if (after < before + GROWTH_MOST)
            return;
    }
    cr_assert_fail("with each %d clients, who all have left, its memory "
                   "grows; of late from %zu to %zu bytes",
                   CLIENTS, before, after);
}

#define ALONE "one client's fault costs that client alone"
#define SERVED \
    "whatever one client does or leaves undone, others are served"

const struct check contract_clients[] = {
    {"outlives_a_reset", outlives_villain, .promise = ALONE,
     .villain = "reset",
     .fault = {VILLAINS, "reset",
               "echoes once, then resets the connection"}},
    {"outlives_a_client_gone_in_mid_reply", outlives_villain,
     .promise = ALONE, .villain = "vanish",
     .fault = {VILLAINS, "vanish",
               "sends, reads nothing, and is gone in mid-reply"}},
    {"outlives_a_client_gone_before_the_reply", outlives_villain,
     .promise = ALONE, .villain = "leave",
     .fault = {VILLAINS, "leave",
               "sends and closes before the first reply"}},
    {"outlives_a_half_message", outlives_villain, .promise = ALONE,
     .villain = "half"},
    {"outlives_a_silent_connection", outlives_villain, .promise = ALONE,
     .villain = "nothing"},
    {"outlives_a_connect_storm", outlives_storm, .promise = ALONE,
     .villain = "storm",
     .fault = {VILLAINS, "storm",
               "connects and leaves 500 times, as fast as it can"}},
    {"serves_others_while_one_never_reads", others_are_served,
     .promise = SERVED, .villain = "never-read",
     .fault = {VILLAINS, "never-read",
               "sends until nothing fits and never reads"},
     .needs = 2, .design = {AT_ONCE}},
    {"serves_others_while_one_sent_half_a_message", others_are_served,
     .promise = SERVED, .villain = "half",
     .fault = {VILLAINS, "half", "sends half a message and holds on"},
     .needs = 2, .design = {AT_ONCE}},
    {"serves_others_while_one_says_nothing", others_are_served,
     .promise = SERVED, .villain = "nothing",
     .fault = {VILLAINS, "nothing", "connects and says nothing"},
     .needs = 2, .design = {AT_ONCE}},
    {"bounds_the_memory_of_one_who_never_reads", bounded_memory,
     .promise = "a client that does not read is not read from"},
    {"serves_50_at_once", fifty_at_once,
     .promise = "everybody gets their own bytes, and nobody else's"},
    {"keeps_the_bytes_of_each_apart", bytes_apart,
     .promise = "everybody gets their own bytes, and nobody else's"},
    {"rests_while_clients_are_idle", idle_cost,
     .promise = "a client that says nothing costs no CPU time"},
    {"leaves_nothing_of_1000_clients", leaves_nothing,
     .promise =
         "no zombie, thread, descriptor or memory is left of who has "
         "gone"},
    {0},
};
