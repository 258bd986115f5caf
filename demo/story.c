#include "demo/story.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *story_state_name(enum story_state state)
{
    static const char *const names[STORY_STATES] = {
        [STORY_ABSENT] = "not here",
        [STORY_CLOSED] = "closed",
        [STORY_IDLE] = "idle",
        [STORY_ECHOED] = "echoed",
        [STORY_WAITING] = "waits for its echo",
        [STORY_STALLED] = "does not read",
        [STORY_QUEUED] = "in the accept queue",
        [STORY_UNREAD] = "in the accept queue, its bytes unread",
        [STORY_CUT] = "turned away",
        [STORY_WRONG] = "wrong echo",
    };

    return names[state];
}

char *story_bytes(uint64_t n, char text[16])
{
    if (n < 1024)
        snprintf(text, 16, "%u B", (unsigned)n);
    else if (n < 1 << 20)
        snprintf(text, 16, "%u KiB", (unsigned)(n / 1024));
    else
        snprintf(text, 16, "%.1f MiB", (double)n / (1 << 20));
    return text;
}

char *story_count(const struct observation *now, char text[STORY_COUNT])
{
    int n;

    if (now->processes > 1 && now->tasks == now->processes)
        n = snprintf(text, STORY_COUNT, "%zu processes, a thread each",
                     now->processes);
    else
        n = snprintf(text, STORY_COUNT, "%zu process%s, %zu thread%s",
                     now->processes, now->processes == 1 ? "" : "es",
                     now->tasks, now->tasks == 1 ? "" : "s");
    if (now->zombies > 0)
        snprintf(text + n, STORY_COUNT - (size_t)n, ", %zu zombie%s",
                 now->zombies, now->zombies == 1 ? "" : "s");
    return text;
}

static enum story_state state_of(const struct connection *c)
{
    if (c->differs)
        return STORY_WRONG;
    if (c->phase == CONNECTION_CUT || c->phase == CONNECTION_REFUSED)
        return STORY_CUT;
    if (c->phase == CONNECTION_CLOSED || c->phase == CONNECTION_RESET)
        return STORY_CLOSED;
    if (!c->seen && c->received == 0)
        return STORY_ABSENT;
    if (!c->accepted && c->received == 0)
        return c->sent > 0 ? STORY_UNREAD : STORY_QUEUED;
    if (connection_owed(c) == 0)
        return STORY_IDLE;
    return c->reading ? STORY_WAITING : STORY_STALLED;
}

static void label_time(char label[STORY_LABEL], uint64_t ns)
{
    if (ns < 100000)
        snprintf(label, STORY_LABEL, "echo in %.0f us", (double)ns / 1e3);
    else if (ns < 9950000)
        snprintf(label, STORY_LABEL, "echo in %.1f ms", (double)ns / 1e6);
    else if (ns < 999500000)
        snprintf(label, STORY_LABEL, "echo in %.0f ms", (double)ns / 1e6);
    else
        snprintf(label, STORY_LABEL, "echo in %.1f s", (double)ns / 1e9);
}

static void label_one(char label[STORY_LABEL], const struct connection *c,
                      enum story_state state)
{
    char bytes[16];

    if (state == STORY_UNREAD) /* so all of it is */
        snprintf(label, STORY_LABEL, "%s unread",
                 story_bytes(c->sent, bytes));
    else if (state == STORY_WAITING)
        snprintf(label, STORY_LABEL, "waits: %s",
                 story_bytes(connection_owed(c), bytes));
    else if (state == STORY_QUEUED)
        snprintf(label, STORY_LABEL, "in accept queue");
    else if (state == STORY_IDLE && c->echoes > 0)
        label_time(label, c->echo_ns);
    else if (c->phase == CONNECTION_RESET)
        snprintf(label, STORY_LABEL, "reset");
    else if (c->phase == CONNECTION_REFUSED)
        snprintf(label, STORY_LABEL, "refused");
    else if (state == STORY_ABSENT && c->phase == CONNECTION_COMING)
        snprintf(label, STORY_LABEL, "knocks");
    else
        snprintf(label, STORY_LABEL, "%s",
                 state == STORY_ABSENT ? "" : story_state_name(state));
}

/* "1019 in, 11 turned away" */
static void label_bus(char label[STORY_LABEL], const struct client *client)
{
    size_t counts[STORY_STATES] = {0};
    size_t inside = 0;

    for (size_t i = 0; i < client->n; i++)
        counts[state_of(&client->connections[i])]++;
    for (int state = STORY_IDLE; state <= STORY_STALLED; state++)
        inside += counts[state];
    size_t queued = counts[STORY_QUEUED] + counts[STORY_UNREAD];
    if (counts[STORY_CUT] > 0)
        snprintf(label, STORY_LABEL, "%zu in, %zu cut", inside,
                 counts[STORY_CUT]);
    else if (queued > 0)
        snprintf(label, STORY_LABEL, "%zu in, %zu queued", inside, queued);
    else if (inside > 0)
        snprintf(label, STORY_LABEL, "%zu in", inside);
    else
        snprintf(label, STORY_LABEL, "%zu closed", counts[STORY_CLOSED]);
}

/* A full lane forgets the older half: it has long scrolled away. */
static void push(struct story_lane *lane, uint64_t at_ms,
                 enum story_state state)
{
    if (lane->n == STORY_CHANGES) {
        lane->n /= 2;
        memmove(lane->changes, lane->changes + lane->n,
                lane->n * sizeof(lane->changes[0]));
    }
    lane->changes[lane->n].at_ms = at_ms;
    lane->changes[lane->n++].state = state;
}

static void note_echo(struct story *story, struct story_server *server,
                      int client)
{
    struct story_lane *lane = &server->lanes[client];
    const struct connection *c = server->clients[client].connections;
    char what[STORY_LABEL];

    push(lane, story->clock_ms, STORY_ECHOED);
    lane->state = STORY_ECHOED;
    label_time(what, c->echo_ns);
    story->tell(story, server, client, what);
    if (server->first_echoed == '\0')
        server->first_echoed = (char)('A' + client);
    server->echoed_since |= (scene_set)1 << client;
}

static void refresh_lane(struct story *story, struct story_server *server,
                         int client)
{
    const struct client *who = &server->clients[client];
    struct story_lane *lane = &server->lanes[client];
    enum story_state state = STORY_ABSENT;
    uint64_t echoes = 0;

    for (size_t i = 0; i < who->n; i++) {
        enum story_state one = state_of(&who->connections[i]);
        if (one > state)
            state = one;
        echoes += who->connections[i].echoes;
    }
    if (echoes > lane->echoes && echoes >= who->n)
        note_echo(story, server, client);
    lane->echoes = echoes;
    if (who->n == 1)
        label_one(lane->label, who->connections, state);
    else
        label_bus(lane->label, who);
    if (state == lane->state)
        return;
    bool after_echo = lane->state == STORY_ECHOED;
    lane->state = state;
    push(lane, story->clock_ms, state);
    if (state == STORY_ABSENT || (after_echo && state == STORY_IDLE))
        return;
    story->tell(story, server, client,
                who->n > 1 ? lane->label : story_state_name(state));
}

void story_refresh(struct story *story)
{
    for (size_t i = 0; i < story->nservers; i++)
        for (int client = 0; client < SCENE_CLIENTS; client++)
            if (story->servers[i].clients[client].n > 0)
                refresh_lane(story, &story->servers[i], client);
}

void story_tell_change(const struct story *story,
                       const struct story_server *server,
                       const struct observation *before)
{
    const struct observation *now = &server->now;
    char what[STORY_COUNT];

    if (now->queue != before->queue) {
        snprintf(what, sizeof(what), "accept queue: %u", now->queue);
        story->tell(story, server, -1, what);
    }
    if (now->processes != before->processes ||
        now->tasks != before->tasks || now->zombies != before->zombies) {
        story->tell(story, server, -1, story_count(now, what));
    }
}

enum story_state story_state_at(const struct story_lane *lane,
                                uint64_t from_ms, uint64_t to_ms)
{
    enum story_state state = STORY_ABSENT;
    bool found = false;

    /* From the end: what is drawn is mostly what was last. */
    for (size_t i = lane->n; i-- > 0;) {
        const struct story_change *change = &lane->changes[i];
        if (change->at_ms >= to_ms)
            continue;
        if (change->state == STORY_ECHOED && change->at_ms >= from_ms)
            return STORY_ECHOED;
        if (!found)
            state = change->state == STORY_ECHOED ? STORY_IDLE
                                                  : change->state;
        found = true;
        if (change->at_ms < from_ms)
            break;
    }
    return state;
}

static bool has_work(const struct client *client)
{
    for (size_t i = 0; i < client->n; i++) {
        const struct connection *c = &client->connections[i];
        if (c->fd == -1)
            continue;
        if (!c->seen || (c->accepted && c->unread > 0 && c->reading))
            return true;
    }
    return false;
}

bool story_at_rest(const struct story *story)
{
    for (size_t i = 0; i < story->nservers; i++) {
        const struct story_server *server = &story->servers[i];
        if (server->ended)
            continue;
        if (server->now.running)
            return false;
        for (int client = 0; client < SCENE_CLIENTS; client++)
            if (has_work(&server->clients[client]))
                return false;
    }
    return true;
}

void story_note(struct story *story, const char *format, ...)
{
    size_t filled = strlen(story->note);
    char sentence[STORY_NOTE];
    va_list args;

    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    if (strstr(story->note, sentence) == NULL)
        snprintf(story->note + filled, sizeof(story->note) - filled, "%s%s",
                 filled > 0 ? " " : "", sentence);
}

void story_free_server(struct story_server *server)
{
    for (int client = 0; client < SCENE_CLIENTS; client++)
        clients_free(&server->clients[client]);
    memset(server->lanes, 0, sizeof(server->lanes));
}
