/*
 * --idle-timeout: a client that neither sends nor takes a byte for that
 * long is closed, and not earlier; no other client is, and without the
 * option none at all.
 */
#include "common/clock.h"
#include "tests/contract.h"

#include <unistd.h>

enum { SEED = 61, IDLE_MS = 2000 };
#define IDLE_OPTION "--idle-timeout 2s"

/* A client that talks, and how long it was silent at most. */
struct talker {
    int fd;
    int64_t last_ms, longest_ms;
};

static struct talker talker_comes(const struct subject *subject)
{
    return (struct talker){.fd = subject_connect(subject),
                           .last_ms = clock_now_ms()};
}

/*
 * Talks once, after a short rest. If the machine kept this process itself
 * from running for that long, the server may be right to close.
 */
static void talker_talks(struct talker *talker)
{
    clock_rest_ms(50);
    const char *problem = client_echo(talker->fd, 100, SEED);
    int64_t silent_ms = clock_now_ms() - talker->last_ms;
    if (silent_ms > talker->longest_ms)
        talker->longest_ms = silent_ms;
    talker->last_ms += silent_ms;
    cr_assert(problem == NULL || talker->longest_ms >= IDLE_MS,
              "with %s, a client that was never silent for more than %d ms "
              "%s",
              IDLE_OPTION, (int)talker->longest_ms, problem);
}

static void assert_closed(int fd, int64_t since_ms, const char *what)
{
    expect(client_end(fd), "with %s, a client that %s", IDLE_OPTION, what);
    int64_t after_ms = clock_now_ms() - since_ms;

    cr_assert(after_ms >= IDLE_MS,
              "with %s, a client that %s was closed after %d ms",
              IDLE_OPTION, what, (int)after_ms);
    close(fd);
}

/* Talks until the other is closed, or should have been for long. */
static void talk_until_closed(struct talker *talker, int other,
                              int64_t since_ms)
{
    while (client_listen(other, 0) != CLIENT_CLOSED &&
           clock_now_ms() - since_ms < IDLE_MS + PATIENCE_MS)
        talker_talks(talker);
}

/* A model for one client at a time: one after the other. */
static void one_by_one(const struct subject *subject)
{
    int64_t start_ms = clock_now_ms();

    assert_closed(subject_connect(subject), start_ms, "never said a word");
    start_ms = clock_now_ms();
    assert_closed(subject_welcome(subject), start_ms, "spoke once");
    struct talker talker = talker_comes(subject);
    start_ms = clock_now_ms();
    while (clock_now_ms() - start_ms < IDLE_MS + QUIET_MS)
        talker_talks(&talker);
    close(talker.fd);
}

/* The talker is there from the first, and stays when the others go. */
CHECK(closes_idle_clients, P8, .options = IDLE_OPTION)
{
    if (subject_at_once(subject, 3) < 3) {
        one_by_one(subject);
        return;
    }
    struct talker talker = talker_comes(subject);
    talker_talks(&talker);
    const int64_t start_ms = clock_now_ms();
    int mute = subject_connect(subject);
    int spoke = subject_welcome(subject);
    talk_until_closed(&talker, mute, start_ms);
    assert_closed(mute, start_ms, "never said a word");
    talk_until_closed(&talker, spoke, start_ms);
    assert_closed(spoke, start_ms, "spoke once");
    talker_talks(&talker);
    close(talker.fd);
}

/* Its connection is reset, as it left bytes unread on both sides. */
CHECK(closes_idle_clients_who_never_read, P8, .options = IDLE_OPTION)
{
    const int64_t start_ms = clock_now_ms();
    int fd = subject_connect(subject);

    client_fill(fd, SEED);
    int64_t deadline_ms = clock_now_ms() + 2 * IDLE_MS + PATIENCE_MS;
    while (!client_is_over(fd) && clock_now_ms() < deadline_ms)
        clock_rest_ms(10);
    cr_assert(client_is_over(fd),
              "with %s, a client that never reads is still connected",
              IDLE_OPTION);
    cr_assert(clock_now_ms() - start_ms >= IDLE_MS,
              "with %s, a client that never read was closed after %d ms",
              IDLE_OPTION, (int)(clock_now_ms() - start_ms));
    close(fd);
}

CHECK(keeps_idle_clients_unless_asked, P8)
{
    int fd = subject_connect(subject);

    cr_assert(client_listen(fd, 1000) == CLIENT_SILENCE,
              "without --idle-timeout, a silent client was closed");
    expect(client_echo(fd, 1000, SEED),
           "after a second of silence, the client");
    close(fd);
}
