#include "demo/play.h"

#include "common/clock.h"
#include "demo/draw.h"
#include "demo/playbill.h"
#include "demo/question.h"
#include "demo/record.h"
#include "demo/servers.h"
#include "demo/terminal.h"
#include "demo/text.h"

#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    SAMPLE_MS = 50,   /* between two looks at the servers */
    SHARE = 17,       /* a look may take 1/17, under 6 %, of the time */
    REST_SAMPLES = 3, /* so many looks in a row say "at rest" */
    SETTLE_S = 5,     /* `settle` goes on after that long in any case */
};

static const double SLOWEST = 0.125;
static const double FASTEST = 64;

enum leaving { STAY, NEXT_SCENE, LEAVE };

struct play {
    const struct play_options *options;
    struct scene *scene;
    struct story story;
    struct story_server servers[SCENE_SERVERS];
    struct sockets sockets;
    int reactor;   /* of the clients */
    int signals;   /* a signalfd */
    bool terminal; /* is it drawn on and are keys read? */
    bool unicode;
    bool keys_ended;    /* stdin has */
    bool at_line_start; /* plain: an answer is a line's first character */
    struct screen screen;
    FILE *cast;
    struct trace *trace;
    size_t step;        /* the next one */
    uint64_t due_ms;    /* scene time at which it is due */
    uint64_t settle_ns; /* the end of a `settle`'s patience; 0: none */
    int rests;          /* looks in a row that found all at rest */
    uint64_t start_ns, last_ns, sample_ns;
    double clock_ms; /* scene time, with its fraction */
    enum leaving leaving;
    int status;
};

/* --- plain ----------------------------------------------------------- */

static void tell_plain(const struct story *story,
                       const struct story_server *server, int client,
                       const char *what)
{
    char clean[SCENE_TEXT + STORY_WORD];

    printf("%8.3f s  %-16s %c  %s\n", (double)story->clock_ms / 1000,
           server == NULL ? "" : server->name,
           client == -1 ? ' ' : 'A' + client,
           text_clean(clean, sizeof(clean), what));
}

static void tell_nobody(const struct story *story,
                        const struct story_server *server, int client,
                        const char *what)
{
    (void)story;
    (void)server;
    (void)client;
    (void)what;
}

static void print_picture(struct play *play)
{
    struct screen picture = {0};
    int width, height;

    terminal_size(&width, &height);
    width = width > DRAW_MIN_WIDTH ? width : DRAW_MIN_WIDTH;
    if (screen_resize(&picture, width, draw_height(width, &play->story)) ==
        0) {
        draw_story(&picture, &play->story, play->unicode);
        putchar('\n');
        screen_print(&picture, stdout);
    }
    screen_free(&picture);
}

/* --- drawing --------------------------------------------------------- */

/* A write may fail when the terminal is gone; SIGHUP then ends the play. */
static void write_all(const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, n);
        if (written == -1 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        bytes += written;
        n -= (size_t)written;
    }
}

static void draw(struct play *play)
{
    char *bytes = NULL;
    size_t n = 0;

    if (play->screen.cells == NULL)
        return;
    FILE *memory = open_memstream(&bytes, &n);
    if (memory == NULL)
        return;
    draw_story(&play->screen, &play->story, play->unicode);
    screen_update(&play->screen, memory);
    fclose(memory);
    if (n > 0 && play->terminal)
        write_all(bytes, n);
    if (n > 0 && play->cast != NULL)
        record_event(play->cast, clock_now_ns() - play->start_ns, "o",
                     bytes, n);
    free(bytes);
}

static void take_size(struct play *play)
{
    char size[32];
    int width, height;

    terminal_size(&width, &height);
    if (screen_resize(&play->screen, width, height) == -1)
        return; /* the old size is better than none */
    if (play->cast != NULL) {
        int n = snprintf(size, sizeof(size), "%dx%d", width, height);
        record_event(play->cast, clock_now_ns() - play->start_ns, "r", size,
                     (size_t)n);
    }
}

/* --- what clients do ------------------------------------------------- */

static void act_one(struct play *play, struct story_server *server,
                    int index, const struct scene_step *step)
{
    struct client *client = &server->clients[index];
    const struct server *process = &server->process;

    switch (step->verb) {
    case SCENE_CONNECT:
        if (clients_connect(client, play->reactor, process->host,
                            process->ports[(size_t)index % process->nports],
                            step->count) == -1)
            play->story.tell(&play->story, server, index, strerror(errno));
        break;
    case SCENE_SEND:
        clients_send(client, play->reactor,
                     step->count > 0 ? "abcdefghijklmnopqrstuvwxyz"
                                     : step->text,
                     step->count > 0 ? step->count : strlen(step->text));
        break;
    case SCENE_STALL:
        clients_stall(client, play->reactor);
        break;
    case SCENE_READ:
        clients_read(client, play->reactor);
        break;
    case SCENE_CLOSE:
        clients_close(client, play->reactor);
        break;
    default:
        clients_reset(client);
        break;
    }
}

static void tell_action(const struct play *play,
                        const struct scene_step *step)
{
    static const char *const words[] = {
        "connect", "send", "stop reading", "read again", "close", "reset",
    };
    char names[SCENE_TEXT];
    char bytes[16];
    char what[2 * SCENE_TEXT];
    const char *verb = words[step->verb - SCENE_CONNECT];

    scene_name_set(step->clients, names);
    int n = snprintf(what, sizeof(what), "%s: %s", names, verb);
    if (step->verb == SCENE_SEND)
        snprintf(what + n, sizeof(what) - (size_t)n, " %s",
                 step->count > 0 ? story_bytes(step->count, bytes)
                                 : step->text);
    if (step->verb == SCENE_CONNECT && step->count > 1)
        snprintf(what + n, sizeof(what) - (size_t)n, " %zu times",
                 step->count);
    play->story.tell(&play->story, NULL, -1, what);
}

static void act(struct play *play, const struct scene_step *step)
{
    tell_action(play, step);
    play->story.clients |= step->clients;
    for (size_t i = 0; i < play->story.nservers; i++) {
        if (play->servers[i].ended)
            continue;
        for (int client = 0; client < SCENE_CLIENTS; client++)
            if ((step->clients >> client & 1) != 0)
                act_one(play, &play->servers[i], client, step);
    }
    play->rests = 0;
}

/* --- the scene's steps ----------------------------------------------- */

static void say(struct play *play, const char *text)
{
    play->story.said = text;
    if (play->story.asking == STORY_REVEALED)
        play->story.asking = STORY_NO_QUESTION;
    play->story.tell(&play->story, NULL, -1, text);
}

/* In plain, whose answer is waited for. */
static void prompt(const struct play *play)
{
    char choices[SCENE_TEXT];

    if (play->terminal || !play->story.wants_answer)
        return;
    printf("What will %s do? Type %s: ",
           play->servers[play->story.answering].name,
           question_choices(&play->story, choices));
    fflush(stdout);
}

static void ask(struct play *play, const struct scene_step *step)
{
    question_ask(&play->story, step);
    play->story.tell(&play->story, NULL, -1, step->text);
    play->story.wants_answer = play->options->predict && !play->keys_ended;
    play->at_line_start = true;
    prompt(play);
}

/* A line a task; a pool's idle ones share one. */
static void tell_tasks(const struct story *story,
                       const struct story_server *server)
{
    char what[OBSERVE_CALL + 64];

    for (size_t i = 0; i < server->now.nshown; i++) {
        const struct observe_task *task = &server->now.shown[i];
        const char *kind = task->tid == task->pid ? "pid" : "thread";
        size_t same = observe_count_same(&server->now, i);
        int n = snprintf(what, sizeof(what), "%s %d: %s", kind, task->tid,
                         task->call);
        if (same > 1)
            snprintf(what + n, sizeof(what) - (size_t)n,
                     ", and %zu more in the same", same - 1);
        if (same > 0)
            story->tell(story, server, -1, what);
    }
}

static void reveal(struct play *play)
{
    const struct story *story = &play->story;
    char truth[QUESTION_WORDS];
    char guess[QUESTION_WORDS];
    char what[4 * QUESTION_WORDS];

    question_reveal(&play->story);
    for (size_t i = 0; i < story->nservers; i++) {
        const struct story_server *server = &story->servers[i];
        const struct story_answer *answer = &server->answer;
        int n = snprintf(
            what, sizeof(what), "answer: %s",
            question_words(story->question, answer->truth, truth));
        if (answer->guess != '\0')
            snprintf(what + n, sizeof(what) - (size_t)n, " (you: %s, %s)",
                     question_words(story->question, answer->guess, guess),
                     answer->guess == answer->truth ? "right" : "wrong");
        story->tell(story, server, -1, what);
        tell_tasks(story, server);
    }
}

static void perform(struct play *play, const struct scene_step *step)
{
    switch (step->verb) {
    case SCENE_SAY:
        say(play, step->text);
        break;
    case SCENE_WAIT:
        play->due_ms += step->ns / NS_PER_MS;
        break;
    case SCENE_SETTLE:
        play->settle_ns = clock_now_ns() + SETTLE_S * NS_PER_S;
        play->rests = 0;
        break;
    case SCENE_ASK:
        ask(play, step);
        break;
    case SCENE_REVEAL:
        reveal(play);
        break;
    default:
        act(play, step);
        break;
    }
}

static bool is_halted(const struct play *play)
{
    return play->story.paused || play->story.wants_answer;
}

static void run_steps(struct play *play)
{
    struct story *story = &play->story;

    while (!is_halted(play) && !story->over) {
        if (play->settle_ns != 0) {
            if (play->rests < REST_SAMPLES &&
                clock_now_ns() < play->settle_ns)
                return;
            play->settle_ns = 0;
            play->due_ms = story->clock_ms;
        }
        if (story->clock_ms < play->due_ms)
            return;
        if (play->step == play->scene->nsteps) {
            story->over = true;
            return;
        }
        perform(play, &play->scene->steps[play->step++]);
    }
}

static void advance_clock(struct play *play)
{
    uint64_t now = clock_now_ns();

    if (!is_halted(play))
        play->clock_ms += (double)(now - play->last_ns) / 1e6 *
                          play->story.speed;
    play->story.clock_ms = (uint64_t)play->clock_ms;
    play->last_ns = now;
}

/* --- keys ------------------------------------------------------------ */

static void answer(struct play *play, char key)
{
    struct story *story = &play->story;
    bool first = play->at_line_start;

    play->at_line_start = play->terminal || key == '\n';
    if (!first || key == '\n')
        return;
    char taken = question_read(story, key);
    if (taken != '\0')
        question_answer(story, taken);
    if (story->answering == story->nservers)
        story->wants_answer = false;
    prompt(play);
}

static bool any_stalls(const struct play *play)
{
    for (size_t i = 0; i < play->story.nservers; i++)
        for (int client = 0; client < SCENE_CLIENTS; client++) {
            const struct client *who = &play->servers[i].clients[client];
            if ((play->story.chosen >> client & 1) != 0 && who->n > 0 &&
                !who->connections[0].reading)
                return true;
        }
    return false;
}

static void improvise(struct play *play, char key)
{
    struct scene_step step = {.clients = play->story.chosen};

    switch (key) {
    case 'c':
        step.verb = SCENE_CONNECT;
        step.count = 1;
        break;
    case 's':
        step.verb = SCENE_SEND;
        snprintf(step.text, sizeof(step.text), "hello");
        break;
    case 't':
        step.verb = any_stalls(play) ? SCENE_READ : SCENE_STALL;
        break;
    case 'x':
        step.verb = SCENE_CLOSE;
        break;
    case 'r':
        step.verb = SCENE_RESET;
        break;
    default:
        return;
    }
    act(play, &step);
}

static void take_key(struct play *play, char key)
{
    struct story *story = &play->story;

    if (story->wants_answer && question_read(story, key) != '\0') {
        answer(play, key);
    } else if (key >= 'A' && key <= 'Z') {
        story->chosen = (scene_set)1 << (key - 'A');
    } else if (key == '*') {
        story->chosen = story->clients;
    } else if (key == ' ') {
        story->paused = !story->paused;
    } else if ((key == '+' || key == '=') && story->speed < FASTEST) {
        story->speed *= 2;
    } else if (key == '-' && story->speed > SLOWEST) {
        story->speed /= 2;
    } else if (key == '?' || key == 'h') {
        story->help = !story->help;
    } else if (key == 'n') {
        if (play->leaving == STAY) /* a q or a signal may be before it */
            play->leaving = NEXT_SCENE;
    } else if (key == 'q') {
        play->leaving = LEAVE;
    } else {
        improvise(play, key);
    }
}

static void take_keys(struct play *play)
{
    char keys[64];
    /* Plain reads a byte at a time: the next line is the next answer. */
    ssize_t n = read(STDIN_FILENO, keys, play->terminal ? sizeof(keys) : 1);

    if (n == -1 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n <= 0) {
        play->keys_ended = true;
        play->story.wants_answer = false;
        if (play->terminal)
            play->leaving = LEAVE;
        return;
    }
    if (n > 1 && keys[0] == '\033')
        return; /* an arrow or a function key: none of ours */
    for (ssize_t i = 0; i < n; i++)
        if (play->terminal)
            take_key(play, keys[i]);
        else
            answer(play, keys[i]);
    draw(play);
}

static void take_signals(struct play *play)
{
    struct signalfd_siginfo info;

    while (read(play->signals, &info, sizeof(info)) == sizeof(info))
        if (info.ssi_signo != SIGWINCH)
            play->leaving = LEAVE;
        else if (play->terminal)
            take_size(play);
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
    play->rests = story_at_rest(&play->story) ? play->rests + 1 : 0;
    if (play->trace != NULL)
        trace_sample(play->trace, &play->story,
                     clock_now_ns() - play->start_ns);
    draw(play);
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
    double left_ms = play->sample_ns <= now
                         ? 0
                         : (double)(play->sample_ns - now) / 1e6;
    double step_ms = ((double)play->due_ms - play->clock_ms) /
                     play->story.speed;

    if (!is_halted(play) && !play->story.over && play->settle_ns == 0 &&
        step_ms < left_ms)
        left_ms = step_ms;
    return left_ms > 0 ? (int)left_ms + 1 : 0;
}

static void wait_for_something(struct play *play)
{
    bool keys = !play->keys_ended &&
                (play->terminal || play->story.wants_answer);
    struct pollfd sources[] = {
        {.fd = play->reactor, .events = POLLIN},
        {.fd = play->signals, .events = POLLIN},
        {.fd = keys ? STDIN_FILENO : -1, .events = POLLIN},
    };

    if (poll(sources, 3, wait_ms(play)) <= 0)
        return;
    if (sources[1].revents != 0)
        take_signals(play);
    if (sources[2].revents != 0)
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
    if (errno != EPIPE) {
        fprintf(stderr, "demo: standard output: %s\n", strerror(errno));
        play->status = EXIT_FAILURE;
    }
    return true;
}

static void run(struct play *play)
{
    play->last_ns = clock_now_ns();
    play->sample_ns = 0;
    while (play->leaving == STAY) {
        advance_clock(play);
        story_refresh(&play->story);
        run_steps(play);
        if (clock_now_ns() >= play->sample_ns)
            sample(play);
        if ((!play->terminal && lose_output(play)) ||
            (play->story.over && !play->terminal))
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
        .scene = play->scene,
        .servers = play->servers,
        .clients = play->scene->clients,
        .chosen = play->scene->clients,
        .speed = speed,
        .right = right,
        .answered = answered,
        .said = play->scene->title,
        .tell = play->options->plain ? tell_plain : tell_nobody,
    };
    playbill_name(story->scene_name, name);
    play->step = 0;
    play->due_ms = play->settle_ns = 0;
    play->clock_ms = 0;
    play->rests = 0;
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

/* Returns 0, or -1 with a message on stderr. */
static int play_scene(struct play *play, const char *name)
{
    struct stage_part parts[SCENE_SERVERS];
    char error[SCENE_ERROR];
    char clean[SCENE_ERROR];
    int width = play->screen.width;
    size_t room = SCENE_SERVERS;

    if (playbill_load(play->scene, name, error) == -1)
        goto fail;
    begin(play, name);
    if (play->screen.cells != NULL)
        room = draw_room(width, play->screen.height, play->scene->clients);
    play->story.nservers = playbill_cast(play->options, play->scene, room,
                                         parts, error);
    if (play->story.nservers == 0 ||
        servers_start(&play->story, parts, error) == -1)
        goto fail;
    play->story.tell(&play->story, NULL, -1, play->scene->title);
    run(play);
    if (play->options->plain)
        print_picture(play);
    if (play->status != EXIT_SUCCESS)
        report_deaths(play);
    if (play->trace != NULL)
        trace_flush(play->trace, clock_now_ns() - play->start_ns);
    servers_stop(&play->story);
    return 0;

fail:
    terminal_leave();
    fprintf(stderr, "demo: %s\n", text_clean(clean, sizeof(clean), error));
    return -1;
}

static int open_files(struct play *play)
{
    const struct play_options *options = play->options;

    play->start_ns = clock_now_ns();
    if (play->terminal || options->record != NULL)
        take_size(play);
    if (options->record != NULL) {
        play->cast = record_open(options->record, play->screen.width,
                                 play->screen.height, "the live demo");
        if (play->cast == NULL) {
            fprintf(stderr, "demo: --record %s: %s\n", options->record,
                    strerror(errno));
            return -1;
        }
    }
    if (options->trace != NULL) {
        play->trace = trace_open(options->trace);
        if (play->trace == NULL) {
            fprintf(stderr, "demo: --trace %s: %s\n", options->trace,
                    strerror(errno));
            return -1;
        }
    }
    return 0;
}

static int open_sources(struct play *play)
{
    sigset_t ours;

    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGQUIT);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGHUP);
    sigaddset(&ours, SIGWINCH);
    sigprocmask(SIG_BLOCK, &ours, NULL);
    signal(SIGPIPE, SIG_IGN); /* a reader that leaves: write() says so */
    play->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    play->reactor = clients_open();
    /* What a server orphans becomes our child: to be seen and ended. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (play->signals != -1 && play->reactor != -1)
        return 0;
    fprintf(stderr, "demo: cannot start: %s\n", strerror(errno));
    return -1;
}

static int take_terminal(struct play *play)
{
    if (!play->terminal || terminal_enter() == 0)
        return 0;
    fprintf(stderr, "demo: the terminal: %s\n", strerror(errno));
    return -1;
}

static void close_all(struct play *play)
{
    const struct play_options *options = play->options;

    terminal_leave();
    servers_sweep();
    if (play->cast != NULL && fclose(play->cast) == EOF) {
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
    if (play->reactor > 0)
        close(play->reactor);
    if (play->signals > 0)
        close(play->signals);
    screen_free(&play->screen);
    sockets_free(&play->sockets);
    free(play->scene);
}

static void play_all(struct play *play)
{
    char name[SCENE_FILE_NAME];

    snprintf(name, sizeof(name), "%s", play->options->scene);
    do {
        if (play_scene(play, name) == -1) {
            play->status = EXIT_FAILURE;
            return;
        }
        if (play->scene->next[0] != '\0')
            snprintf(name, sizeof(name), "%s", play->scene->next);
    } while (play->leaving == NEXT_SCENE);
}

int play(const struct play_options *options)
{
    static struct play play; /* large, and one */

    play.options = options;
    play.terminal = !options->plain;
    play.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    play.story.speed = options->speed;
    const char *no_color = getenv("NO_COLOR");
    play.screen.colours = no_color == NULL || *no_color == '\0';
    play.scene = calloc(1, sizeof(*play.scene));
    if (play.scene == NULL || open_sources(&play) == -1 ||
        open_files(&play) == -1 || take_terminal(&play) == -1)
        play.status = EXIT_FAILURE;
    else
        play_all(&play);
    unsigned answered = play.story.answered;
    unsigned right = play.story.right;
    close_all(&play);
    if (answered > 0)
        printf("Score: %u of %u predictions right.\n", right, answered);
    return play.status;
}
