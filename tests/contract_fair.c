/* Clients that send all they can (hoses) do not take the others' turns. */
#include "tests/contract.h"

#include "common/clock.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SEED = 91,
    HOSES = 10,
    PIECE = 65536,
    BEGIN_MS = 500,  /* until all hoses are served */
    FAIR_MS = 3000,  /* generous: a turn of ten hoses takes milliseconds */
    FAIR_RATIO = 50, /* generous, too: of the most to the least */
};

/* A thread of its own fills and empties its connection. */
struct hose {
    int fd;
    pthread_t thread;
    atomic_ullong received; /* bytes; also read by the check */
};

static atomic_bool closing; /* set by the check, read by the hoses */

static void *run_hose(void *arg)
{
    static const char zeros[PIECE];
    static _Thread_local char back[PIECE];
    struct hose *hose = arg;
    struct pollfd one = {.fd = hose->fd, .events = POLLIN | POLLOUT};

    while (!closing) {
        poll(&one, 1, QUIET_MS);
        if (one.revents & POLLOUT)
            send(hose->fd, zeros, sizeof(zeros),
                 MSG_NOSIGNAL | MSG_DONTWAIT);
        ssize_t n = recv(hose->fd, back, sizeof(back), MSG_DONTWAIT);
        if (n > 0)
            hose->received += (unsigned long long)n;
    }
    return NULL;
}

static void open_hoses(const struct subject *subject, struct hose *hoses,
                       size_t n)
{
    for (size_t i = 0; i < n; i++) {
        hoses[i].fd = subject_connect(subject);
        hoses[i].received = 0;
        cr_assert(pthread_create(&hoses[i].thread, NULL, run_hose,
                                 &hoses[i]) == 0,
                  "there is no thread for a hose");
    }
    clock_rest_ms(BEGIN_MS);
}

static void close_hoses(struct hose *hoses, size_t n)
{
    closing = true;
    for (size_t i = 0; i < n; i++) {
        pthread_join(hoses[i].thread, NULL);
        client_reset(hoses[i].fd);
    }
}

CHECK(serves_a_quiet_client_beside_hoses, P6,
      .fault = {VILLAINS, "hoses",
                "eight clients send all they can, beside a quiet one that "
                "was there before"})
{
    enum { N = 8, REQUESTS = 5 };
    static struct hose hoses[N];
    int64_t longest_ms = 0;
    int quiet = subject_welcome(subject);

    open_hoses(subject, hoses, N);
    for (int i = 0; i < REQUESTS; i++) {
        const int64_t start_ms = clock_now_ms();
        expect(client_echo(quiet, 100, SEED),
               "beside %d hoses, a quiet client", N);
        const int64_t took_ms = clock_now_ms() - start_ms;
        longest_ms = took_ms > longest_ms ? took_ms : longest_ms;
    }
    close_hoses(hoses, N);
    cr_assert(longest_ms <= FAIR_MS,
              "beside %d hoses, a quiet client waited %d ms for its echo; "
              "at most %d are expected",
              N, (int)longest_ms, FAIR_MS);
    close(quiet);
}

CHECK(serves_each_of_ten_hoses, P6,
      .fault = {VILLAINS, "ten hoses", "ten clients send all they can"},
      .needs = HOSES, .design = {AT_ONCE})
{
    const size_t n = subject_at_once(subject, HOSES);
    static struct hose hoses[HOSES];
    unsigned long long before[HOSES], least = ULLONG_MAX, most = 0;

    open_hoses(subject, hoses, n);
    for (size_t i = 0; i < n; i++)
        before[i] = hoses[i].received;
    clock_rest_ms(2000);
    for (size_t i = 0; i < n; i++) {
        unsigned long long bytes = hoses[i].received - before[i];
        least = bytes < least ? bytes : least;
        most = bytes > most ? bytes : most;
    }
    close_hoses(hoses, n);
    cr_assert(most / FAIR_RATIO <= least,
              "of %zu hoses, one was echoed %llu bytes in two seconds, and "
              "another one %llu",
              n, least, most);
}
