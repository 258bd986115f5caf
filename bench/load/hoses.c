#include "bench/load/hoses.h"

#include "bench/load/talk.h"
#include "bench/load/turn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { EVENTS = 64, WAIT_MS = 5 };

static const uint64_t ask_every_ns = NS_PER_S;
static const uint64_t ask_first_ns = 100 * NS_PER_MS;

/* A stream of bytes: the pattern's first PATTERN_PLACES, again and again.
 */
struct hose {
    uint64_t sent, received;
};

struct driver {
    struct load *load;
    struct hose *all; /* by the client's number; the first is not used */
    uint64_t ask_ns;  /* when the quiet one asks next */
    bool sending;
};

/* Level-triggered while it is a hose: a step of each at a time. */
static void watch(const struct load *load, struct client *client,
                  uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = client};

    if (client->fd != -1)
        epoll_ctl(load->epoll_fd, EPOLL_CTL_MOD, client->fd, &event);
}

static size_t part(uint64_t at, size_t most)
{
    size_t left = PATTERN_PLACES - (size_t)(at % PATTERN_PLACES);

    return left < most ? left : most;
}

static void send_some(const struct load *load, const struct client *client,
                      struct hose *hose)
{
    ssize_t n = send(
        client->fd, load->pattern->bytes + hose->sent % PATTERN_PLACES,
        part(hose->sent, PATTERN_PLACES), MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n > 0)
        hose->sent += (uint64_t)n;
}

/* Are these the bytes that were sent? */
static bool is_right(const struct load *load, const struct hose *hose,
                     size_t n)
{
    for (size_t i = 0; i < n;) {
        uint64_t at = hose->received + i;
        size_t m = part(at, n - i);
        if (memcmp(load->buf + i,
                   load->pattern->bytes + at % PATTERN_PLACES, m) != 0)
            return false;
        i += m;
    }
    return hose->received + n <= hose->sent;
}

static void receive_some(struct load *load, struct client *client,
                         struct hose *hose)
{
    ssize_t n = recv(client->fd, load->buf, RECEIVE_MAX, MSG_DONTWAIT);

    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0 && is_right(load, hose, (size_t)n)) {
        hose->received += (uint64_t)n;
        return;
    }
    enum outcome why = OUTCOME_WRONG_BYTE;
    if (n <= 0)
        why = n == 0 ? OUTCOME_SHORT : OUTCOME_RESET;
    load->errors[why]++;
    load->open--;
    load_client_close(client);
    client->state = CLIENT_LOST;
}

static void advance(struct driver *driver, struct client *client,
                    uint32_t events)
{
    struct load *load = driver->load;
    struct hose *hose = &driver->all[client - load->clients];

    if (client == load->clients) {
        talk_advance(load, client, events);
        return;
    }
    if (driver->sending && events & EPOLLOUT)
        send_some(load, client, hose);
    if (client->fd != -1 && events & ~(uint32_t)EPOLLOUT)
        receive_some(load, client, hose);
}

static void ask(struct driver *driver)
{
    struct load *load = driver->load;

    if (!driver->sending || load->now_ns < driver->ask_ns)
        return;
    if (load->clients[0].state == CLIENT_READY)
        talk_start(load, &load->clients[0]);
    driver->ask_ns += ask_every_ns;
}

static bool is_owed(const struct driver *driver)
{
    const struct load *load = driver->load;

    for (size_t i = 1; i < load->nclients; i++)
        if (load->clients[i].state == CLIENT_READY &&
            driver->all[i].received < driver->all[i].sent)
            return true;
    return load->flight > 0;
}

static void go_on_until(struct driver *driver, uint64_t end_ns)
{
    struct epoll_event events[EVENTS];
    struct load *load = driver->load;

    while (load->now_ns < end_ns && !load->cut && load->open > 0 &&
           (driver->sending || is_owed(driver))) {
        int n = epoll_wait(load->epoll_fd, events, EVENTS, WAIT_MS);
        load->now_ns = clock_now_ns();
        for (int i = 0; i < n; i++)
            if (events[i].data.ptr != NULL)
                advance(driver, events[i].data.ptr, events[i].events);
        ask(driver);
    }
}

static void sum_up(const struct driver *driver, struct hoses *hoses)
{
    *hoses = (struct hoses){.least = UINT64_MAX};
    for (size_t i = 1; i < driver->load->nclients; i++) {
        uint64_t bytes = driver->all[i].received;
        hoses->bytes += bytes;
        hoses->owed += driver->all[i].sent - bytes;
        if (bytes < hoses->least)
            hoses->least = bytes;
        if (bytes > hoses->most)
            hoses->most = bytes;
    }
}

static void watch_all(const struct load *load, uint32_t events)
{
    for (size_t i = 1; i < load->nclients; i++)
        if (load->clients[i].state == CLIENT_READY)
            watch(load, &load->clients[i], events);
}

int hoses_run(struct load *load, uint64_t drive_ns, uint64_t drain_ns,
              struct hoses *hoses)
{
    struct driver driver = {
        .load = load,
        .all = calloc(load->nclients, sizeof(struct hose)),
        .sending = true,
    };

    if (driver.all == NULL)
        return -1;
    turn_begin(load, drive_ns, 0);
    load->phase = PHASE_WINDOW;
    driver.ask_ns = load->now_ns + ask_first_ns;
    watch_all(load, EPOLLIN | EPOLLOUT);
    go_on_until(&driver, load->turn.end_ns);
    sum_up(&driver, hoses);
    driver.sending = false;
    load->turn.cut_ns = load->now_ns;
    watch_all(load, EPOLLIN);
    go_on_until(&driver, load->now_ns + drain_ns);
    struct hoses late;
    sum_up(&driver, &late);
    hoses->owed = late.owed;
    watch_all(load, EPOLLIN | EPOLLRDHUP | EPOLLET);
    load->turn.drained = !is_owed(&driver);
    turn_end(load);
    free(driver.all);
    return 0;
}
