/* At a limit the server neither dies nor spins, and newcomers wait. */
#include "common/clock.h"
#include "tests/contract.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SEED = 31, MOST = 1100 };

/* Clients that come one after the other and stay. */
struct crowd {
    size_t n;
    int fds[MOST];
    enum client_news news[MOST]; /* CLIENT_BYTES: it is served */
    size_t served, closed;
};

static void crowd_comes(const struct subject *subject, struct crowd *crowd,
                        size_t n)
{
    const int64_t deadline_ms = clock_now_ms() + 6 * PATIENCE_MS;
    unsigned char byte;

    client_pattern(&byte, 1, SEED, 0);
    crowd->n = n;
    crowd->served = crowd->closed = 0;
    for (size_t i = 0; i < n; i++) {
        cr_assert(clock_now_ms() < deadline_ms,
                  "of %zu clients only %zu "
                  "could connect within %d s",
                  n, i, 6 * PATIENCE_MS / 1000);
        crowd->fds[i] = subject_connect(subject);
        /* One that was closed at once can't send: it is found later. */
        send(crowd->fds[i], &byte, 1, MSG_NOSIGNAL);
    }
}

/* Waits for the first `surely` of them, and not for long for the others. */
static void crowd_listens(struct crowd *crowd, size_t surely)
{
    int64_t deadline_ms = 0;

    for (size_t i = 0; i < crowd->n; i++) {
        int64_t wait_ms = PATIENCE_MS;
        if (i == surely)
            deadline_ms = clock_now_ms() + 1000;
        if (i >= surely)
            wait_ms = deadline_ms - clock_now_ms();
        crowd->news[i] = client_listen(crowd->fds[i],
                                       wait_ms > 0 ? (int)wait_ms : 0);
        if (i < surely && crowd->news[i] == CLIENT_SILENCE)
            surely = i; /* it will fail: don't wait for each */
        crowd->served += crowd->news[i] == CLIENT_BYTES;
        crowd->closed += crowd->news[i] == CLIENT_CLOSED;
    }
}

/* All clients leave, except `stay` of the served ones. */
static void crowd_leaves(struct crowd *crowd, size_t stay)
{
    for (size_t i = 0; i < crowd->n; i++) {
        if (crowd->fds[i] == -1)
            continue;
        if (crowd->news[i] == CLIENT_BYTES && stay > 0) {
            stay--;
            continue;
        }
        client_reset(crowd->fds[i]);
        crowd->fds[i] = -1;
    }
}

/* A client that is served already has the right to go on. */
static void crowd_is_echoed(const struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->n; i++) {
        if (crowd->news[i] != CLIENT_BYTES)
            continue;
        expect(client_receive(crowd->fds[i], 1, SEED, 0),
               "at the limit, client %zu", i + 1);
        expect(client_echo(crowd->fds[i], 1000, SEED),
               "at the limit, client %zu, which was served before,", i + 1);
    }
}

/* Newcomers may still be closed for a while: they try again. */
static void newcomer_is_served(const struct subject *subject)
{
    int64_t deadline_ms = clock_now_ms() + PATIENCE_MS;
    const char *problem;

    do {
        int fd = subject_connect(subject);
        problem = client_echo(fd, 1, SEED);
        close(fd);
        if (problem != NULL)
            clock_rest_ms(10);
    } while (problem != NULL && clock_now_ms() < deadline_ms);
    expect(problem, "when others had left, a newcomer");
}

/* Some of the clients meet a limit of the system, nobody knows which. */
static void survive_limit(struct subject *subject)
{
    enum { N = 60, SURELY = 10 };
    static struct crowd crowd;
    size_t surely = subject_at_once(subject, SURELY);

    crowd_comes(subject, &crowd, N);
    crowd_listens(&crowd, surely);
    subject_lives(subject, "at the limit");
    cr_assert(crowd.served >= surely,
              "of %d clients, only %zu were served, long before the limit",
              N, crowd.served);
    subject_rests(subject, "at the limit");
    crowd_is_echoed(&crowd);
    crowd_leaves(&crowd, 0);
    newcomer_is_served(subject);
}

CHECK(outlives_the_descriptor_limit, P10, .plan = {.max_files = 40},
      .fault = {LIMITS, "RLIMIT_NOFILE",
                "60 clients come, and it may have 40 descriptors"},
      .needs = 10, .design = {AT_ONCE})
{
    survive_limit(subject);
}

CHECK(outlives_the_process_limit, P10,
      .plan = {.max_tasks = 20, .own_user = true},
      .fault = {LIMITS, "RLIMIT_NPROC",
                "60 clients come, and it may have 20 processes or threads"},
      .needs = 10, .design = {AT_ONCE})
{
    survive_limit(subject);
}

CHECK(keeps_to_max_clients, P10, .options = "--max-clients 3")
{
    enum { N = 10, LIMIT = 3 };
    static struct crowd crowd;
    size_t expected = subject_at_once(subject, LIMIT);

    crowd_comes(subject, &crowd, N);
    crowd_listens(&crowd, expected);
    cr_assert(crowd.served == expected,
              "with --max-clients %d, %zu of %d clients were served, and "
              "%zu should be",
              LIMIT, crowd.served, N, expected);
    cr_assert(crowd.closed == 0 ||
                  strstr(subject_stderr(subject), "--max-clients") != NULL,
              "newcomers were closed, but stderr does not say that "
              "--max-clients was met: %s",
              subject_stderr(subject));
    subject_rests(subject, "at the limit");
    crowd_is_echoed(&crowd);
    crowd_leaves(&crowd, expected - 1);
    newcomer_is_served(subject);
    crowd_leaves(&crowd, 0);
    newcomer_is_served(subject); /* the last clients have yet to leave */
}

/* More clients than an fd_set has bits. */
CHECK(holds_more_clients_than_FD_SETSIZE, P10, .plan = {.max_files = 4096},
      .fault = {LIMITS, "FD_SETSIZE",
                "1100 clients come and stay: more than an fd_set has bits"},
      .needs = MOST, .design = {AT_ONCE, CROWD, DESCRIPTORS})
{
    static struct crowd crowd;
    size_t n = (size_t)expected_value(subject->like, CROWD, MOST);
    size_t most = subject_at_once(subject, n);
    size_t least = most;
    size_t descriptors = (size_t)expected_value(subject->like, DESCRIPTORS,
                                                MOST * 2);

    if (descriptors < most) {
        most = descriptors;
        least = descriptors - 64; /* what else may be open */
    }
    crowd_comes(subject, &crowd, n);
    crowd_listens(&crowd, least);
    cr_assert(crowd.served >= least && crowd.served <= most,
              "of %zu clients, %zu were served; %zu to %zu should be, says "
              "expected.h",
              n, crowd.served, least, most);
    subject_rests(subject, "at the limit");
    crowd_is_echoed(&crowd);
    crowd_leaves(&crowd, 0);
    newcomer_is_served(subject);
}
