/*
 * soak: connects, echoes, stalls, resets and vanishes at random for a long
 * time, with each model in turn; `make soak`.
 *
 * Every byte that returns is compared. What a server holds is looked at
 * twice, each time when all clients have left: after a warm-up and at the
 * end. In between it must not have grown.
 *
 * What a connection does follows from the seed and its number alone; how
 * they meet each other is up to the kernel.
 */
#include "bench/record/rng.h"
#include "common/clock.h"
#include "common/lab/launcher.h"
#include "common/options.h"
#include "tests/client.h"
#include "tests/expected.h"
#include "tests/processes.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    SLOTS = 32,        /* connections at once */
    PIECE = 16384,     /* bytes that are sent at once, at most */
    SIZE_BITS = 18,    /* a connection echoes up to 256 KiB */
    STALL_MS = 300,    /* it rests up to so long */
    LOST_MS = 30000,   /* nothing came for so long: lost */
    STOP_MS = 10000,   /* for a server to end */
    SETTLE_MS = 10000, /* for its children and threads to end */
    WARM_UP_PERCENT = 25,
    MODELS = 64,
    /* A server may have grown by so much between the two looks: what an
     * allocator keeps depends on who came when. */
    GROWTH_KIB = 512,
    GROWTH_PERCENT = 10,
};

static const char name[] = "soak";
static volatile sig_atomic_t interrupted;

/* How a connection ends. */
enum ending {
    END_FINISH, /* half-closes, and takes the end of stream */
    END_CLOSE,  /* closes when all is back */
    END_RESET,  /* resets in mid-reply */
    END_VANISH, /* closes in mid-reply, with bytes unread */
    ENDINGS,
};

struct slot {
    int fd; /* -1: free */
    unsigned seed;
    enum ending ending;
    uint64_t size, sent, received;
    uint64_t cut_at;   /* END_RESET, END_VANISH: after so many bytes */
    uint64_t stall_at; /* rests when so many came back; UINT64_MAX: never */
    int64_t rests_until_ms;
    int64_t moved_ms; /* the last byte, or the start */
    bool finishing;
};

struct soak {
    const char *model;
    struct server server;
    struct slot slots[SLOTS];
    size_t nslots; /* in use: as many as the model serves at once */
    uint64_t seed;
    uint64_t connections, ends[ENDINGS], stalls, bytes, lost;
    struct processes before, after;
    char trouble[200]; /* the first that was lost, why */
};

static struct {
    uint64_t time_ns;
    long seed;
    const char *csv;
    char *models[MODELS];
    size_t n;
} settings = {.time_ns = 600 * NS_PER_S};

static void on_signal(int signo)
{
    (void)signo;
    interrupted = 1;
}

/* --- one connection --------------------------------------------------- */

/* 1 ... 2^bits, each power of two as likely as any other. */
static uint64_t draw_size(struct rng *rng, unsigned bits)
{
    uint64_t most = UINT64_C(1) << rng_below(rng, bits + 1);

    return 1 + rng_below(rng, most);
}

static void plan_slot(struct slot *slot, uint64_t seed, uint64_t number)
{
    struct rng rng = {seed ^ (number * UINT64_C(0x9e3779b97f4a7c15))};

    *slot = (struct slot){
        .fd = -1,
        .seed = (unsigned)rng_next(&rng),
        .ending = (enum ending)rng_below(&rng, ENDINGS),
        .size = draw_size(&rng, SIZE_BITS),
        .stall_at = UINT64_MAX,
    };
    slot->cut_at = 1 + rng_below(&rng, slot->size);
    if (rng_below(&rng, 4) == 0)
        slot->stall_at = rng_below(&rng, slot->size);
}

static void free_slot(struct slot *slot)
{
    close(slot->fd);
    slot->fd = -1;
}

static void lose(struct soak *soak, struct slot *slot, const char *why)
{
    if (soak->lost++ == 0)
        snprintf(soak->trouble, sizeof(soak->trouble),
                 "a client of %" PRIu64 " bytes, %" PRIu64 " sent and "
                 "%" PRIu64 " back: %s",
                 slot->size, slot->sent, slot->received, why);
    if (slot->fd != -1)
        free_slot(slot);
}

static void open_slot(struct soak *soak, struct slot *slot)
{
    plan_slot(slot, soak->seed, soak->connections++);
    slot->moved_ms = clock_now_ms();
    slot->fd = client_connect(soak->server.host, soak->server.ports[0]);
    if (slot->fd == -1)
        lose(soak, slot, strerror(errno));
}

static void end_slot(struct soak *soak, struct slot *slot)
{
    soak->ends[slot->ending]++;
    if (slot->ending == END_RESET) {
        client_reset(slot->fd);
        slot->fd = -1;
    } else {
        free_slot(slot);
    }
}

static void send_some(struct soak *soak, struct slot *slot)
{
    unsigned char data[PIECE];
    uint64_t left = slot->size - slot->sent;
    size_t n = left < sizeof(data) ? (size_t)left : sizeof(data);

    client_pattern(data, n, slot->seed, slot->sent);
    ssize_t sent = send(slot->fd, data, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent == -1 && errno != EAGAIN && errno != EINTR)
        lose(soak, slot, strerror(errno));
    if (sent <= 0)
        return;
    slot->sent += (uint64_t)sent;
    slot->moved_ms = clock_now_ms();
    if (slot->ending == END_VANISH && slot->sent >= slot->cut_at)
        end_slot(soak, slot);
}

/* What to do when so many bytes are back. */
static void go_on(struct soak *soak, struct slot *slot)
{
    if (slot->received >= slot->stall_at) {
        struct rng rng = {slot->seed};
        slot->stall_at = UINT64_MAX;
        slot->rests_until_ms = clock_now_ms() +
                               (int64_t)rng_below(&rng, STALL_MS);
        soak->stalls++;
    }
    if (slot->ending == END_RESET && slot->received >= slot->cut_at) {
        end_slot(soak, slot);
    } else if (slot->received == slot->size) {
        slot->finishing = slot->ending == END_FINISH &&
                          shutdown(slot->fd, SHUT_WR) == 0;
        if (!slot->finishing)
            end_slot(soak, slot);
    }
}

static void receive_some(struct soak *soak, struct slot *slot)
{
    unsigned char data[PIECE], wanted[PIECE];
    ssize_t n = recv(slot->fd, data, sizeof(data), MSG_DONTWAIT);

    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n == -1) {
        lose(soak, slot, strerror(errno));
    } else if (n == 0 && slot->finishing) {
        end_slot(soak, slot);
    } else if (n == 0) {
        lose(soak, slot, "the server closed");
    } else if ((uint64_t)n > slot->sent - slot->received) {
        lose(soak, slot, "more came back than was sent");
    } else {
        client_pattern(wanted, (size_t)n, slot->seed, slot->received);
        if (memcmp(data, wanted, (size_t)n) != 0) {
            lose(soak, slot, "a wrong byte came back");
            return;
        }
        slot->received += (uint64_t)n;
        soak->bytes += (uint64_t)n;
        slot->moved_ms = clock_now_ms();
        go_on(soak, slot);
    }
}

/* --- all of them ------------------------------------------------------ */

static short events_of(const struct slot *slot, int64_t now_ms)
{
    if (slot->fd == -1 || slot->rests_until_ms > now_ms)
        return 0;
    return slot->sent < slot->size ? POLLIN | POLLOUT : POLLIN;
}

static void turn(struct soak *soak)
{
    struct pollfd watched[SLOTS];
    int64_t now_ms = clock_now_ms();

    for (size_t i = 0; i < soak->nslots; i++) {
        short events = events_of(&soak->slots[i], now_ms);
        watched[i] = (struct pollfd){
            .fd = events == 0 ? -1 : soak->slots[i].fd,
            .events = events,
        };
    }
    if (poll(watched, soak->nslots, 5) == -1)
        return;
    for (size_t i = 0; i < soak->nslots; i++) {
        struct slot *slot = &soak->slots[i];
        if (watched[i].revents & (POLLIN | POLLERR | POLLHUP))
            receive_some(soak, slot);
        if (slot->fd != -1 && (watched[i].revents & POLLOUT))
            send_some(soak, slot);
        if (slot->fd != -1 && now_ms - slot->moved_ms > LOST_MS)
            lose(soak, slot, "nothing came back for 30 s");
    }
}

static bool all_free(const struct soak *soak)
{
    for (size_t i = 0; i < soak->nslots; i++)
        if (soak->slots[i].fd != -1)
            return false;
    return true;
}

/* Newcomers come until then; afterwards those that are here finish. */
static void talk(struct soak *soak, int64_t until_ms)
{
    int status;

    for (;;) {
        bool over = interrupted || clock_now_ms() >= until_ms;
        if (launcher_ended(&soak->server, &status)) {
            soak->lost++;
            snprintf(soak->trouble, sizeof(soak->trouble),
                     "the server ended");
            return;
        }
        for (size_t i = 0; !over && i < soak->nslots; i++)
            if (soak->slots[i].fd == -1)
                open_slot(soak, &soak->slots[i]);
        if (over && all_free(soak))
            return;
        turn(soak);
    }
}

static void close_all(struct soak *soak)
{
    for (size_t i = 0; i < soak->nslots; i++)
        if (soak->slots[i].fd != -1)
            free_slot(&soak->slots[i]);
}

static uint64_t growth_allowed(size_t memory)
{
    return GROWTH_KIB * 1024 + memory / 100 * GROWTH_PERCENT;
}

static bool is_flat(const struct processes *before,
                    const struct processes *after)
{
    return after->descriptors <= before->descriptors &&
           after->zombies == 0 && after->n <= before->n &&
           after->threads <= before->threads &&
           after->memory <= before->memory + growth_allowed(before->memory);
}

/* Looks until nobody runs and nothing changes, or it takes too long. */
static struct processes settled(const struct soak *soak)
{
    int64_t deadline_ms = clock_now_ms() + SETTLE_MS;
    struct processes now = processes_look(soak->server.pid);
    struct processes last;

    do {
        clock_rest_ms(100);
        last = now;
        now = processes_look(soak->server.pid);
    } while ((now.running > 0 || now.zombies > 0 ||
              now.descriptors != last.descriptors || now.n != last.n ||
              now.threads != last.threads) &&
             clock_now_ms() < deadline_ms);
    return now;
}

/* --- one model, all models -------------------------------------------- */

static bool start(struct soak *soak)
{
    char path[512];
    const char *const argv[] = {path, "--port=0", NULL};
    const struct launch_plan plan = {.argv = argv};

    launcher_path(path, sizeof(path), soak->model);
    soak->nslots = (size_t)expected_value(soak->model, AT_ONCE, SLOTS);
    if (soak->nslots > SLOTS)
        soak->nslots = SLOTS;
    for (size_t i = 0; i < SLOTS; i++)
        soak->slots[i].fd = -1;
    if (launcher_start(&soak->server, &plan) == 0)
        return true;
    fprintf(stderr, "%s: %s\n", name, soak->server.error);
    return false;
}

/* Returns whether all was well. */
static bool run(struct soak *soak, int64_t length_ms)
{
    int64_t began_ms = clock_now_ms();

    talk(soak, began_ms + length_ms * WARM_UP_PERCENT / 100);
    soak->before = settled(soak);
    talk(soak, began_ms + length_ms);
    soak->after = settled(soak);
    close_all(soak);
    bool stopped = launcher_stop(&soak->server, STOP_MS, NULL) == 0;
    if (!stopped && soak->trouble[0] == '\0')
        snprintf(soak->trouble, sizeof(soak->trouble), "%.190s",
                 soak->server.error);
    bool flat = is_flat(&soak->before, &soak->after);
    if (!flat && soak->trouble[0] == '\0')
        snprintf(
            soak->trouble, sizeof(soak->trouble),
            "not flat: %zu processes, %zu threads, %zu zombies before, "
            "%zu, %zu, %zu after",
            soak->before.n, soak->before.threads, soak->before.zombies,
            soak->after.n, soak->after.threads, soak->after.zombies);
    return stopped && flat && soak->lost == 0;
}

static void print_head(FILE *csv)
{
    printf("%-23s %11s %7s %7s %7s %6s  %-17s %s\n", "model", "connections",
           "resets", "stalls", "MiB", "lost", "memory (KiB)",
           "descriptors");
    fflush(stdout);
    if (csv != NULL)
        fprintf(csv, "model,seconds,connections,finished,closed,reset,"
                     "vanished,stalls,bytes,lost,memory_before_kib,"
                     "memory_after_kib,descriptors_before,"
                     "descriptors_after,verdict\n");
}

static void print_line(const struct soak *soak, double seconds, bool well,
                       FILE *csv)
{
    const struct processes *a = &soak->before;
    const struct processes *b = &soak->after;
    const uint64_t *ends = soak->ends;

    printf("%-23s %11" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64
           " %6" PRIu64 "  %6zu -> %-7zu %4zu -> %-4zu %s\n",
           soak->model, soak->connections,
           ends[END_RESET] + ends[END_VANISH], soak->stalls,
           soak->bytes >> 20, soak->lost, a->memory >> 10, b->memory >> 10,
           a->descriptors, b->descriptors, well ? "held" : "FAILED");
    if (!well)
        printf("  %s\n", soak->trouble);
    fflush(stdout);
    if (csv == NULL)
        return;
    fprintf(csv, "%s,%.0f,%" PRIu64, soak->model, seconds,
            soak->connections);
    for (int i = 0; i < ENDINGS; i++)
        fprintf(csv, ",%" PRIu64, ends[i]);
    fprintf(csv,
            ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%zu,%zu,%zu,%zu,%s\n",
            soak->stalls, soak->bytes, soak->lost, a->memory >> 10,
            b->memory >> 10, a->descriptors, b->descriptors,
            well ? "held" : "failed");
}

/* Returns whether all was well. */
static bool soak_model(const char *model, FILE *csv)
{
    static struct soak soak;
    int64_t length_ms = (int64_t)(settings.time_ns / NS_PER_MS /
                                  settings.n);
    int64_t began_ms = clock_now_ms();

    soak = (struct soak){.model = model, .seed = (uint64_t)settings.seed};
    if (!start(&soak))
        return false;
    bool well = run(&soak, length_ms);
    print_line(&soak, (double)(clock_now_ms() - began_ms) / 1e3, well, csv);
    return well;
}

static void add_model(char *model)
{
    if (settings.n == MODELS)
        fatal(name, "%s: more than %d models", model, MODELS);
    settings.models[settings.n++] = model;
}

/* All there are, when none is named. */
static void add_all(void)
{
    static char lines[MODELS][64];
    char path[512];

    snprintf(path, sizeof(path), "%s/servers", launcher_folder());
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fatal_errno(name, "%s", path);
    while (settings.n < MODELS &&
           fgets(lines[settings.n], sizeof(lines[0]), file) != NULL) {
        lines[settings.n][strcspn(lines[settings.n], "\n")] = '\0';
        add_model(lines[settings.n]);
    }
    fclose(file);
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
    char path[512];

    switch (key) {
    case 't':
        if (options_duration_ns(arg, 86400 * NS_PER_S, &settings.time_ns) ==
                -1 ||
            settings.time_ns < NS_PER_S)
            argp_error(state,
                       "--time %s: a duration from 1s to 1440min is "
                       "accepted",
                       arg);
        return 0;
    case 's':
        if (options_number(arg, 0, INT32_MAX, &settings.seed) == -1)
            argp_error(state, "--seed %s: 0 to %d is accepted", arg,
                       INT32_MAX);
        return 0;
    case 'c':
        settings.csv = arg;
        return 0;
    case ARGP_KEY_ARG:
        launcher_path(path, sizeof(path), arg);
        if (access(path, X_OK) == -1)
            argp_error(state, "%s: no such model; `make models` lists them",
                       arg);
        add_model(arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void parse(int argc, char **argv)
{
    static const struct argp_option table[] = {
        {"time", 't', "DURATION", 0,
         "for all models together, each has its share (default 10min)", 0},
        {"seed", 's', "N", 0, "what the connections do (default: the time)",
         0},
        {"csv", 'c', "FILE", 0, "write the figures there, too", 0},
        {0},
    };
    const struct argp argp = {
        .options = table,
        .parser = take_option,
        .args_doc = "[MODEL...]",
        .doc = "Connects, echoes, stalls, resets and vanishes at random, "
               "with each model in turn (default: all), and compares every "
               "byte.\v"
               "Memory (of the processes' own, in RAM) and descriptors are "
               "read when all clients have left: after a quarter of the "
               "time, and at its end. Descriptors, processes and threads "
               "must not be more, memory not by more than 512 KiB and "
               "10 %.\n\n"
               "Exit status: 0 all held; 1 something was lost, has grown "
               "or could not run, or a signal cut it short; 2 wrong usage.",
    };

    settings.seed = time(NULL) & INT32_MAX;
    argp_program_version = "soak " SUITE_VERSION;
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    if (settings.n == 0)
        add_all();
}

static void catch_signals(void)
{
    const struct sigaction act = {.sa_handler = on_signal,
                                  .sa_flags = (int)SA_RESETHAND};

    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
}

int main(int argc, char **argv)
{
    bool well = true;

    parse(argc, argv);
    catch_signals();
    FILE *csv = settings.csv == NULL ? NULL : fopen(settings.csv, "we");
    if (settings.csv != NULL && csv == NULL)
        fatal_errno(name, "%s", settings.csv);
    printf("seed %ld, %.0f s for %zu models\n", settings.seed,
           (double)settings.time_ns / 1e9, settings.n);
    print_head(csv);
    for (size_t i = 0; i < settings.n && !interrupted; i++)
        well &= soak_model(settings.models[i], csv);
    if (csv != NULL && fclose(csv) != 0)
        fatal_errno(name, "%s", settings.csv);
    if (interrupted)
        printf("cut short by a signal\n");
    return well && !interrupted ? EXIT_SUCCESS : EXIT_FAILURE;
}
