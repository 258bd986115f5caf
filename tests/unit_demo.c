/*
 * demo/demo, as its users run it: the story that it tells in plain text,
 * and how it treats a terminal, which is tmux here.
 */
#include "common/clock.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEXT = 1 << 20, PATIENCE_MS = 60000, LOOK_MS = 20 };

static char folder[] = "/tmp/demo-test-XXXXXX";
static char text[TEXT];

/* By the shell; returns the exit status. Nothing inherits our pipes. */
static int run(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static int run(const char *format, ...)
{
    char command[2048];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof(command), format, args);
    va_end(args);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* With a scene that stays at its decisive moment, to be looked at. */
static void make_folder(void)
{
    cr_assert_neq(mkdtemp(folder), NULL);
    run("printf '%%s\\n' 'title The moment' 'A connect' 'settle' "
        "'B C connect' 'settle' 'ask next Who is served next?' "
        "'B send hello from B' 'settle' 'C send hello from C' 'settle' "
        "'reveal' >%s/moment.scene",
        folder);
}

/* The terminal, too: a test that failed has left it open. */
static void remove_folder(void)
{
    run("tmux -S %s/socket kill-server 2>/dev/null; rm -rf %s", folder,
        folder);
}

static const char *read_output(const char *name)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    size_t n = file == NULL ? 0 : fread(text, 1, TEXT - 1, file);
    if (file != NULL)
        fclose(file);
    text[n] = '\0';
    return text;
}

/* Runs the demo without a terminal; its output is in text. */
static int play(const char *arguments)
{
    int status = run(
        "LC_ALL=C timeout -k 5 100 build/demo/demo %s </dev/null "
        ">%s/out 2>&1",
        arguments, folder);

    read_output("out");
    return status;
}

TestSuite(demo, .init = make_folder, .fini = remove_folder, .timeout = 200);

/* --- the story ------------------------------------------------------- */

/* Is there, before A leaves, a line of this server with these words? */
static bool happens_while_silent(const char *server, const char *words)
{
    const char *end = strstr(text, "A: close");
    const char *next;

    cr_assert(end != NULL, "A never leaves: %s", text);
    for (const char *line = text; line < end; line = next + 1) {
        next = strchr(line, '\n');
        const char *name = strstr(line, server);
        const char *found = strstr(line, words);
        if (name != NULL && name < next && found != NULL && found < next)
            return true;
    }
    return false;
}

/* A newcomer may be seen in passing: what counts is what is left. */
static int queue_at_the_answer(void)
{
    static const char words[] = "accept queue: ";
    const char *end = strstr(text, "answer: ");
    const char *next = text;
    int queue = 0;

    cr_assert(end != NULL, "%s", text);
    while ((next = strstr(next, words)) != NULL && next < end) {
        next += sizeof(words) - 1;
        queue = atoi(next);
    }
    return queue;
}

struct expected {
    const char *model;
    bool others_are_served;
    const char *count; /* with A, B and C here */
    int queue;         /* in the accept queue when all is at rest */
    const char *call;  /* what one of its tasks is then blocked in */
};

static void check_silent_first(const struct expected *expected)
{
    char command[128];

    snprintf(command, sizeof(command), "%s --plain --speed 16",
             expected->model);
    cr_assert_eq(play(command), 0, "%s", text);
    cr_assert(happens_while_silent(expected->model, "A  idle"), "%s", text);
    cr_assert_eq(happens_while_silent(expected->model, "B  echo in"),
                 expected->others_are_served, "%s", text);
    cr_assert_eq(happens_while_silent(expected->model, "C  echo in"),
                 expected->others_are_served, "%s", text);
    cr_assert_eq(happens_while_silent(expected->model, "answer: nobody"),
                 !expected->others_are_served, "%s", text);
    cr_assert(happens_while_silent(expected->model, expected->count), "%s",
              text);
    cr_assert_eq(queue_at_the_answer(), expected->queue, "%s", text);
    cr_assert(happens_while_silent(expected->model, expected->call), "%s",
              text);
    /* In the end every server has served every client. */
    cr_assert(strstr(text, "B  echo in") != NULL);
    cr_assert(strstr(text, "C  echo in") != NULL);
}

#define STORY(name, ...)                                                  \
    Test(demo, silent_first_##name)                                       \
    {                                                                     \
        check_silent_first(&(const struct expected){#name, __VA_ARGS__}); \
    }

STORY(iterative, false, "1 process, 1 thread", 2, ": recv(client A)")
STORY(forking, true, "4 processes, a thread each", 0, ": accept(listener)")
STORY(threading, true, "1 process, 4 threads", 0, ": recv(client C)")
STORY(timeout_poll, true, "1 process, 1 thread", 0, ": poll(")
STORY(select, true, "1 process, 1 thread", 0,
      ": select(3 clients + listener)")
STORY(epoll, true, "1 process, 1 thread", 0,
      ": epoll_wait(3 clients + listener)")

Test(demo, slow_reader_blocks_who_waits_for_it)
{
    cr_assert_eq(play("iterative epoll --plain --scene slow-reader "
                      "--speed 16"),
                 0, "%s", text);
    cr_assert(strstr(text, "iterative           answer: no") != NULL, "%s",
              text);
    cr_assert(happens_while_silent("iterative", "send(client A)"), "%s",
              text);
    cr_assert(strstr(text, "epoll               answer: yes") != NULL, "%s",
              text);
}

Test(demo, crowd_makes_a_task_for_each)
{
    cr_assert_eq(play("forking threading epoll --plain --scene crowd "
                      "--speed 16"),
                 0, "%s", text);
    cr_assert(
        strstr(text, "forking             9 processes, a thread each") !=
            NULL,
        "%s", text);
    cr_assert(strstr(text, "threading           1 process, 9 threads") !=
                  NULL,
              "%s", text);
    cr_assert(strstr(text, "epoll               answer: 1\n") != NULL, "%s",
              text);
    cr_assert(strstr(text, "forking             1 process, 1 thread\n") !=
                  NULL,
              "%s", text);
}

/* Six tasks: by the process limit, or by --max-clients where that can't be
 * set. */
Test(demo, fork_storm_ends_at_the_limit)
{
    cr_assert_eq(play("forking threading --plain --scene fork-storm "
                      "--speed 8"),
                 0, "%s", text);
    cr_assert(strstr(text, "forking             answer: 6\n") != NULL, "%s",
              text);
    cr_assert(strstr(text, "threading           answer: 6\n") != NULL, "%s",
              text);
    cr_assert(strstr(text, "J  turned away") != NULL, "%s", text);
    const char *later = strstr(text, "K: send");
    cr_assert(later != NULL && strstr(later, "K  echo in") != NULL, "%s",
              text);
}

Test(demo, fd_limit_is_1023_for_select_alone)
{
    cr_assert_eq(play("select epoll --plain --scene fd-limit --speed 8"), 0,
                 "%s", text);
    cr_assert(strstr(text, "select              answer: no\n") != NULL,
              "%s", text);
    cr_assert(strstr(text, "FD_SETSIZE") != NULL, "%s", text);
    cr_assert(strstr(text, "epoll               answer: yes\n") != NULL,
              "%s", text);
    cr_assert(strstr(text, "epoll            C  turned away") != NULL, "%s",
              text);
    cr_assert(strstr(text, "select           D  echo in") != NULL, "%s",
              text);
}

/* --- the command line ------------------------------------------------ */

Test(demo, takes_predictions_and_keeps_the_score)
{
    cr_assert_eq(run("printf '0\\nwhat\\nB\\n' | LC_ALL=C timeout -k 5 100 "
                     "build/demo/demo iterative epoll --plain --predict "
                     "--speed 16 >%s/out 2>&1",
                     folder),
                 0);
    read_output("out");
    cr_assert(strstr(text, "What will iterative do? Type A to C, or 0 for "
                           "nobody: ") != NULL,
              "%s", text);
    cr_assert(strstr(text, "Not `w`. What will epoll do? Type A to "
                           "C, or 0 for nobody: ") != NULL,
              "%s", text);
    cr_assert(strstr(text, "answer: nobody (you: nobody, right)") != NULL,
              "%s", text);
    cr_assert(strstr(text, "answer: B (you: B, right)") != NULL, "%s",
              text);
    cr_assert(strstr(text, "Score: 2 of 2 predictions right.") != NULL,
              "%s", text);
}

Test(demo, refuses_what_it_cannot_use)
{
    cr_assert_eq(play("iterativ"), 2);
    cr_assert(strstr(text, "iterativ: no such model; accepted are") !=
              NULL);
    cr_assert_eq(play("--speed 0"), 2);
    cr_assert(strstr(text, "--speed 0: a number from 0.1 to 50") != NULL);
    cr_assert_eq(play("--server echo"), 2);
    cr_assert(strstr(text, "--server echo: NAME=COMMAND is accepted") !=
              NULL);
    cr_assert_eq(play("--scene nonsense"), 1);
    cr_assert(strstr(text, "scene nonsense: there is none; ") != NULL);
    cr_assert(strstr(text, "silent-first") != NULL);
    cr_assert_eq(run("printf 'A jump\\n' >%s/x.scene", folder), 0);
    char command[64];
    snprintf(command, sizeof(command), "--scene %s/x.scene", folder);
    cr_assert_eq(play(command), 1);
    cr_assert(strstr(text, "x.scene:1: `jump`: a client may connect") !=
                  NULL,
              "%s", text);
    cr_assert_eq(play("iterative --scene ten-ports"), 1);
    cr_assert(strstr(text, "iterative: ") != NULL, "%s", text);
}

Test(demo, plays_a_students_server)
{
    cr_assert_eq(play("--server 'mine=build/epoll/server --port {port}' "
                      "--speed 16"),
                 0, "%s", text);
    cr_assert(happens_while_silent("mine", "B  echo in"), "%s", text);
    cr_assert_eq(play("epoll --server 'mine=build/epoll/server --port "
                      "{port}' iterative --scene hello --speed 50"),
                 0, "%s", text);
    cr_assert(strstr(text, "= epoll ") < strstr(text, "= mine ") &&
                  strstr(text, "= mine ") < strstr(text, "= iterative "),
              "not as they were named: %s", text);
    cr_assert_eq(play("--server 'mine=true'"), 1);
    cr_assert(strstr(text, "mine: true ended with status 0") != NULL, "%s",
              text);
}

Test(demo, filters_what_servers_and_scenes_say)
{
    cr_assert_eq(run("printf 'say a\\033[31mb\\nA connect\\nsettle\\n' "
                     ">%s/x.scene",
                     folder),
                 0);
    char command[256];
    snprintf(
        command, sizeof(command),
        "--scene %s/x.scene --server 'mine=sh -c \"printf "
        "\\\"\\\\033]0;hi\\\\007\\\\n\\\" >&2; exec build/epoll/server "
        "--port {port}\"'",
        folder);
    cr_assert_eq(play(command), 0, "%s", text);
    cr_assert(strstr(text, "a?[31mb") != NULL, "%s", text);
    cr_assert(strstr(text, "?]0;hi?") != NULL, "%s", text);
    cr_assert(strchr(text, '\033') == NULL, "%s", text);
}

Test(demo, records_and_traces)
{
    char command[256];

    snprintf(command, sizeof(command),
             "iterative epoll --speed 16 --record "
             "%s/x.cast --trace %s/x.json",
             folder, folder);
    cr_assert_eq(play(command), 0, "%s", text);
    cr_assert_eq(run("build/demo/picture %s/x.cast 'accept queue 2' "
                     ">%s/x.svg",
                     folder, folder),
                 0);
    read_output("x.svg");
    cr_assert(strstr(text, "recv(client A)") != NULL);
    cr_assert(strstr(text, "</svg>") != NULL);
    read_output("x.json");
    cr_assert_eq(text[0], '[');
    cr_assert_str_eq(text + strlen(text) - 3, "\n]\n");
    cr_assert(strstr(text, "\"recv(client A)\"") != NULL);
    cr_assert(strstr(text, "\"client B\"") != NULL);
    cr_assert(strstr(text, "\"in the accept queue\"") != NULL);
}

static void assert_precious(const char *arguments, const char *words)
{
    char command[512];

    cr_assert_eq(run("echo precious >%s/x.cast; cp %s/x.cast %s/x.json",
                     folder, folder, folder),
                 0);
    snprintf(command, sizeof(command),
             "%s --record %s/x.cast --trace %s/x.json", arguments, folder,
             folder);
    cr_assert_eq(play(command), 1, "%s", text);
    cr_assert(strstr(text, words) != NULL, "%s", text);
    cr_assert_str_eq(read_output("x.cast"), "precious\n");
    cr_assert_str_eq(read_output("x.json"), "precious\n");
}

Test(demo, keeps_a_recording_until_there_is_something_to_record)
{
    assert_precious("--scene nonsense", "scene nonsense: there is none");
    assert_precious("iterative --scene ten-ports", "iterative: ");
    assert_precious("--server mine=false", "mine: ");
}

Test(demo, says_when_a_recording_cannot_be_written)
{
    cr_assert_eq(play("iterative --speed 50 --scene hello --record "
                      "/dev/full"),
                 1);
    cr_assert(strstr(text, "demo: --record /dev/full: No space left") !=
                  NULL,
              "%s", text);
    cr_assert_eq(play("iterative --speed 50 --scene hello --trace "
                      "/dev/full"),
                 1);
    cr_assert(strstr(text, "demo: --trace /dev/full: No space left") !=
                  NULL,
              "%s", text);
}

/* A recording of others: a bell, a character of two columns over two. */
Test(demo, makes_a_picture_of_any_recording)
{
    cr_assert_eq(run("printf '%%s\n' "
                     "'{\"version\":2,\"width\":9,\"height\":1}' "
                     "'[0.1,\"o\",\"\\u001b[1;1H1234\"]' "
                     "'[0.2,\"o\",\"\\u001b[1;1H\\u0007\\u4e2d\"]' "
                     ">%s/x.cast",
                     folder),
                 0);
    cr_assert_eq(
        run("build/demo/picture %s/x.cast >%s/x.svg", folder, folder), 0);
    cr_assert(strstr(read_output("x.svg"), ">?\xe4\xb8\xad"
                                           "4</text>") != NULL,
              "%s", text);
    cr_assert_eq(run("build/demo/picture %s/x.cast >/dev/full 2>%s/out",
                     folder, folder),
                 1);
    cr_assert_str_eq(read_output("out"), "picture: standard output: No "
                                         "space left on device\n");
}

/* --- processes ------------------------------------------------------- */

/* How many processes that the demo started have this in their environment?
 */
static int count_marked(const char *mark)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    int found = 0;

    if (proc == NULL)
        return -1;
    while ((entry = readdir(proc)) != NULL) {
        static char environment[TEXT];
        char path[300];
        snprintf(path, sizeof(path), "/proc/%s/environ", entry->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL)
            continue;
        size_t n = fread(environment, 1, sizeof(environment), file);
        fclose(file);
        if (memmem(environment, n, mark, strlen(mark)) != NULL)
            found++;
    }
    closedir(proc);
    return found;
}

static void assert_none_left(void)
{
    char mark[64];
    int left_ms = PATIENCE_MS;

    snprintf(mark, sizeof(mark), "DEMO_MARK=%s", folder);
    while (count_marked(mark) > 0 && left_ms > 0) {
        clock_rest_ms(LOOK_MS);
        left_ms -= LOOK_MS;
    }
    cr_assert_eq(count_marked(mark), 0, "processes are left behind");
}

/* timeout(1) kills the server and then, as it was told to, itself. */
static const char dying[] =
    "--server 'dies=timeout -s KILL 2 build/forking/server --port {port}'";

Test(demo, survives_a_server_that_dies)
{
    cr_assert_eq(run("env DEMO_MARK=%s timeout -k 5 100 build/demo/demo %s "
                     "</dev/null >%s/out 2>&1",
                     folder, dying, folder),
                 1);
    read_output("out");
    cr_assert(strstr(text, "demo: dies: killed by signal 9") != NULL, "%s",
              text);
    assert_none_left();
}

/* Both outputs get far more than the demo can read during the scene. */
Test(demo, keeps_up_with_a_server_that_talks_too_much)
{
    cr_assert_eq(run("printf '%%s\\n' 'echo listening 127.0.0.1:$1' "
                     "'head -c 300000 /dev/zero' "
                     "'yes early | head -c 4999998 >&2; echo late >&2' "
                     "'exec build/epoll/server --port $1' >%s/talks; "
                     "printf '%%s\\n' 'wait 2s' 'A connect' "
                     "'A send hello' settle 'wait 500ms' >%s/talks.scene",
                     folder, folder),
                 0);
    char command[256];
    snprintf(command, sizeof(command),
             "--scene %s/talks.scene --server 'a\033b=sh %s/talks {port}'",
             folder, folder);
    cr_assert_eq(play(command), 0, "%s", text);
    cr_assert(strstr(text, "A  echo in") != NULL, "%s", text);
    cr_assert(strstr(text, " late\n") != NULL, "%s", text);
    cr_assert(strstr(text, "a?b") != NULL, "%s", text);
    cr_assert(strchr(text, '\033') == NULL, "%s", text);
}

Test(demo, says_when_its_output_cannot_be_written)
{
    cr_assert_eq(run("build/demo/demo iterative --plain --scene hello "
                     "</dev/null >/dev/full 2>%s/out",
                     folder),
                 1);
    cr_assert_str_eq(read_output("out"),
                     "demo: standard output: No space left on device\n");
    cr_assert_eq(run("build/demo/demo iterative --plain --scene hello "
                     "</dev/null 2>%s/out | true",
                     folder),
                 0);
    cr_assert_str_eq(read_output("out"), "");
}

/*
 * Runs the demo and tells it to leave as soon as its server runs, which
 * begins by making the file `there`. Returns the exit status.
 */
static int leave_early(const char *before, const char *server,
                       const char *after)
{
    return run("rm -f %s/there; mkfifo %s/fifo; exec 3<>%s/fifo; %s "
               "env DEMO_MARK=%s build/demo/demo --plain --scene hello "
               "--server 'x=sh -c \": >%s/there; exec %s\"' "
               "</dev/null %s 3>&- & demo=$!; "
               "until test -e %s/there; do sleep 0.01; done; "
               "kill -TERM $demo; wait $demo",
               folder, folder, folder, before, folder, folder, server,
               after, folder);
}

Test(demo, leaves_while_a_server_starts)
{
    char out[64];

    snprintf(out, sizeof(out), ">%s/out 2>&1", folder);
    cr_assert_eq(leave_early("", "sleep 100", out), 0);
    cr_assert_str_eq(read_output("out"), "", "it waited to the end");
    assert_none_left();
}

Test(demo, leaves_though_nobody_reads_its_output)
{
    cr_assert_eq(leave_early("head -c 65536 /dev/zero >&3;",
                             "build/epoll/server --port {port}", ">&3"),
                 0);
    assert_none_left();
}

/* timeout(1) says 124 when SIGTERM was enough, 137 when it was not. */
Test(demo, leaves_though_a_scene_never_comes)
{
    cr_assert_eq(run("mkfifo %s/fifo; timeout -k 20 1 build/demo/demo "
                     "iterative --plain --scene %s/fifo",
                     folder, folder),
                 124);
}

/* --- a terminal ------------------------------------------------------ */

static int tmux(const char *command)
{
    return run("tmux -S %s/socket -f /dev/null %s >%s/tmux 2>&1", folder,
               command, folder);
}

/*
 * Runs the demo in a terminal of 80x24, by a shell that notes the
 * terminal's settings before and after it, and its own last word. The scene
 * is the moment, unless the arguments name another.
 */
static void open_terminal(const char *environment, const char *arguments)
{
    char command[1500];
    char moment[100];

    if (run("command -v tmux >/dev/null") != 0)
        cr_skip_test("tmux is not installed: the terminal is not tested");
    snprintf(moment, sizeof(moment), "--scene %s/moment.scene", folder);
    snprintf(command, sizeof(command), "%s/script", folder);
    FILE *script = fopen(command, "w");
    cr_assert_neq(script, NULL);
    if (script == NULL)
        return;
    fprintf(script,
            "trap : INT QUIT\n" /* Ctrl-C and Ctrl-\ are for the demo */
            "stty -g >%s/before\n"
            "sh -c 'echo $$ >%s/pid; exec env DEMO_MARK=%s %s "
            "build/demo/demo %s '\"%s\"\n"
            "echo the end: $?\n"
            "stty -g >%s/after\n"
            "cat\n",
            folder, folder, folder, environment, moment, arguments, folder);
    fclose(script);
    snprintf(command, sizeof(command),
             "new-session -d -x 80 -y 24 'LC_ALL=C.UTF-8 sh %s/script'",
             folder);
    cr_assert_eq(tmux(command), 0, "%s", read_output("tmux"));
}

static void close_terminal(void)
{
    tmux("kill-server");
}

/* Looks at the screen until the words are on it (or, not, are gone). */
static void wait_for(const char *words, bool wanted)
{
    int left_ms = PATIENCE_MS;

    do {
        clock_rest_ms(LOOK_MS);
        left_ms -= LOOK_MS;
        tmux("capture-pane -p");
        read_output("tmux");
    } while ((strstr(text, words) != NULL) != wanted && left_ms > 0);
    if (left_ms <= 0)
        close_terminal();
    cr_assert(left_ms > 0, "%s is %s: %s", words,
              wanted ? "never there" : "always there", text);
}

static void assert_restored(void)
{
    char before[512];

    wait_for("the end:", true);
    tmux("display -p 'alternate #{alternate_on} cursor #{cursor_flag} "
         "wrap #{wrap_flag}'");
    read_output("tmux");
    cr_assert_str_eq(text, "alternate 0 cursor 1 wrap 1\n");
    do
        snprintf(before, sizeof(before), "%s", read_output("before"));
    while (strlen(read_output("after")) == 0);
    cr_assert_str_eq(text, before, "the terminal's settings");
    assert_none_left();
    close_terminal();
}

static void leave_by(const char *signal_or_key)
{
    open_terminal("", "iterative forking");
    wait_for("recv(client A)", true);
    if (strcmp(signal_or_key, "q") == 0)
        tmux("send-keys q");
    else if (strcmp(signal_or_key, "C-c") == 0)
        tmux("send-keys C-c");
    else if (strcmp(signal_or_key, "C-backslash") == 0)
        tmux("send-keys 'C-\\'");
    else
        run("kill -%s $(cat %s/pid)", signal_or_key, folder);
    wait_for("the end: 0", true);
    assert_restored();
}

Test(demo, leaves_by_q)
{
    leave_by("q");
}

Test(demo, leaves_by_control_c)
{
    leave_by("C-c");
}

Test(demo, leaves_by_control_backslash)
{
    leave_by("C-backslash");
}

Test(demo, leaves_by_q_though_n_follows_at_once)
{
    open_terminal("", "iterative forking");
    wait_for("recv(client A)", true);
    tmux("send-keys -l qn");
    assert_restored();
}

Test(demo, leaves_by_sigint)
{
    leave_by("INT");
}

Test(demo, leaves_by_sigterm)
{
    leave_by("TERM");
}

Test(demo, leaves_when_its_last_server_dies)
{
    open_terminal("", dying);
    wait_for("the end: 1", true);
    cr_assert(strstr(text, "demo: dies: killed by signal 9") != NULL, "%s",
              text);
    assert_restored();
}

Test(demo, leaves_nobody_behind_when_it_is_killed)
{
    open_terminal("", "iterative forking threading epoll");
    wait_for("recv(client A)", true);
    run("kill -KILL $(cat %s/pid)", folder);
    wait_for("the end: 137", true);
    assert_none_left();
    close_terminal();
}

Test(demo, tells_the_story_in_a_terminal)
{
    open_terminal("", "iterative epoll");
    wait_for("answer: nobody", true);
    cr_assert(strstr(text, "answer: B") != NULL, "%s", text);
    cr_assert(strstr(text, "accept queue 2") != NULL, "%s", text);
    cr_assert(strstr(text, "12 B unread") != NULL, "%s", text);
    cr_assert(strstr(text, "recv(client A)") != NULL, "%s", text);
    cr_assert(strstr(text, "epoll_wait(3 clients + listener)") != NULL,
              "%s", text);
    cr_assert(strstr(text, "▓") != NULL, "%s", text);
    cr_assert(strstr(text, "space pause\n") != NULL, "%s", text);
    tmux("send-keys q");
    assert_restored();
}

Test(demo, obeys_the_keys)
{
    open_terminal("", "iterative --scene half-message --speed 0.1");
    wait_for("recv(client A)", true);
    tmux("send-keys Space");
    wait_for("PAUSED", true);
    tmux("send-keys D c");
    wait_for("D ", true);
    wait_for("in accept queue", true);
    tmux("send-keys s");
    wait_for("5 B unread", true);
    tmux("send-keys r");
    wait_for("reset", true);
    tmux("send-keys '?'");
    wait_for("choose a client", true);
    tmux("send-keys '?'");
    wait_for("choose a client", false);
    tmux("send-keys Up");
    tmux("send-keys n");
    wait_for("slow-reader: A does not read", true);
    tmux("send-keys q");
    assert_restored();
}

Test(demo, skips_what_nobody_can_play)
{
    open_terminal("", "iterative forking --scene slow-reader");
    wait_for("recv(client A)", true);
    tmux("send-keys n");
    wait_for("cpu-work: One message", true);
    wait_for("Skipped, nobody here can play it: restaurant, ten-ports.",
             true);
    tmux("send-keys q");
    assert_restored();
}

Test(demo, goes_on_without_who_cannot_play)
{
    open_terminal("", "iterative epoll --scene slow-reader");
    wait_for("recv(client A)", true);
    tmux("send-keys n");
    wait_for("restaurant: A restaurant", true);
    wait_for("Cannot play this scene: iterative.", true);
    wait_for("epoll_wait(2 listeners)", true);
    tmux("send-keys q");
    assert_restored();
}

Test(demo, takes_predictions_by_key)
{
    open_terminal("", "iterative epoll --predict");
    wait_for("What will iterative do?", true);
    tmux("send-keys 0");
    wait_for("What will epoll do?", true);
    tmux("send-keys y");
    wait_for("Not `y`. What will epoll do? Type A to C, or 0", true);
    tmux("send-keys c");
    wait_for("RIGHT: nobody", true);
    cr_assert(strstr(text, "WRONG: B (you: C)") != NULL, "%s", text);
    tmux("send-keys q");
    wait_for("Score: 1 of 2 predictions right.", true);
    assert_restored();
}

Test(demo, follows_a_window_that_changes_size)
{
    open_terminal("", "iterative epoll threading");
    wait_for("recv(client A)", true);
    tmux("resize-window -x 130 -y 40");
    do {
        wait_for("q quit", true);
    } while (strcspn(text, "\n") < 125);
    tmux("resize-window -x 30 -y 8");
    wait_for("make me 40x12", true);
    tmux("resize-window -x 80 -y 24");
    wait_for("━ iterative ━", true);
    tmux("send-keys q");
    assert_restored();
}

Test(demo, needs_neither_colour_nor_unicode)
{
    open_terminal("LC_ALL=C NO_COLOR=1", "iterative");
    wait_for("= iterative =", true);
    for (const char *c = text; *c != '\0'; c++)
        cr_assert((*c & 0x80) == 0, "%s", text);
    tmux("capture-pane -e -p");
    read_output("tmux");
    for (const char *c = text; (c = strstr(c, "\033[")) != NULL; c++)
        cr_assert(c[2] != '9' && (c[2] != '3' || c[3] == '9'),
                  "a colour: %s", c); /* 39 is the usual one */
    tmux("send-keys q");
    assert_restored();
}

Test(demo, is_plain_in_a_dumb_terminal)
{
    open_terminal("TERM=dumb", "iterative --speed 50 --scene hello");
    wait_for("the end: 0", true);
    assert_restored();
}
