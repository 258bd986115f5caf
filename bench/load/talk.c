#include "bench/load/talk.h"

#include "bench/load/due.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static bool open_loop(const struct load *load)
{
    return load->options->rate != 0;
}

static bool churn(const struct load *load)
{
    return load->options->churn;
}

/* Has it a message under way? With churn that begins with connecting. */
static bool is_busy(const struct load *load, const struct client *client)
{
    return client->state == CLIENT_WAITING ||
           (client->state == CLIENT_CONNECTING && churn(load) &&
            !client->idle);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint64_t talk_wait_ns(const struct load *load, const struct client *client)
{
    uint64_t since_ns = later(client->due_ns, load->turn.start_ns);

    return is_busy(load, client) && !client->parked &&
                   load->now_ns > since_ns
               ? load->now_ns - since_ns
               : 0;
}

static void close_client(struct load *load, struct client *client)
{
    if (client->state == CLIENT_CONNECTING)
        load->connecting--;
    if (client->fd != -1)
        load->open--;
    load_client_close(client);
}

/* Does a client's message count into the latencies? */
static bool counts(const struct load *load, const struct client *client)
{
    if (!open_loop(load))
        return load->phase == PHASE_WINDOW &&
               client->asked_ns >= load->turn.start_ns;
    return client->due_ns >= load->turn.window_ns &&
           client->due_ns < load->turn.end_ns;
}

/* A planned message that is given up is as slow as this at least. */
static void give_up(struct load *load, uint64_t due_ns)
{
    load->turn.unanswered++;
    histogram_record(&load->turn.latency, load->now_ns - due_ns);
}

/* The message under way will not come back. One that was reset or wrong is
 * missing from the latencies: it was no fast echo, either. */
static void lose_message(struct load *load, const struct client *client,
                         enum outcome why)
{
    if (!client->parked)
        load->flight--;
    if (!open_loop(load) || !counts(load, client))
        return;
    if (why == OUTCOME_TIMED_OUT)
        give_up(load, client->due_ns);
    else
        load->turn.unanswered++;
}

static void fail(struct load *load, struct client *client, enum outcome why)
{
    struct turn *turn = &load->turn;

    load->errors[why]++;
    if (why == OUTCOME_OTHER && load->other_errno == 0)
        load->other_errno = errno;
    turn->longest_ns = later(turn->longest_ns, talk_wait_ns(load, client));
    if (is_busy(load, client))
        lose_message(load, client, why);
    close_client(load, client);
    client->parked = false;
    if (client->idle)
        load->idle_lost++;
    client->state = churn(load) && !client->idle ? CLIENT_RESTING
                                                 : CLIENT_LOST;
}

/*
 * op is EPOLL_CTL_ADD or EPOLL_CTL_MOD.
 *
 * Edge-triggered: when it is level-triggered, the kernel asks every socket
 * that it has told of once more at the next epoll_wait(), in vain, since we
 * have taken all there was: 1 to 2 % of what an echo costs here.
 */
static int watch(struct load *load, struct client *client, int op,
                 uint32_t events)
{
    struct epoll_event event = {
        .events = events | EPOLLRDHUP | EPOLLET,
        .data.ptr = client,
    };

    return epoll_ctl(load->epoll_fd, op, client->fd, &event);
}

/* Sends on. Short messages leave in one call, and epoll is not touched. */
static void push(struct load *load, struct client *client)
{
    enum outcome outcome = load_client_send(client, load->pattern,
                                            &load->turn.bytes_sent);

    if (outcome > OUTCOME_WAIT) {
        fail(load, client, outcome);
    } else if ((outcome == OUTCOME_WAIT) != client->wants_room) {
        client->wants_room = outcome == OUTCOME_WAIT;
        watch(load, client, EPOLL_CTL_MOD,
              client->wants_room ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

/* Its next message counts from load->now_ns. */
static void note(struct load *load, struct client *client, uint64_t due_ns)
{
    load_client_begin(client);
    client->due_ns = due_ns;
    client->asked_ns = load->now_ns;
    client->state = CLIENT_WAITING;
}

static void connected(struct load *load, struct client *client)
{
    load->turn.connects++;
    if (churn(load) && !client->idle) {
        client->state = CLIENT_WAITING;
        push(load, client);
        return;
    }
    client->state = CLIENT_READY;
    load->idle_connected += client->idle;
    load->connected += !client->idle;
    if (load->greets) {
        load->flight++;
        note(load, client, load->now_ns);
        push(load, client);
    }
}

void talk_connect(struct load *load, struct client *client)
{
    bool fresh = client->fd == -1;
    enum outcome outcome = load_client_connect(
        client, &load->options->target, load->connections);

    if (fresh) {
        load->connections++;
        load->open += client->fd != -1;
    }
    if (outcome > OUTCOME_WAIT ||
        watch(load, client, fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD,
              outcome == OUTCOME_DONE ? EPOLLIN : EPOLLOUT) == -1) {
        fail(load, client,
             outcome > OUTCOME_WAIT ? outcome : OUTCOME_OTHER);
    } else if (outcome == OUTCOME_DONE) {
        load->connecting -= client->state == CLIENT_CONNECTING;
        connected(load, client);
    } else {
        load->connecting += client->state != CLIENT_CONNECTING;
        client->state = CLIENT_CONNECTING;
    }
}

/* load->flight is the caller's. */
static void begin(struct load *load, struct client *client, uint64_t due_ns)
{
    note(load, client, due_ns);
    if (churn(load) && !client->idle)
        talk_connect(load, client);
    else
        push(load, client);
}

static void start(struct load *load, struct client *client, uint64_t due_ns)
{
    load->flight++;
    begin(load, client, due_ns);
}

void talk_start(struct load *load, struct client *client)
{
    load->now_ns = clock_now_ns();
    start(load, client, load->now_ns);
}

static void sample(struct load *load, const struct client *client)
{
    struct turn *turn = &load->turn;

    if (turn->nsamples == (size_t)load->options->samples)
        return;
    load->samples[turn->nsamples][0] = client->due_ns - turn->start_ns;
    load->samples[turn->nsamples][1] = load->now_ns - client->due_ns;
    turn->nsamples++;
}

static void count_first(struct load *load, struct client *client)
{
    client->served = true;
    load->served += !client->idle;
    load->idle_served += client->idle;
    load->served_ns = load->now_ns;
}

/* All that is known of an echo, once it is whole. */
static void count(struct load *load, struct client *client)
{
    struct turn *turn = &load->turn;

    turn->all_echoes++;
    if (!client->served)
        count_first(load, client);
    if (load->phase == PHASE_OPENING) {
        turn->first_ns = load->now_ns;
    } else if (load->phase == PHASE_WINDOW) {
        turn->last_ns = load->now_ns;
        turn->echoes++;
        client->echoes++;
    }
    if (!counts(load, client))
        return;
    histogram_record(&turn->latency, load->now_ns - client->due_ns);
    sample(load, client);
    if (open_loop(load))
        histogram_record(&turn->from_send, load->now_ns - client->asked_ns);
}

/* The whole echo is back. This one's end is the next one's beginning. */
static void finish(struct load *load, struct client *client)
{
    count(load, client);
    load->flight += client->parked;
    client->parked = false;
    if (churn(load) && !client->idle)
        close_client(load, client);
    client->state = CLIENT_READY;
    if (client->behind)
        begin(load, client, due_take(load, client));
    else if (load->sending && !client->idle)
        begin(load, client, load->now_ns);
    else
        load->flight--;
}

/* ended: the server has closed. We hear of that once, so the end of stream
 * behind the data must be read now. */
static void pull(struct load *load, struct client *client, bool ended)
{
    enum outcome outcome;

    do
        outcome = load_client_receive(client, load->pattern, load->buf,
                                      &load->turn.bytes_received);
    while (outcome == OUTCOME_WAIT && ended);
    if (outcome == OUTCOME_DONE) {
        finish(load, client);
        if (ended && client->fd != -1 && !(churn(load) && !client->idle))
            fail(load, client, OUTCOME_SHORT); /* no use to go on */
    } else if (outcome > OUTCOME_WAIT) {
        fail(load, client, outcome);
    }
}

/* Its stream has ended: whatever still comes must be right. */
static void see_off(struct load *load, struct client *client, bool ended)
{
    enum outcome outcome;

    do
        outcome = load_client_receive(client, load->pattern, load->buf,
                                      &load->turn.bytes_received);
    while (outcome <= OUTCOME_WAIT && ended);
    load->errors[OUTCOME_WRONG_BYTE] += outcome == OUTCOME_WRONG_BYTE;
    if (outcome > OUTCOME_WAIT) {
        close_client(load, client);
        client->state = CLIENT_LOST;
    }
}

void talk_advance(struct load *load, struct client *client, uint32_t events)
{
    if (client->state == CLIENT_CONNECTING) {
        talk_connect(load, client);
    } else if (client->state == CLIENT_LEAVING) {
        see_off(load, client, events & (EPOLLRDHUP | EPOLLHUP));
    } else {
        /* Both ways by turns: a server that sends the echo before it reads
         * on would otherwise wait for us while we wait for it. */
        if (events & EPOLLOUT)
            push(load, client);
        if (client->fd != -1 && events & ~(uint32_t)EPOLLOUT)
            pull(load, client, events & (EPOLLRDHUP | EPOLLHUP));
    }
}

size_t talk_start_all(struct load *load)
{
    size_t n = 0;

    for (size_t i = 0; i < load->nclients; i++) {
        if (load->clients[i].state != CLIENT_READY)
            continue;
        talk_start(load, &load->clients[i]);
        n++;
    }
    return n;
}

void talk_start_due(struct load *load)
{
    struct client *client;

    while ((client = due_next(load)) != NULL) {
        if (client->state != CLIENT_READY)
            continue; /* finish() makes up for it */
        start(load, client, due_take(load, client));
        if (counts(load, client))
            histogram_record(&load->turn.late,
                             client->asked_ns - client->due_ns);
    }
}

/* Has it rested from a failure? Then it begins, if it is to. */
static void wake(struct load *load, struct client *client)
{
    if (client->state != CLIENT_RESTING)
        return;
    client->state = CLIENT_READY;
    if (client->behind)
        start(load, client, due_take(load, client));
    else if (load->sending)
        talk_start(load, client);
}

void talk_sweep(struct load *load)
{
    const struct load_options *options = load->options;

    for (size_t i = 0; i < load->nclients; i++) {
        struct client *client = &load->clients[i];
        uint64_t most_ns = client->state == CLIENT_WAITING
                               ? options->timeout_ns
                               : options->connect_timeout_ns;
        if (is_busy(load, client) && !options->turns &&
            load->now_ns - client->asked_ns > most_ns)
            fail(load, client, OUTCOME_TIMED_OUT);
        wake(load, client);
    }
}

void talk_stop_connecting(struct load *load)
{
    for (size_t i = 0; i < load->nclients + load->nidle; i++)
        if (load->clients[i].state == CLIENT_CONNECTING)
            fail(load, &load->clients[i], OUTCOME_TIMED_OUT);
}

void talk_park(struct load *load)
{
    for (size_t i = 0; i < load->nclients + load->nidle; i++)
        load->clients[i].parked = is_busy(load, &load->clients[i]);
    load->flight = 0;
}

void talk_leave(struct load *load)
{
    for (size_t i = 0; i < load->nclients + load->nidle; i++) {
        struct client *client = &load->clients[i];
        if (client->fd == -1)
            continue;
        if (client->state == CLIENT_CONNECTING ||
            shutdown(client->fd, SHUT_WR) == -1) {
            close_client(load, client);
            client->state = CLIENT_LOST;
            continue;
        }
        client->state = CLIENT_LEAVING;
    }
}

void talk_count_unanswered(struct load *load)
{
    const struct turn *turn = &load->turn;

    for (size_t i = 0; i < load->nclients; i++) {
        struct client *client = &load->clients[i];
        if (is_busy(load, client) && counts(load, client))
            give_up(load, client->due_ns);
        while (client->behind) {
            uint64_t due_ns = due_take(load, client);
            if (due_ns >= turn->window_ns)
                give_up(load, due_ns);
        }
    }
}
