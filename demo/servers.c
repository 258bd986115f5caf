#include "demo/servers.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STOP_MS = 1000, ORPHANS = 1024 };

int servers_start(struct story *story, const struct stage_part *parts,
                  char error[SCENE_ERROR])
{
    size_t wanted = story->nservers;
    char note[STAGE_NOTE];

    for (size_t i = 0; i < wanted; i++) {
        struct story_server *server = &story->servers[i];
        memset(server, 0, sizeof(*server));
        strcpy(server->name, parts[i].name);
        if (stage_start(&server->process, &parts[i], story->scene,
                        (unsigned)i, note) == -1) {
            snprintf(error, SCENE_ERROR, "%s: %s", server->name,
                     server->process.error);
            story->nservers = i;
            servers_stop(story);
            return -1;
        }
        if (note[0] != '\0')
            story->tell(story, server, -1, note);
    }
    return 0;
}

/* --- names -------------------------------------------------------------- */

static struct observe_name *add_name(struct servers_eye *eye)
{
    size_t n = eye->sockets.nnames;

    if (n == eye->capacity) {
        size_t capacity = n > 0 ? 2 * n : 64;
        struct observe_name *names =
            realloc(eye->names, capacity * sizeof(*names));
        if (names == NULL)
            return NULL;
        eye->names = names;
        eye->capacity = capacity;
    }
    eye->sockets.nnames++;
    return &eye->names[n];
}

static int name_listeners(struct servers_eye *eye,
                          const struct server *process)
{
    for (size_t i = 0; i < process->nports; i++) {
        struct observe_name *name = add_name(eye);
        if (name == NULL)
            return -1;
        name->local = process->ports[i];
        name->remote = 0;
        if (process->nports == 1)
            strcpy(name->text, "listener");
        else
            snprintf(name->text, sizeof(name->text), "listener %u",
                     (unsigned)i % 100 + 1);
    }
    return 0;
}

static int name_client(struct servers_eye *eye, const struct client *client,
                       char letter)
{
    for (size_t i = 0; i < client->n; i++) {
        struct observe_name *name = add_name(eye);
        if (name == NULL)
            return -1;
        name->local = client->connections[i].server_port;
        name->remote = client->connections[i].port;
        snprintf(name->text, sizeof(name->text), "client %c", letter);
    }
    return 0;
}

static int name_all(struct servers_eye *eye, const struct story *story)
{
    eye->sockets.nnames = 0;
    for (size_t i = 0; i < story->nservers; i++) {
        const struct story_server *server = &story->servers[i];
        if (name_listeners(eye, &server->process) == -1)
            return -1;
        for (int client = 0; client < SCENE_CLIENTS; client++)
            if (name_client(eye, &server->clients[client],
                            (char)('A' + client)) == -1)
                return -1;
    }
    eye->sockets.names = eye->names;
    observe_sort_names(eye->names, eye->sockets.nnames);
    return 0;
}

/* --- looking ------------------------------------------------------------ */

/* The last whole line that came on stderr since it was last looked at. */
static void listen_to(const struct story *story, struct story_server *server)
{
    char text[1024];
    ssize_t n = pread(server->process.stderr_fd, text, sizeof(text) - 1,
                      server->heard);

    if (n <= 0)
        return;
    text[n] = '\0';
    char *end = strrchr(text, '\n');
    if (end == NULL && n < (ssize_t)sizeof(text) - 1)
        return; /* the rest of the line is to come */
    server->heard += end == NULL ? n : end + 1 - text;
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
                    struct servers_eye *eye)
{
    struct observation before = server->now;

    look_for_death(story, server);
    listen_to(story, server);
    observe_server(&server->now, server->process.pid, server->process.ports,
                   server->process.nports, &eye->sockets);
    if (server->ended)
        server->now.zombies = 0; /* it is ours to reap, at the end */
    story_tell_change(story, server, &before);
    for (int client = 0; client < SCENE_CLIENTS; client++)
        observe_client(&server->clients[client], &eye->sockets);
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

int servers_sample(struct story *story, struct servers_eye *eye)
{
    uint16_t ports[SCENE_SERVERS * MAX_PORTS];
    size_t nports = 0;
    int alive = 0;

    for (size_t i = 0; i < story->nservers; i++) {
        const struct server *process = &story->servers[i].process;
        for (size_t k = 0; k < process->nports; k++)
            ports[nports++] = process->ports[k];
    }
    if (name_all(eye, story) == -1 ||
        observe_read_sockets(&eye->sockets, ports, nports) == -1)
        return -1;
    reap_orphans(story);
    for (size_t i = 0; i < story->nservers; i++) {
        look_at(story, &story->servers[i], eye);
        alive += !story->servers[i].ended;
    }
    return alive;
}

/* --- the end ------------------------------------------------------------ */

void servers_stop(struct story *story)
{
    for (size_t i = 0; i < story->nservers; i++) {
        story_free_server(&story->servers[i]);
        if (story->servers[i].process.pid != 0)
            kill(story->servers[i].process.pid, SIGTERM); /* all at once */
    }
    for (size_t i = 0; i < story->nservers; i++)
        launcher_stop(&story->servers[i].process, STOP_MS, NULL);
    story->nservers = 0;
}

void servers_sweep(void)
{
    pid_t pids[ORPHANS];
    size_t n;

    /* Again and again: a child's children become ours when it is killed. */
    while ((n = observe_children(pids, ORPHANS)) > 0)
        for (size_t i = 0; i < n; i++) {
            kill(pids[i], SIGKILL);
            waitpid(pids[i], NULL, 0);
        }
}

void servers_free_eye(struct servers_eye *eye)
{
    observe_free(&eye->sockets);
    free(eye->names);
    eye->names = NULL;
    eye->capacity = 0;
}
