/*
 * hold: holds many connections to an echo server, for the experiments held
 * and million.
 *
 * It echoes once on each connection and holds them all. Then it does what
 * it reads, a word a line: `talk', to echo on a few of them for a second;
 * `again', to echo once more on each. At the end of its input it ends. It
 * prints what became of it:
 *
 *   held NS DONE REFUSED RESET TIMED-OUT SHORT WRONG OTHER
 *   talked ECHOES NS MEAN P50 P90 P99 P99.9 MAX     (ns)
 *   again NS DONE REFUSED ...
 *
 * However it ends, its connections end by a reset (SO_LINGER 0) and leave
 * no TIME_WAIT behind.
 */
#include "bench/load/client.h"
#include "bench/record/histogram.h"
#include "common/clock.h"
#include "common/options.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    MAX_CLIENTS = 1000000,
    MAX_SOURCES = 60000,
    MESSAGE = 64,  /* bytes */
    AT_ONCE = 128, /* connections that are made or echo */
    ACTIVE = 10,   /* that talk among the silent */
    SPARE = 16,    /* descriptors of our own */
    EVENTS = 64,
};

static const uint64_t talk_ns = NS_PER_S;

static const char name[] = "hold";

struct settings {
    struct target target;
    long clients;
    long source;          /* the first, see target_socket() */
    uint64_t patience_ns; /* a round ends when so long nobody is echoed */
    uint64_t deadline_ns; /* or when it has taken so long */
};

static struct settings settings;
static struct pattern pattern;
static struct client *clients;
static int epoll_fd;

/* A round: what became of each connection, and what is under way. */
struct round {
    uint64_t began_ns, last_ns; /* last: when an echo came back */
    size_t next;                /* client to be asked */
    size_t busy;                /* asked and not answered */
    size_t outcomes[OUTCOMES];
};

/* From now on it is watched for its echo, or for its end. */
static void await_echo(struct client *client)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};

    if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, client->fd, &event) == -1)
        fatal_errno(name, "epoll_ctl");
}

static void lose(struct client *client)
{
    load_client_close(client);
    client->state = CLIENT_LOST;
}

static void end_turn(struct round *round, struct client *client,
                     enum outcome outcome)
{
    round->busy--;
    round->outcomes[outcome]++;
    if (outcome == OUTCOME_DONE) {
        client->state = CLIENT_READY;
        round->last_ns = clock_now_ns();
    } else {
        lose(client);
    }
}

/* Sends a message; the connection is there. */
static enum outcome ask(struct client *client)
{
    uint64_t bytes = 0;

    load_client_begin(client);
    client->asked_ns = clock_now_ns();
    client->state = CLIENT_WAITING;
    enum outcome outcome = load_client_send(client, &pattern, &bytes);
    if (outcome == OUTCOME_DONE)
        return OUTCOME_WAIT;
    /* A message of 64 bytes has room where none is under way. */
    return outcome == OUTCOME_WAIT ? OUTCOME_OTHER : outcome;
}

static uint64_t source_of(const struct client *client)
{
    long number = client - clients;

    return (uint64_t)(settings.source + number / TARGET_PORTS);
}

static enum outcome go_on(struct client *client)
{
    static unsigned char buf[RECEIVE_MAX];
    uint64_t bytes = 0;

    if (client->state == CLIENT_WAITING)
        return load_client_receive(client, &pattern, buf, &bytes);
    enum outcome outcome = load_client_connect(client, &settings.target,
                                               source_of(client));
    if (outcome != OUTCOME_DONE)
        return outcome;
    await_echo(client);
    return ask(client);
}

/* Asks, or makes the connection first; once made, it has room to send. */
static enum outcome begin(struct client *client)
{
    const struct linger at_once = {.l_onoff = 1};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};

    if (client->state == CLIENT_READY)
        return ask(client);
    client->state = CLIENT_CONNECTING;
    enum outcome outcome = load_client_connect(client, &settings.target,
                                               source_of(client));
    if (client->fd == -1)
        return OUTCOME_OTHER;
    if (outcome == OUTCOME_WAIT)
        event.events = EPOLLOUT;
    if (setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once,
                   sizeof(at_once)) == -1 ||
        epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client->fd, &event) == -1)
        fatal_errno(name, "cannot prepare a socket");
    return outcome == OUTCOME_DONE ? ask(client) : outcome;
}

static void begin_turn(struct round *round, struct client *client)
{
    round->busy++;
    enum outcome outcome = begin(client);
    if (outcome != OUTCOME_WAIT)
        end_turn(round, client, outcome);
}

static void ask_more(struct round *round)
{
    while (round->busy < AT_ONCE &&
           round->next < (size_t)settings.clients) {
        struct client *client = &clients[round->next++];
        if (client->state != CLIENT_LOST)
            begin_turn(round, client);
    }
}

static bool is_over(const struct round *round)
{
    uint64_t now_ns = clock_now_ns();

    return round->busy == 0 ||
           now_ns - round->last_ns > settings.patience_ns ||
           now_ns - round->began_ns > settings.deadline_ns;
}

/* Who has not been answered when the round ends is given up; so is, without
 * being counted, who was not asked at all. */
static void give_up(struct round *round)
{
    for (long i = 0; i < settings.clients; i++)
        if (clients[i].state == CLIENT_CONNECTING ||
            clients[i].state == CLIENT_WAITING)
            end_turn(round, &clients[i], OUTCOME_TIMED_OUT);
        else if (clients[i].state == CLIENT_NEW)
            lose(&clients[i]);
}

/* Events of the silent: closed from the other side. */
static void take(struct round *round, struct client *client)
{
    if (client->state == CLIENT_READY) {
        lose(client);
        return;
    }
    enum outcome outcome = go_on(client);
    if (outcome != OUTCOME_WAIT)
        end_turn(round, client, outcome);
}

/* Echoes once on each connection, and makes it where it is not there. */
static void go_round(const char *mark)
{
    struct epoll_event events[EVENTS];
    uint64_t now_ns = clock_now_ns();
    struct round round = {.began_ns = now_ns, .last_ns = now_ns};

    for (ask_more(&round); !is_over(&round); ask_more(&round)) {
        int n = epoll_wait(epoll_fd, events, EVENTS, 20);
        for (int i = 0; i < n; i++)
            take(&round, events[i].data.ptr);
    }
    uint64_t took_ns = clock_now_ns() - round.began_ns;
    give_up(&round);
    printf("%s %" PRIu64 " %zu", mark, took_ns,
           round.outcomes[OUTCOME_DONE]);
    for (int i = OUTCOME_REFUSED; i < OUTCOMES; i++)
        printf(" %zu", round.outcomes[i]);
    putchar('\n');
}

/* Asks again at once, until the time is over. */
static void take_talker(struct round *round, struct histogram *latency,
                        struct client *client)
{
    bool talks = client->state == CLIENT_WAITING;

    take(round, client);
    if (!talks || client->state != CLIENT_READY)
        return;
    uint64_t now_ns = clock_now_ns();
    histogram_record(latency, now_ns - client->asked_ns);
    if (now_ns - round->began_ns < talk_ns)
        begin_turn(round, client);
}

static void print_latency(const struct histogram *latency, uint64_t ns)
{
    static const double percents[] = {50, 90, 99, 99.9};

    printf("talked %" PRIu64 " %" PRIu64 " %.0f", latency->count, ns,
           histogram_mean(latency));
    for (size_t i = 0; i < sizeof(percents) / sizeof(percents[0]); i++)
        printf(" %" PRIu64, histogram_percentile(latency, percents[i]));
    printf(" %" PRIu64 "\n", latency->max);
}

/* A closed loop over the first of those that are held. */
static void talk(void)
{
    static struct histogram latency;
    struct epoll_event events[EVENTS];
    uint64_t now_ns = clock_now_ns();
    struct round round = {.began_ns = now_ns, .last_ns = now_ns};

    latency = (struct histogram){0};
    for (long i = 0; i < settings.clients && round.busy < ACTIVE; i++)
        if (clients[i].state == CLIENT_READY)
            begin_turn(&round, &clients[i]);
    while (!is_over(&round)) {
        int n = epoll_wait(epoll_fd, events, EVENTS, 20);
        for (int i = 0; i < n; i++)
            take_talker(&round, &latency, events[i].data.ptr);
    }
    uint64_t took_ns = clock_now_ns() - round.began_ns;
    give_up(&round);
    print_latency(&latency, took_ns);
}

/* Returns false at the end of the input: who started us has no more use
 * for us, or is gone. */
static bool do_next(void)
{
    char word[16];

    fflush(stdout);
    if (fgets(word, sizeof(word), stdin) == NULL)
        return false;
    if (strcmp(word, "talk\n") == 0)
        talk();
    else if (strcmp(word, "again\n") == 0)
        go_round("again");
    else
        fatal(name, "%s: talk or again is accepted", word);
    return true;
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
    const char *wrong;

    switch (key) {
    case 'c':
        if (options_number(arg, 1, MAX_CLIENTS, &settings.clients) == -1)
            argp_error(state, "--clients %s: 1 to %d is accepted", arg,
                       MAX_CLIENTS);
        return 0;
    case 's':
        if (options_number(arg, 0, MAX_SOURCES, &settings.source) == -1)
            argp_error(state, "--source %s: 0 to %d is accepted", arg,
                       MAX_SOURCES);
        return 0;
    case 'p':
    case 'd':
        if (options_duration_ns(arg, 3600 * NS_PER_S,
                                key == 'p' ? &settings.patience_ns
                                           : &settings.deadline_ns) == -1)
            argp_error(state, "%s: a duration as in 5s is accepted", arg);
        return 0;
    case ARGP_KEY_ARG:
        wrong = target_resolve(arg, &settings.target);
        if (wrong != NULL)
            argp_error(state, "%s: %s", arg, wrong);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "HOST:PORT is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void parse(int argc, char **argv)
{
    static const struct argp_option table[] = {
        {"clients", 'c', "N", 0, "connections (default 1000)", 0},
        {"source", 's', "N", 0, "first source address: 127.0.0.1 + N", 0},
        {"patience", 'p', "DURATION", 0,
         "give up when nobody is echoed for so long (default 5s)", 0},
        {"deadline", 'd', "DURATION", 0,
         "give up when a round takes so long (default 60s)", 0},
        {0},
    };
    const struct argp argp = {
        .options = table,
        .parser = take_option,
        .args_doc = "HOST:PORT",
        .doc = "Holds connections for bench/run's held and million.",
    };

    settings = (struct settings){
        .clients = 1000,
        .patience_ns = 5 * NS_PER_S,
        .deadline_ns = 60 * NS_PER_S,
    };
    argp_program_version = "bench/hold " SUITE_VERSION;
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    /* The sources are told by number, not taken by turns. */
    if (settings.target.loopback)
        settings.target.sources = UINT32_MAX;
}

static void prepare(void)
{
    const rlim_t needed = (rlim_t)settings.clients + SPARE;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        fatal_errno(name, "getrlimit");
    if (limit.rlim_cur < needed && limit.rlim_max >= needed) {
        limit.rlim_cur = needed;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur < needed)
        fatal(name,
              "--clients %ld: a process may open %llu descriptors "
              "(ulimit -Hn)",
              settings.clients, (unsigned long long)limit.rlim_max);
    pattern_fill(&pattern, MESSAGE);
    clients = calloc((size_t)settings.clients, sizeof(*clients));
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (clients == NULL || epoll_fd == -1)
        fatal_errno(name, "cannot start");
    for (long i = 0; i < settings.clients; i++)
        clients[i] = load_client_new((uint32_t)i, false);
}

int main(int argc, char **argv)
{
    parse(argc, argv);
    prepare();
    go_round("held");
    while (do_next())
        ;
    return EXIT_SUCCESS;
}
