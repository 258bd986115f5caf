#include "demo/servers.h"

#include "common/clock.h"
#include "demo/text.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STOP_MS = 1000, ORPHANS = 1024 };

/* The next of the story's servers. Returns 0, or -1 with error set. */
static int start_one(struct story *story, const struct stage_part *part,
                     int quit_fd, char error[SCENE_ERROR])
{
    const struct stage_order order = {
        .part = part,
        .scene = story->scene,
        .nth = (unsigned)story->nservers,
        .quit_fd = quit_fd,
    };
    struct story_server *server = &story->servers[story->nservers];
    char note[STAGE_NOTE];

    memset(server, 0, sizeof(*server));
    snprintf(server->name, sizeof(server->name), "%s", part->name);
    if (stage_start(&server->process, &order, note) == -1) {
        snprintf(error, SCENE_ERROR, "%s: %s", server->name,
                 server->process.error);
        return -1;
    }
    story->nservers++;
    if (note[0] == '\0')
        return 0;
    story_note(story, "%s", note);
    story->tell(story, server, -1, note);
    return 0;
}

int servers_start(struct story *story, const struct servers_plan *plan,
                  char error[SCENE_ERROR])
{
    char without[STORY_NOTE] = "";
    bool all = true;

    for (size_t i = 0; i < plan->n && (all || !plan->all); i++) {
        if (start_one(story, &plan->parts[i], plan->quit_fd, error) == 0)
            continue;
        text_list(without, sizeof(without), plan->parts[i].name);
        all = false;
    }
    if (story->nservers > 0 && (all || !plan->all)) {
        if (!all)
            story_note(story, "Cannot play this scene: %s.", without);
        return 0;
    }
    servers_stop(story);
    return -1;
}

/* --- names ----------------------------------------------------------- */

static int name_listeners(struct sockets *sockets,
                          const struct server *process)
{
    char name[16] = "listener";

    for (size_t i = 0; i < process->nports; i++) {
        if (process->nports > 1)
            snprintf(name, sizeof(name), "listener %u",
                     (unsigned)i % 100 + 1);
        if (sockets_name_listener(sockets, process->ports[i], name) == -1)
            return -1;
    }
    return 0;
}

static int name_clients(struct sockets *sockets,
                        const struct story_server *server)
{
    char name[16];

    for (int client = 0; client < SCENE_CLIENTS; client++) {
        const struct client *who = &server->clients[client];
        snprintf(name, sizeof(name), "client %c", 'A' + client);
        for (size_t i = 0; i < who->n; i++)
            if (sockets_name_connection(sockets, &who->connections[i],
                                        name) == -1)
                return -1;
    }
    return 0;
}

static int name_all(struct sockets *sockets, const struct story *story)
{
    sockets_forget_names(sockets);
    for (size_t i = 0; i < story->nservers; i++)
        if (name_listeners(sockets, &story->servers[i].process) == -1 ||
            name_clients(sockets, &story->servers[i]) == -1)
            return -1;
    return 0;
}

/* --- looking --------------------------------------------------------- */

/* Goes on to the last n bytes of stderr, or to its beginning where it was
 * emptied. */
static void skip_old_words(struct story_server *server, off_t n)
{
    struct stat file;

    if (fstat(server->process.stderr_fd, &file) == -1)
        return;
    if (file.st_size < server->heard)
        server->heard = 0;
    if (file.st_size - server->heard > n)
        server->heard = file.st_size - n;
}

/* The last whole line that came on stderr since it was last looked at. */
static void listen_to(const struct story *story,
                      struct story_server *server)
{
    char text[1024];

    skip_old_words(server, sizeof(text) - 1);
    size_t n = launcher_read_words(&server->process, server->heard, text,
                                   sizeof(text));
    if (n == 0)
        return;
    char *end = strrchr(text, '\n');
    if (end == NULL && n < sizeof(text) - 1 && !server->ended)
        return; /* the rest of the line is to come */
    server->heard += end == NULL ? (off_t)n : end + 1 - text;
    if (end != NULL)
        *end = '\0';
    const char *start = strrchr(text, '\n');
    snprintf(server->word, sizeof(server->word), "%.*s", STORY_WORD - 1,
             start == NULL ? text : start + 1);
    story->tell(story, server, -1, server->word);
}

static void look_for_death(const struct story *story,
                           struct story_server *server)
{
    int status;

    if (server->ended || !launcher_ended(&server->process, &status))
        return;
    server->ended = true;
    if (WIFSIGNALED(status))
        snprintf(server->fate, sizeof(server->fate), "killed by signal %d",
                 WTERMSIG(status));
    else
        snprintf(server->fate, sizeof(server->fate), "ended with status %d",
                 WEXITSTATUS(status));
    story->tell(story, server, -1, server->fate);
}

static void look_at(struct story *story, struct story_server *server,
                    struct sockets *sockets)
{
    struct observation before = server->now;

    look_for_death(story, server);
    listen_to(story, server);
    launcher_trim(&server->process);
    observe_server(&server->now, server->process.pid, server->process.ports,
                   server->process.nports, sockets);
    if (server->ended)
        server->now.zombies = 0; /* it is ours to reap, at the end */
    story_tell_change(story, server, &before);
    for (int client = 0; client < SCENE_CLIENTS; client++)
        observe_client(&server->clients[client], sockets);
}

static bool is_server(const struct story *story, pid_t pid)
{
    for (size_t i = 0; i < story->nservers; i++)
        if (story->servers[i].process.pid == pid)
            return true;
    return false;
}

static void reap_orphans(const struct story *story)
{
    pid_t pids[ORPHANS];
    size_t n = observe_children(pids, ORPHANS);

    for (size_t i = 0; i < n; i++)
        if (!is_server(story, pids[i]))
            waitpid(pids[i], NULL, WNOHANG);
}

int servers_sample(struct story *story, struct sockets *sockets)
{
    int alive = 0;

    if (name_all(sockets, story) == -1 || sockets_read(sockets) == -1)
        return -1;
    reap_orphans(story);
    for (size_t i = 0; i < story->nservers; i++) {
        look_at(story, &story->servers[i], sockets);
        alive += !story->servers[i].ended;
    }
    return alive;
}

/* --- the end --------------------------------------------------------- */

void servers_stop(struct story *story)
{
    for (size_t i = 0; i < story->nservers; i++) {
        story_free_server(&story->servers[i]);
        if (story->servers[i].process.pid != 0)
            kill(story->servers[i].process.pid, SIGTERM); /* all at once */
    }
    int64_t deadline_ms = clock_now_ms() + STOP_MS; /* of all together */
    for (size_t i = 0; i < story->nservers; i++) {
        int64_t left_ms = deadline_ms - clock_now_ms();
        launcher_wait(&story->servers[i].process,
                      left_ms > 0 ? (int)left_ms : 0, NULL);
    }
    story->nservers = 0;
}

void servers_sweep(void)
{
    pid_t pids[ORPHANS];
    size_t n;

    /* In a loop: when a child is killed, its children become ours. */
    while ((n = observe_children(pids, ORPHANS)) > 0)
        for (size_t i = 0; i < n; i++) {
            kill(pids[i], SIGKILL);
            waitpid(pids[i], NULL, 0);
        }
}
