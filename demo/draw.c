#include "demo/draw.h"

#include "demo/question.h"
#include "demo/text.h"

#include <stdio.h>
#include <string.h>

enum {
    PANEL_WIDTH = 38, /* the least: name, 19 columns of time, label */
    GAP = 2,          /* between panels */
    ABOVE = 4,        /* top line, two of what is said, an empty one */
    BELOW = 2,        /* legend, keys */
    LABEL_WIDTH = 15,
    FRAME = 2,       /* title and summary of a panel */
    WIDE_KEYS = 100, /* columns that allow two blanks between keys */
    STEP_MS = 120,   /* a column of a lane stands for this, at first */
    LONGEST_STEP_MS = 1920, /* and for this at most; then lanes scroll */
};

struct grid {
    int columns, rows;
    int width, height; /* of a panel */
};

static const struct {
    wchar_t unicode, ascii;
    enum screen_style style;
    const char *meaning;
} looks[STORY_STATES] = {
    [STORY_ABSENT] = {L' ', L' ', SCREEN_PLAIN, NULL},
    [STORY_CLOSED] = {L' ', L' ', SCREEN_DIM, NULL},
    [STORY_IDLE] = {L'─', L'-', SCREEN_DIM, "idle"},
    [STORY_ECHOED] = {L'●', L'O', SCREEN_GOOD, "echoed"},
    [STORY_WAITING] = {L'═', L'=', SCREEN_WAITING, "waits"},
    [STORY_STALLED] = {L'≈', L'~', SCREEN_WAITING, "stalls"},
    [STORY_QUEUED] = {L'░', L'.', SCREEN_QUEUED, "in queue"},
    [STORY_UNREAD] = {L'▓', L'#', SCREEN_UNREAD, "unread"},
    [STORY_CUT] = {L'×', L'x', SCREEN_BAD, "turned away"},
    [STORY_WRONG] = {L'!', L'!', SCREEN_BAD, "wrong"},
};

wchar_t draw_glyph(enum story_state state, bool unicode)
{
    return unicode ? looks[state].unicode : looks[state].ascii;
}

static int count(scene_set set)
{
    return __builtin_popcount(set);
}

static int at_least(int a, int b)
{
    return a > b ? a : b;
}

static int at_most(int a, int b)
{
    return a < b ? a : b;
}

static int most_columns(int width)
{
    return at_least(1, (width + GAP) / (PANEL_WIDTH + GAP));
}

size_t draw_room(int width, int height, scene_set clients)
{
    int tasks = at_most(count(clients) + 1, 5);
    int panel = FRAME + count(clients) + tasks;
    int rows = at_least(1, (height - ABOVE - BELOW) / panel);

    return (size_t)most_columns(width) * (size_t)rows;
}

static struct grid make_grid(int width, int height, int panels)
{
    struct grid grid;
    int area = height - ABOVE - BELOW;

    panels = at_least(panels, 1);
    grid.columns = at_most(most_columns(width), panels);
    grid.rows = (panels + grid.columns - 1) / grid.columns;
    grid.rows = at_least(1, at_most(grid.rows, area / (FRAME + 2)));
    grid.columns = at_most(grid.columns,
                           (panels + grid.rows - 1) / grid.rows);
    grid.width = (width - (grid.columns - 1) * GAP) / grid.columns;
    grid.height = area / grid.rows;
    return grid;
}

int draw_height(int width, const struct story *story)
{
    int columns = most_columns(width);
    int rows = ((int)story->nservers + columns - 1) / columns;
    int tasks = 1;

    for (size_t i = 0; i < story->nservers; i++)
        tasks = at_least(tasks, at_most((int)story->servers[i].now.tasks,
                                        SCENE_CLIENTS + 1));
    int panel = FRAME + count(story->clients) + tasks + 1;
    return at_least(DRAW_MIN_HEIGHT, ABOVE + BELOW + rows * panel);
}

/* --- above and below ------------------------------------------------- */

static void draw_top(struct screen *screen, const struct story *story)
{
    int width = screen->width;
    char right[64];

    int n = snprintf(right, sizeof(right), "%s%.1f s  x%g ",
                     story->paused ? "PAUSED  " : "",
                     (double)story->clock_ms / 1000, story->speed);
    screen_repeat(screen, 0, 0, width, SCREEN_BAR, L' ');
    screen_format(screen, 0, 1, width - n - 2, SCREEN_BAR, "%s: %s",
                  story->scene_name, story->scene->title);
    screen_text(screen, 0, width - n, n, SCREEN_BAR, right);
}

/* How many bytes of text fit in width columns without cutting a word. */
static size_t fit_words(const char *text, int width)
{
    size_t left = strlen(text);
    size_t n = 0;
    size_t words = 0;

    while (n < left) {
        wchar_t c;
        size_t taken = text_next(text + n, left - n, &c);
        if (c == L' ')
            words = n;
        width -= wcwidth(c) > 1 ? 2 : 1;
        if (width < 0)
            return words > 0 ? words : n;
        n += taken;
    }
    return n;
}

static void draw_said(struct screen *screen, const struct story *story)
{
    int width = screen->width - 2;
    char line[SCENE_TEXT];
    const char *text = story->said;
    size_t n = fit_words(text, width);

    snprintf(line, sizeof(line), "%.*s", (int)n, text);
    screen_text(screen, 1, 1, width, SCREEN_BOLD, line);
    text += n;
    screen_text(screen, 2, 1, width, SCREEN_BOLD, text + strspn(text, " "));
    char prompt[QUESTION_PROMPT];
    if (story->wants_answer)
        screen_text(screen, 3, 1, width, SCREEN_GOOD,
                    question_prompt(story, prompt));
    else
        screen_text(screen, 3, 1, width, SCREEN_PLAIN, story->note);
}

static void draw_legend(struct screen *screen, bool unicode)
{
    static const enum story_state order[] = {
        STORY_QUEUED, STORY_UNREAD,  STORY_WAITING, STORY_ECHOED,
        STORY_IDLE,   STORY_STALLED, STORY_CUT,     STORY_WRONG,
    };
    int row = screen->height - BELOW;
    int column = 1;

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        enum story_state state = order[i];
        int width = 3 + (int)strlen(looks[state].meaning);
        if (column + width > screen->width)
            break;
        screen_repeat(screen, row, column, 1, looks[state].style,
                      draw_glyph(state, unicode));
        screen_text(screen, row, column + 2, width, SCREEN_DIM,
                    looks[state].meaning);
        column += width;
    }
}

/* The important keys first: those that don't fit are left out; help has
 * all. */
static void draw_keys(struct screen *screen, const struct story *story)
{
    static const struct {
        const char *key, *does;
    } keys[] = {
        {"c", "connect"}, {"s", "send"},  {"t", "stall"},
        {"x", "close"},   {"r", "reset"}, {"?", "help"},
        {"q", "quit"},    {"n", "next"},  {"space", "pause"},
    };
    int row = screen->height - 1;
    char names[SCENE_TEXT];
    char chosen[32];

    scene_name_set(story->chosen, names);
    snprintf(chosen, sizeof(chosen), "[%.24s]",
             story->chosen == story->clients ? "all" : names);
    int column = screen_text(screen, row, 1, 32, SCREEN_BOLD, chosen);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        int n = (int)(strlen(keys[i].key) + strlen(keys[i].does)) + 1;
        if (column + 1 + n > screen->width)
            return;
        column = screen_text(screen, row, column + 1, n, SCREEN_BOLD,
                             keys[i].key);
        column = screen_text(screen, row, column + 1, n, SCREEN_DIM,
                             keys[i].does);
        column += screen->width >= WIDE_KEYS;
    }
}

static void draw_help(struct screen *screen)
{
    static const char *const lines[] = {
        "A to Z   choose a client     *      choose all",
        "c  connect                   x      close",
        "s  send a line               r      reset",
        "t  stop reading, read again",
        "",
        "space    pause, go on        n      next scene",
        "+  -     faster, slower      q      quit",
        "",
        "An action is done at every server by the chosen clients.",
    };
    int n = (int)(sizeof(lines) / sizeof(lines[0]));
    int width = at_most(screen->width, 60);
    int left = (screen->width - width) / 2;
    int top = at_least(0, (screen->height - n - 2) / 2);

    for (int i = 0; i < n + 2; i++)
        screen_repeat(screen, top + i, left, width, SCREEN_BAR, L' ');
    for (int i = 0; i < n; i++)
        screen_text(screen, top + 1 + i, left + 2, width - 4, SCREEN_BAR,
                    lines[i]);
}

/* --- a panel --------------------------------------------------------- */

struct panel {
    struct screen *screen;
    const struct story *story;
    const struct story_server *server;
    int top, left, width, height;
    bool unicode;
};

static void draw_title(const struct panel *panel)
{
    const struct story_server *server = panel->server;
    unsigned queue = server->now.queue;
    wchar_t line = panel->unicode ? L'━' : L'=';
    char right[40];
    int width = panel->width;
    int n = snprintf(right, sizeof(right), " accept queue %u ", queue);

    screen_repeat(panel->screen, panel->top, panel->left, width,
                  SCREEN_TITLE, line);
    screen_format(panel->screen, panel->top, panel->left + 1, width - n - 2,
                  SCREEN_TITLE, " %s ", server->name);
    screen_text(panel->screen, panel->top, panel->left + width - n - 1, n,
                queue > 0 ? SCREEN_UNREAD : SCREEN_TITLE, right);
}

/* "you: ?", then "WRONG: nobody (you: B)" */
static void draw_answer(const struct panel *panel, int row, int column)
{
    const struct story *story = panel->story;
    const struct story_answer *answer = &panel->server->answer;
    char guess[QUESTION_WORDS] = "-";
    char truth[QUESTION_WORDS];
    int width = panel->left + panel->width - column;

    if (answer->guess != '\0')
        question_words(story->question, answer->guess, guess);
    if (story->asking == STORY_ASKED) {
        bool asked = story->wants_answer &&
                     panel->server == &story->servers[story->answering];
        if (asked || answer->guess != '\0')
            screen_format(panel->screen, row, column, width, SCREEN_BOLD,
                          "you: %s", asked ? "?" : guess);
        return;
    }
    question_words(story->question, answer->truth, truth);
    if (answer->guess == '\0')
        screen_format(panel->screen, row, column, width, SCREEN_BOLD,
                      "answer: %s", truth);
    else if (answer->guess == answer->truth)
        screen_format(panel->screen, row, column, width, SCREEN_GOOD,
                      "RIGHT: %s", truth);
    else
        screen_format(panel->screen, row, column, width, SCREEN_BAD,
                      "WRONG: %s (you: %s)", truth, guess);
}

static void count_shortly(char text[STORY_COUNT],
                          const struct observation *now)
{
    if (now->tasks == now->processes)
        snprintf(text, STORY_COUNT, "%zu proc", now->processes);
    else
        snprintf(text, STORY_COUNT, "%zu proc %zu thr", now->processes,
                 now->tasks);
}

static void draw_summary(const struct panel *panel)
{
    const struct observation *now = &panel->server->now;
    int row = panel->top + 1;
    char text[STORY_COUNT];

    story_count(now, text);
    if (panel->server->ended)
        snprintf(text, sizeof(text), "%s", panel->server->fate);
    enum screen_style style = panel->server->ended ? SCREEN_BAD
                                                   : SCREEN_DIM;
    int width = panel->width - 1;
    if (panel->story->asking != STORY_NO_QUESTION) {
        /* An answer matters more: in a narrow panel the count is short. */
        bool narrow = panel->width < 54;
        if (narrow && panel->server->ended)
            snprintf(text, sizeof(text), "has ended");
        else if (narrow)
            count_shortly(text, now);
        width = narrow ? 14 : 28;
        draw_answer(panel, row, panel->left + 2 + width);
    }
    screen_text(panel->screen, row, panel->left + 1, width, style, text);
}

/* What a column stands for, so that the whole story finds room: 120 ms,
 * 180, 240, 360 ... in few steps, as a lane jumps when it changes. */
static uint64_t choose_step_ms(uint64_t clock_ms, int columns)
{
    uint64_t step_ms = STEP_MS;

    while (step_ms * (uint64_t)columns <= clock_ms &&
           step_ms < LONGEST_STEP_MS)
        step_ms = step_ms % 9 == 0 ? step_ms / 3 * 4 : step_ms / 2 * 3;
    return step_ms;
}

static void draw_lane(const struct panel *panel, int row, int client)
{
    const struct story_lane *lane = &panel->server->lanes[client];
    uint64_t clock_ms = panel->story->clock_ms;
    bool chosen = (panel->story->chosen >> client & 1) != 0;
    int columns = panel->width - LABEL_WIDTH - 4;
    uint64_t step_ms = choose_step_ms(clock_ms, columns);
    uint64_t from_ms = 0; /* where the first column begins */

    if (step_ms * (uint64_t)columns <= clock_ms)
        from_ms = (clock_ms / step_ms + 1 - (uint64_t)columns) * step_ms;
    screen_format(panel->screen, row, panel->left + 1, 1,
                  chosen ? SCREEN_BOLD : SCREEN_PLAIN, "%c", 'A' + client);
    for (int i = 0; i < columns; i++) {
        uint64_t start_ms = from_ms + (uint64_t)i * step_ms;
        if (start_ms > clock_ms)
            break;
        enum story_state state = story_state_at(lane, start_ms,
                                                start_ms + step_ms);
        screen_repeat(panel->screen, row, panel->left + 3 + i, 1,
                      looks[state].style,
                      draw_glyph(state, panel->unicode));
    }
    screen_text(panel->screen, row, panel->left + 4 + columns, LABEL_WIDTH,
                looks[lane->state].style == SCREEN_DIM
                    ? SCREEN_PLAIN
                    : looks[lane->state].style,
                lane->label);
}

/* Where there is room, with an empty row behind each lane. */
static int draw_lanes(const struct panel *panel, int row, int rows,
                      int pitch)
{
    int left = count(panel->story->clients);

    for (int client = 0; client < SCENE_CLIENTS && rows > 0; client++) {
        if ((panel->story->clients >> client & 1) == 0)
            continue;
        if (rows == 1 && left > 1) {
            screen_format(panel->screen, row++, panel->left + 1,
                          panel->width, SCREEN_DIM, "and %d more clients",
                          left);
            break;
        }
        draw_lane(panel, row, client);
        row += pitch;
        rows--;
        left--;
    }
    return row;
}

/* A child is set in; a thread is told from a process by its word. Where the
 * line would be too long, first that word is left out, then the number. */
static void draw_task(const struct panel *panel, int row,
                      const struct observe_task *task, size_t same)
{
    bool thread = task->tid != task->pid;
    bool child = thread || task->pid != panel->server->process.pid;
    const char *branch = !child ? "" : panel->unicode ? "└ " : "`-";
    char line[OBSERVE_CALL + 32];

    int n = snprintf(line, sizeof(line), "%s %d  %s",
                     thread ? "thread" : "pid", task->tid, task->call);
    int room = panel->width - 1 - (child ? 2 : 0);
    if (n > room)
        n = snprintf(line, sizeof(line), "%d %s", task->tid, task->call);
    if (n > room)
        snprintf(line, sizeof(line), "%s", task->call);
    if (same > 1)
        snprintf(line, sizeof(line), "%zu %s  %s", same,
                 thread ? "threads" : "processes", task->call);
    screen_format(panel->screen, row, panel->left + 1, panel->width - 1,
                  task->running ? SCREEN_BOLD : SCREEN_PLAIN, "%s%s",
                  branch, line);
}

/* Where not all find room, those in the same call share a row. */
static void draw_tasks(const struct panel *panel, int row, int rows)
{
    const struct observation *now = &panel->server->now;
    bool all = now->tasks <= (size_t)at_least(rows, 0);
    size_t left = now->tasks;

    for (size_t i = 0; i < now->nshown && rows > 0; i++) {
        size_t same = all ? 1 : observe_count_same(now, i);
        if (same == 0)
            continue;
        if (rows == 1 && same < left) {
            screen_format(panel->screen, row, panel->left + 1,
                          panel->width - 1, SCREEN_DIM, "and %zu more",
                          left);
            return;
        }
        draw_task(panel, row++, &now->shown[i], same);
        rows--;
        left -= same;
    }
}

/* Without "forking: " before it: that is on the panel. */
static void draw_word(const struct panel *panel, int row)
{
    const char *word = panel->server->word;
    size_t n = strlen(panel->server->name);

    if (strncmp(word, panel->server->name, n) == 0 && word[n] == ':')
        word += n + 1 + strspn(word + n + 1, " ");
    screen_text(panel->screen, row, panel->left + 1, panel->width - 1,
                SCREEN_BAD, word);
}

static void draw_panel(const struct panel *panel)
{
    int clients = count(panel->story->clients);
    int rows = panel->height - FRAME;
    /* A few tasks are worth more than the last lane of very many. */
    int tasks = at_most((int)panel->server->now.tasks, 2);
    int lanes = at_most(clients, at_least(rows - tasks, 1));

    int all = (int)panel->server->now.tasks + 1;
    int pitch = 2 * clients + at_least(all, clients + 1) <= rows ? 2 : 1;

    draw_title(panel);
    draw_summary(panel);
    int row = draw_lanes(panel, panel->top + FRAME, lanes, pitch);
    rows = panel->top + panel->height - row;
    if (panel->server->word[0] != '\0' && rows > 1)
        draw_word(panel, row + --rows);
    draw_tasks(panel, row, rows);
}

void draw_story(struct screen *screen, const struct story *story,
                bool unicode)
{
    screen_clear(screen);
    if (screen->width < DRAW_MIN_WIDTH ||
        screen->height < DRAW_MIN_HEIGHT) {
        screen_format(screen, 0, 0, screen->width, SCREEN_BOLD,
                      "make me %dx%d", DRAW_MIN_WIDTH, DRAW_MIN_HEIGHT);
        return;
    }
    struct grid grid = make_grid(screen->width, screen->height,
                                 (int)story->nservers);
    int room = grid.columns * grid.rows;
    draw_top(screen, story);
    draw_said(screen, story);
    for (int i = 0; i < (int)story->nservers && i < room; i++)
        draw_panel(&(struct panel){
            .screen = screen,
            .story = story,
            .server = &story->servers[i],
            .top = ABOVE + i / grid.columns * grid.height,
            .left = i % grid.columns * (grid.width + GAP),
            .width = grid.width,
            .height = grid.height,
            .unicode = unicode,
        });
    draw_legend(screen, unicode);
    if ((int)story->nservers > room)
        screen_format(screen, screen->height - 1, 1, screen->width,
                      SCREEN_BAD, "%d more servers find no room here",
                      (int)story->nservers - room);
    else
        draw_keys(screen, story);
    if (story->help)
        draw_help(screen);
}
