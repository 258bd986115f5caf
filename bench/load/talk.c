#include "bench/load/talk.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static bool open_loop(const struct worker *worker)
{
    return worker->run->options->rate != 0;
}

static bool churn(const struct worker *worker)
{
    return worker->run->options->churn;
}

void talk_flight(struct worker *worker, int change)
{
    worker->flight_sum += (double)worker->flight *
                          (double)(worker->now_ns - worker->flight_ns);
    worker->flight_ns = worker->now_ns;
    worker->flight += (uint64_t)change;
}

/* Has it a message under way? With churn that begins with connecting. */
static bool is_busy(const struct worker *worker,
                    const struct client *client)
{
    return client->state == CLIENT_WAITING ||
           (client->state == CLIENT_CONNECTING && churn(worker) &&
            !client->idle);
}

uint64_t talk_wait_ns(const struct worker *worker,
                      const struct client *client)
{
    return is_busy(worker, client) && worker->now_ns > client->due_ns
               ? worker->now_ns - client->due_ns
               : 0;
}

static void close_client(struct worker *worker, struct client *client)
{
    if (client->state == CLIENT_CONNECTING)
        worker->connecting--;
    if (client->fd != -1)
        worker->open--;
    load_client_close(client);
}

/* Does a client's message count into the latencies? */
static bool counts(const struct worker *worker, const struct client *client)
{
    if (!open_loop(worker))
        return worker->tally == &worker->window;
    return client->due_ns >= worker->run->window_ns &&
           client->due_ns < worker->run->end_ns;
}

/* A planned message that is given up is as slow as this at least. */
static void give_up(struct worker *worker, uint64_t due_ns)
{
    worker->unanswered++;
    histogram_record(&worker->latency, worker->now_ns - due_ns);
}

/* Open loop: its message will not come back. One that was reset or wrong is
 * missing from the latencies: it was no fast echo, either. */
static void lose_message(struct worker *worker, const struct client *client,
                         enum outcome why)
{
    if (why == OUTCOME_TIMED_OUT)
        give_up(worker, client->due_ns);
    else
        worker->unanswered++;
}

static void fail(struct worker *worker, struct client *client,
                 enum outcome why)
{
    uint64_t wait_ns = talk_wait_ns(worker, client);

    worker->errors[why]++;
    if (why == OUTCOME_OTHER && worker->other_errno == 0)
        worker->other_errno = errno;
    if (wait_ns > worker->longest_ns)
        worker->longest_ns = wait_ns;
    if (is_busy(worker, client)) {
        talk_flight(worker, -1);
        if (open_loop(worker) && counts(worker, client))
            lose_message(worker, client, why);
    }
    close_client(worker, client);
    if (client->idle)
        worker->idle_lost++;
    client->state = churn(worker) && !client->idle ? CLIENT_RESTING
                                                   : CLIENT_LOST;
}

/*
 * op is EPOLL_CTL_ADD or EPOLL_CTL_MOD.
 *
 * Edge-triggered: when it is level-triggered, the kernel asks every socket
 * that it has told of once more at the next epoll_wait(), in vain, since we
 * have taken all there was: 1 to 2 % of what an echo costs here.
 */
static int watch(struct worker *worker, struct client *client, int op,
                 uint32_t events)
{
    struct epoll_event event = {
        .events = events | EPOLLRDHUP | EPOLLET,
        .data.ptr = client,
    };

    return epoll_ctl(worker->epoll_fd, op, client->fd, &event);
}

/* Sends on. Short messages leave in one call, and epoll is not touched. */
static void push(struct worker *worker, struct client *client)
{
    enum outcome outcome = load_client_send(client, worker->run->pattern,
                                            &worker->tally->bytes_sent);

    if (outcome > OUTCOME_WAIT) {
        fail(worker, client, outcome);
    } else if ((outcome == OUTCOME_WAIT) != client->wants_room) {
        client->wants_room = outcome == OUTCOME_WAIT;
        watch(worker, client, EPOLL_CTL_MOD,
              client->wants_room ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

static void connected(struct worker *worker, struct client *client)
{
    worker->tally->connects++;
    if (client->idle) {
        client->state = CLIENT_READY;
        worker->idle_connected++;
    } else if (churn(worker)) {
        client->state = CLIENT_WAITING;
        push(worker, client);
    } else {
        client->state = CLIENT_READY;
        worker->connected++;
    }
}

void talk_connect(struct worker *worker, struct client *client)
{
    const struct load_options *options = worker->run->options;
    bool fresh = client->fd == -1;
    uint64_t number = worker->connections * (uint64_t)options->threads +
                      worker->index;
    enum outcome outcome = load_client_connect(client, &options->target,
                                               number);

    if (fresh) {
        worker->connections++;
        worker->open += client->fd != -1;
    }
    if (outcome > OUTCOME_WAIT ||
        watch(worker, client, fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD,
              outcome == OUTCOME_DONE ? EPOLLIN : EPOLLOUT) == -1) {
        fail(worker, client,
             outcome > OUTCOME_WAIT ? outcome : OUTCOME_OTHER);
    } else if (outcome == OUTCOME_DONE) {
        worker->connecting -= client->state == CLIENT_CONNECTING;
        connected(worker, client);
    } else {
        worker->connecting += client->state != CLIENT_CONNECTING;
        client->state = CLIENT_CONNECTING;
    }
}

/* The clock must have been read: the message counts from there. */
static void begin(struct worker *worker, struct client *client,
                  uint64_t due_ns)
{
    load_client_begin(client);
    client->due_ns = due_ns;
    client->asked_ns = worker->now_ns;
    client->state = CLIENT_WAITING;
    if (churn(worker))
        talk_connect(worker, client);
    else
        push(worker, client);
}

/* A client that is ready begins; in a closed loop the plan is: now. */
static void start(struct worker *worker, struct client *client,
                  uint64_t due_ns)
{
    worker->now_ns = clock_now_ns();
    talk_flight(worker, 1);
    begin(worker, client, open_loop(worker) ? due_ns : worker->now_ns);
}

/*
 * The plan of the open loop: message m of all is due at start + m / rate.
 * The threads take turns, and in a thread its clients: the thread's own
 * message i is the client's (i mod nclients).
 */
static uint64_t due_ns(const struct worker *worker, uint64_t i)
{
    const struct load_options *options = worker->run->options;
    double m = (double)i * (double)options->threads + worker->index;

    return worker->run->start_ns +
           (uint64_t)(m * (double)NS_PER_S / (double)options->rate);
}

/* Has a client's next message been due? Then *due is when. */
static bool is_behind(const struct worker *worker,
                      const struct client *client, uint64_t *due)
{
    uint64_t i = client->messages * worker->nclients +
                 (uint64_t)(client - worker->clients);

    *due = due_ns(worker, i);
    return i < worker->planned;
}

/* The whole echo is back. This one's end is the next one's beginning. */
static void finish(struct worker *worker, struct client *client)
{
    uint64_t due;

    worker->tally->round_trips++;
    client->echoes += worker->tally == &worker->window;
    if (counts(worker, client)) {
        histogram_record(&worker->latency, worker->now_ns - client->due_ns);
        if (open_loop(worker))
            histogram_record(&worker->from_send,
                             worker->now_ns - client->asked_ns);
    }
    if (churn(worker))
        close_client(worker, client);
    client->state = CLIENT_READY;
    if (!open_loop(worker) && worker->sending)
        begin(worker, client, worker->now_ns);
    else if (open_loop(worker) && is_behind(worker, client, &due))
        begin(worker, client, due);
    else
        talk_flight(worker, -1);
}

/* ended: the server has closed. We hear of that once, so the end of stream
 * behind the data must be read now. */
static void pull(struct worker *worker, struct client *client, bool ended)
{
    enum outcome outcome;

    do
        outcome = load_client_receive(client, worker->run->pattern,
                                      worker->buf,
                                      &worker->tally->bytes_received);
    while (outcome == OUTCOME_WAIT && ended);
    if (outcome == OUTCOME_DONE) {
        finish(worker, client);
        if (ended && !churn(worker))
            fail(worker, client, OUTCOME_SHORT); /* no use to go on */
    } else if (outcome > OUTCOME_WAIT) {
        fail(worker, client, outcome);
    }
}

/* Its stream has ended: whatever still comes must be right. */
static void see_off(struct worker *worker, struct client *client,
                    bool ended)
{
    enum outcome outcome;

    do
        outcome = load_client_receive(client, worker->run->pattern,
                                      worker->buf,
                                      &worker->after.bytes_received);
    while (outcome <= OUTCOME_WAIT && ended);
    worker->errors[OUTCOME_WRONG_BYTE] += outcome == OUTCOME_WRONG_BYTE;
    if (outcome > OUTCOME_WAIT) {
        close_client(worker, client);
        client->state = CLIENT_LOST;
    }
}

void talk_advance(struct worker *worker, struct client *client,
                  uint32_t events)
{
    if (client->state == CLIENT_CONNECTING) {
        talk_connect(worker, client);
    } else if (client->state == CLIENT_LEAVING) {
        see_off(worker, client, events & (EPOLLRDHUP | EPOLLHUP));
    } else {
        /* Both ways by turns: a server that sends the echo before it reads
         * on would otherwise wait for us while we wait for it. */
        if (events & EPOLLOUT)
            push(worker, client);
        if (client->fd != -1 && events & ~(uint32_t)EPOLLOUT)
            pull(worker, client, events & (EPOLLRDHUP | EPOLLHUP));
    }
}

void talk_start_all(struct worker *worker)
{
    for (size_t i = 0; i < worker->nclients; i++)
        if (worker->clients[i].state == CLIENT_READY)
            start(worker, &worker->clients[i], 0);
}

void talk_replan(struct worker *worker)
{
    worker->planned = 0;
    for (size_t i = 0; i < worker->nclients; i++)
        worker->clients[i].messages = 0;
}

uint64_t talk_next_due_ns(const struct worker *worker)
{
    if (!open_loop(worker) || !worker->sending)
        return UINT64_MAX;
    uint64_t due = due_ns(worker, worker->planned);
    return due < worker->run->end_ns ? due : UINT64_MAX;
}

void talk_start_due(struct worker *worker)
{
    uint64_t due;

    while ((due = talk_next_due_ns(worker)) <= worker->now_ns) {
        struct client *client =
            &worker->clients[worker->planned++ % worker->nclients];
        if (client->state != CLIENT_READY)
            continue; /* finish() makes up for it */
        start(worker, client, due);
        if (counts(worker, client))
            histogram_record(&worker->late, client->asked_ns - due);
    }
}

void talk_sweep(struct worker *worker)
{
    const struct load_options *options = worker->run->options;
    uint64_t due = 0;

    for (size_t i = 0; i < worker->nclients; i++) {
        struct client *client = &worker->clients[i];
        uint64_t age_ns = worker->now_ns - client->asked_ns;
        if (client->state == CLIENT_WAITING && age_ns > options->timeout_ns)
            fail(worker, client, OUTCOME_TIMED_OUT);
        if (client->state == CLIENT_CONNECTING && is_busy(worker, client) &&
            age_ns > options->connect_timeout_ns)
            fail(worker, client, OUTCOME_TIMED_OUT);
        if (client->state != CLIENT_RESTING || !worker->sending)
            continue;
        client->state = CLIENT_READY;
        if (!open_loop(worker) || is_behind(worker, client, &due))
            start(worker, client, due);
    }
}

void talk_stop_connecting(struct worker *worker)
{
    for (size_t i = 0; i < worker->nclients + worker->nidle; i++)
        if (worker->clients[i].state == CLIENT_CONNECTING)
            fail(worker, &worker->clients[i], OUTCOME_TIMED_OUT);
}

void talk_leave(struct worker *worker)
{
    for (size_t i = 0; i < worker->nclients + worker->nidle; i++) {
        struct client *client = &worker->clients[i];
        if (client->fd == -1)
            continue;
        if (client->state == CLIENT_CONNECTING ||
            shutdown(client->fd, SHUT_WR) == -1) {
            close_client(worker, client);
            client->state = CLIENT_LOST;
            continue;
        }
        client->state = CLIENT_LEAVING;
    }
}

void talk_count_unanswered(struct worker *worker)
{
    uint64_t due;

    for (size_t i = 0; i < worker->nclients; i++) {
        struct client *client = &worker->clients[i];
        if (is_busy(worker, client) && counts(worker, client))
            give_up(worker, client->due_ns);
        for (; is_behind(worker, client, &due); client->messages++)
            if (due >= worker->run->window_ns)
                give_up(worker, due);
    }
}
