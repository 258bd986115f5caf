#include "demo/play.h"

#include "common/clock.h"
#include "demo/draw.h"
#include "demo/output.h"
#include "demo/playbill.h"
#include "demo/question.h"
#include "demo/record.h"
#include "demo/script.h"
#include "demo/servers.h"
#include "demo/signals.h"
#include "demo/terminal.h"
#include "demo/text.h"

#include <ctype.h>
#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
    SAMPLE_MS = 50,    /* between two looks at the servers */
    SHARE = 17,        /* a look may take 1/17, under 6 %, of the time */
    MOST_SKIPPED = 32, /* scenes in a row that no server can play */
};

static const double SLOWEST = 0.125;
static const double FASTEST = 64;

enum leaving { STAY, NEXT_SCENE, LEAVE };

struct play {
    const struct play_options *options;
    struct scene scene;
    struct story story;
    struct story_server servers[SCENE_SERVERS];
    struct sockets sockets;
    struct script script;
    struct output output;
    struct trace *trace;
    bool files_open;
    int reactor;        /* of the clients */
    int signals;        /* readable: we were told to leave */
    bool keys_ended;    /* stdin has */
    bool at_line_start; /* plain: an answer is a line's first character */
    uint64_t start_ns, sample_ns;
    enum leaving leaving;
    int status;
};

/* --- keys ------------------------------------------------------------ */

/* Without a screen, a line names the server that is asked about. */
static void prompt(const struct play *play)
{
    char text[QUESTION_PROMPT];

    if (play->output.terminal || !play->story.wants_answer)
        return;
    fputs(question_prompt(&play->story, text), stdout);
    fflush(stdout);
}

static void answer(struct play *play, char key)
{
    question_take(&play->story, key);
    prompt(play);
}

/* The first character of a line is the answer. */
static void answer_plainly(struct play *play, char key)
{
    bool first = play->at_line_start;

    play->at_line_start = key == '\n';
    if (first && key != '\n')
        answer(play, key);
}

/* What can be done at any time. Returns false: it is another key. */
static bool take_command(struct play *play, char key)
{
    struct story *story = &play->story;

    if (key == ' ')
        story->paused = !story->paused;
    else if ((key == '+' || key == '=') && story->speed < FASTEST)
        story->speed *= 2;
    else if (key == '-' && story->speed > SLOWEST)
        story->speed /= 2;
    else if (key == '?' || key == 'h')
        story->help = !story->help;
    else if (key == 'q')
        play->leaving = LEAVE;
    else if (key == 'n' && play->leaving == STAY) /* no q before it */
        play->leaving = NEXT_SCENE;
    else
        return false;
    return true;
}

static void take_key(struct play *play, char key)
{
    struct story *story = &play->story;
    bool asked = story->wants_answer;
    bool answers = asked && question_read(story, key) != '\0';

    if (iscntrl((unsigned char)key))
        return; /* as Enter, behind an answer */
    if (!answers && take_command(play, key))
        return;
    if (asked)
        answer(play, key); /* or be told what is accepted */
    else if (key >= 'A' && key <= 'Z')
        story->chosen = (scene_set)1 << (key - 'A');
    else if (key == '*')
        story->chosen = story->clients;
    else
        script_improvise(&play->script, key);
}

static void take_keys(struct play *play)
{
    bool terminal = play->output.terminal;
    char keys[64];
    /* Plain reads a byte at a time: the next line is the next answer. */
    ssize_t n = read(STDIN_FILENO, keys, terminal ? sizeof(keys) : 1);

    if (n == -1 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        play->keys_ended = true;
        play->script.predict = play->story.wants_answer = false;
        if (terminal)
            play->leaving = LEAVE;
        return;
    }
    if (n > 1 && keys[0] == '\033')
        return; /* an arrow or a function key: none of ours */
    for (ssize_t i = 0; i < n; i++)
        if (terminal)
            take_key(play, keys[i]);
        else
            answer_plainly(play, keys[i]);
    output_draw(&play->output, &play->story);
}

/* --- the loop -------------------------------------------------------- */

static void sample(struct play *play)
{
    uint64_t before_ns = clock_thread_cpu().total_ns;
    int alive = servers_sample(&play->story, &play->sockets);

    if (alive == -1)
        fprintf(stderr, "demo: cannot look at the servers: %s\n",
                strerror(errno));
    if (alive <= 0) {
        play->leaving = LEAVE;
        play->status = EXIT_FAILURE;
    }
    story_refresh(&play->story);
    script_note_look(&play->script);
    if (play->trace != NULL)
        trace_sample(play->trace, &play->story,
                     clock_now_ns() - play->start_ns);
    output_draw(&play->output, &play->story);
    uint64_t cost_ns = clock_thread_cpu().total_ns - before_ns;
    uint64_t pause_ns = SAMPLE_MS * NS_PER_MS;
    if (pause_ns < cost_ns * SHARE)
        pause_ns = cost_ns * SHARE;
    play->sample_ns = clock_now_ns() + pause_ns;
}

/* Until the next sample or step, at most. */
static int wait_ms(const struct play *play)
{
    uint64_t now = clock_now_ns();
    double sample_ms = play->sample_ns <= now
                           ? 0
                           : (double)(play->sample_ns - now) / 1e6;
    double left_ms = script_left_ms(&play->script, sample_ms);

    return left_ms > 0 ? (int)left_ms + 1 : 0;
}

static void wait_for_something(struct play *play)
{
    bool keys = !play->keys_ended &&
                (play->output.terminal || play->story.wants_answer);
    struct pollfd sources[] = {
        {.fd = play->reactor, .events = POLLIN},
        {.fd = keys ? STDIN_FILENO : -1, .events = POLLIN},
        {.fd = play->signals, .events = POLLIN},
    };

    if (poll(sources, 3, wait_ms(play)) <= 0)
        return;
    if (sources[1].revents != 0)
        take_keys(play);
    if (sources[0].revents != 0)
        clients_pump(play->reactor);
}

/* Can plain output not be written? A reader that leaves, as head(1) does,
 * has seen enough; a full disk is an error. */
static bool lose_output(struct play *play)
{
    if (fflush(stdout) != EOF)
        return false;
    if (errno != EPIPE && !signals_told()) {
        fprintf(stderr, "demo: standard output: %s\n", strerror(errno));
        play->status = EXIT_FAILURE;
    }
    return true;
}

static void run(struct play *play)
{
    bool terminal = play->output.terminal;

    play->sample_ns = 0;
    while (play->leaving == STAY && !signals_told()) {
        bool asked = play->story.wants_answer;
        if (signals_resized() && terminal)
            output_resize(&play->output);
        script_advance(&play->script);
        if (play->story.wants_answer && !asked) {
            play->at_line_start = true;
            prompt(play);
        }
        if (clock_now_ns() >= play->sample_ns)
            sample(play);
        if (!terminal && (lose_output(play) || play->story.over))
            play->leaving = LEAVE;
        else
            wait_for_something(play);
    }
}

/* --- a scene from its beginning to its end --------------------------- */

static void begin(struct play *play, const char *name)
{
    struct story *story = &play->story;
    double speed = story->speed;
    unsigned right = story->right;
    unsigned answered = story->answered;

    *story = (struct story){
        .scene = &play->scene,
        .servers = play->servers,
        .clients = play->scene.clients,
        .chosen = play->scene.clients,
        .speed = speed,
        .right = right,
        .answered = answered,
        .said = play->scene.title,
        .tell = play->options->plain ? output_tell : output_tell_nobody,
    };
    playbill_name(story->scene_name, name);
    play->leaving = STAY;
}

static void report_deaths(const struct play *play)
{
    char clean[STORY_WORD];

    terminal_leave();
    for (size_t i = 0; i < play->story.nservers; i++) {
        const struct story_server *server = &play->servers[i];
        if (server->ended)
            fprintf(stderr, "demo: %s: %s%s%s\n", server->name,
                    server->fate, server->word[0] != '\0' ? ": " : "",
                    text_clean(clean, sizeof(clean), server->word));
    }
}

/* Called when the first scene can be played, so that a mistake before does
 * not destroy an older recording. Returns 0, or -1 with error set. */
static int open_files(struct play *play, char error[SCENE_ERROR])
{
    const struct play_options *options = play->options;

    if (play->files_open)
        return 0;
    play->files_open = true;
    play->start_ns = clock_now_ns();
    if (options->record != NULL &&
        output_record(&play->output, options->record) == -1) {
        snprintf(error, SCENE_ERROR, "--record %s: %s", options->record,
                 strerror(errno));
        return -1;
    }
    if (options->trace == NULL)
        return 0;
    play->trace = trace_open(options->trace);
    if (play->trace == NULL)
        snprintf(error, SCENE_ERROR, "--trace %s: %s", options->trace,
                 strerror(errno));
    return play->trace == NULL ? -1 : 0;
}

static size_t room_for(const struct play *play)
{
    const struct screen *screen = &play->output.screen;

    return screen->cells == NULL ? SCENE_SERVERS
                                 : draw_room(screen->width, screen->height,
                                             play->scene.clients);
}

/*
 * Puts the servers on the stage.
 *
 * all      false: a server that can't play this scene is left out
 * Returns  0, or -1 with error set.
 */
static int raise_curtain(struct play *play, bool all,
                         char error[SCENE_ERROR])
{
    struct stage_part parts[SCENE_SERVERS];
    const struct servers_plan plan = {
        .parts = parts,
        .n = playbill_cast(play->options, &play->scene, room_for(play),
                           parts, error),
        .all = all,
        .quit_fd = play->signals,
    };

    /* Waits up to ten seconds for a slow server. */
    play->story.said = "The servers are being started ...";
    output_draw(&play->output, &play->story);
    play->story.said = play->scene.title;
    if (plan.n == 0 || servers_start(&play->story, &plan, error) == -1)
        return -1;
    if (open_files(play, error) == 0)
        return 0;
    servers_stop(&play->story);
    return -1;
}

static void play_scene(struct play *play)
{
    script_begin(&play->script, &play->story, play->reactor,
                 play->options->predict && !play->keys_ended);
    run(play);
    if (play->options->plain)
        output_print(&play->output, &play->story);
    if (play->status != EXIT_SUCCESS)
        report_deaths(play);
    if (play->trace != NULL)
        trace_flush(play->trace, clock_now_ns() - play->start_ns);
    servers_stop(&play->story);
}

static void fail(struct play *play, const char *error)
{
    char clean[SCENE_ERROR];

    play->status = EXIT_FAILURE;
    terminal_leave();
    fprintf(stderr, "demo: %s\n", text_clean(clean, sizeof(clean), error));
}

/*
 * The user asked for the first scene: every server must be able to play
 * it. A later scene, which `n` goes on to, leaves out the servers that
 * can't play it, and is skipped when none can.
 *
 * Returns  0, or -1 with error set.
 */
static int play_all(struct play *play, char error[SCENE_ERROR])
{
    const char *name = play->options->scene;
    char next[SCENE_NAME];
    char skipped[STORY_NOTE] = "";
    int nskipped = 0;

    for (bool first = true;; first = false) {
        begin(play, name);
        if (nskipped > 0)
            story_note(&play->story,
                       "Skipped, nobody here can play it: %s.", skipped);
        if (raise_curtain(play, first, error) == 0) {
            play_scene(play);
            if (play->leaving != NEXT_SCENE)
                return 0;
            skipped[0] = '\0';
            nskipped = 0;
        } else if (first || ++nskipped > MOST_SKIPPED || signals_told()) {
            return -1;
        } else {
            text_list(skipped, sizeof(skipped), play->story.scene_name);
        }
        if (play->scene.next[0] == '\0')
            continue; /* the same once more */
        snprintf(next, sizeof(next), "%s", play->scene.next);
        name = next;
        if (playbill_load(&play->scene, name, error) == -1)
            return -1;
    }
}

static int open_sources(struct play *play)
{
    play->signals = signals_take();
    play->reactor = clients_open();
    /* Orphans of a server become our children, so that we can see and end
     * them. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (play->signals != -1 && play->reactor != -1)
        return 0;
    fprintf(stderr, "demo: cannot start: %s\n", strerror(errno));
    return -1;
}

static int take_terminal(struct play *play)
{
    if (play->output.terminal || play->options->record != NULL)
        output_resize(&play->output);
    if (!play->output.terminal || terminal_enter() == 0)
        return 0;
    fprintf(stderr, "demo: the terminal: %s\n", strerror(errno));
    return -1;
}

static void close_all(struct play *play)
{
    const struct play_options *options = play->options;

    terminal_leave();
    servers_sweep();
    if (output_close(&play->output) == -1) {
        fprintf(stderr, "demo: --record %s: %s\n", options->record,
                strerror(errno));
        play->status = EXIT_FAILURE;
    }
    if (play->trace != NULL &&
        trace_close(play->trace, clock_now_ns() - play->start_ns) == -1) {
        fprintf(stderr, "demo: --trace %s: %s\n", options->trace,
                strerror(errno));
        play->status = EXIT_FAILURE;
    }
    close(play->reactor);
    sockets_free(&play->sockets);
}

int play(const struct play_options *options)
{
    static struct play play; /* large, and one */
    char error[SCENE_ERROR];

    play.options = options;
    play.output.terminal = !options->plain;
    play.output.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    const char *no_color = getenv("NO_COLOR");
    play.output.screen.colours = no_color == NULL || *no_color == '\0';
    play.story.speed = options->speed;
    /* Before we take signals: Ctrl-C must end a demo that reads a pipe. */
    if (playbill_load(&play.scene, options->scene, error) == -1) {
        fail(&play, error);
        return play.status;
    }
    if (open_sources(&play) == -1 || take_terminal(&play) == -1)
        play.status = EXIT_FAILURE;
    else if (play_all(&play, error) == -1 && !signals_told())
        fail(&play, error);
    close_all(&play);
    if (play.story.answered > 0)
        printf("Score: %u of %u predictions right.\n", play.story.right,
               play.story.answered);
    return play.status;
}
