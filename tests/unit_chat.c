/* select/chat: five clients that talk, and villains. */
#include "common/clock.h"
#include "common/lab/launcher.h"
#include "common/options.h"
#include "select/frame.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLIENTS = 5 };

static struct program server;
static uint16_t port;

static void open_room(void)
{
    cr_assert(
        program_start(&server, "select/chat", "--name=server --port=0"));
    port = program_port(&server);
    cr_assert_neq(port, 0);
}

static void close_room(void)
{
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

static void enter(struct program *client, const char *name)
{
    char text[128];

    snprintf(text, sizeof(text), "--name=%s --port=%d", name, port);
    cr_assert(program_start(client, "select/chat", text));
    snprintf(text, sizeof(text), "server: %s has come (127.0.0.1:", name);
    cr_assert(program_says(client, text));
}

static void leave(struct program *client)
{
    program_hang_up(client);
    cr_assert_eq(program_end(client, 0), 0);
}

/* --- by hand ---------------------------------------------------------- */

static void put(int fd, const void *data, size_t n)
{
    cr_assert_eq(send(fd, data, n, MSG_NOSIGNAL), (ssize_t)n);
}

static void put_frame(int fd, const char *name, const char *text)
{
    char data[FRAME_BYTES];

    put(fd, data, frame_build(data, name, text, strlen(text)));
}

/* Reads to the end of the stream. */
static bool is_dropped(int fd)
{
    char data[4096];
    ssize_t n;

    while ((n = recv(fd, data, sizeof(data), 0)) > 0)
        ;
    return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

/* --- the room --------------------------------------------------------- */

Test(chat, five_talk, .timeout = 60)
{
    struct program clients[CLIENTS];
    char text[128];

    open_room();
    for (int i = 0; i < CLIENTS; i++) {
        snprintf(text, sizeof(text), "client%d", i + 1);
        enter(&clients[i], text);
        snprintf(text, sizeof(text), "), %d here\n", i + 1);
        for (int j = 0; j <= i; j++) /* all that are here hear of it */
            cr_assert(program_says(&clients[j], text));
    }
    for (int i = 0; i < CLIENTS; i++) {
        snprintf(text, sizeof(text), "I am %d, 안녕하세요\n", i + 1);
        cr_assert(program_type(&clients[i], text));
        snprintf(text, sizeof(text), "client%d: I am %d, 안녕하세요\n",
                 i + 1, i + 1);
        cr_assert(program_says(&server, text));
        for (int j = 0; j < CLIENTS; j++)
            if (j != i)
                cr_assert(program_says(&clients[j], text));
        cr_assert_null(strstr(program_output(&clients[i]), text));
    }
    leave(&clients[0]);
    for (int i = 1; i < CLIENTS; i++)
        cr_assert(program_says(&clients[i], "server: client1 has left "
                                            "(done), 4 here\n"));
    cr_assert_eq(program_end(&clients[1], SIGKILL), -1);
    for (int i = 2; i < CLIENTS; i++)
        cr_assert(program_says(&clients[i], "server: client2 has left"));
    for (int i = 2; i < CLIENTS; i++)
        leave(&clients[i]);
    cr_assert(program_says(&server, ", 0 here\n"));
    close_room();
}

/* The exit status is left to program_end(). */
static void wait_for(const struct program *client)
{
    siginfo_t how;

    waitid(P_PID, (id_t)client->pid, &how, WEXITED | WNOWAIT);
}

Test(chat, the_clients_hear_that_the_room_closes, .timeout = 60)
{
    struct program ann;

    open_room();
    enter(&ann, "ann");
    close_room();
    cr_assert_eq(program_end(&ann, 0), 1);
}

/* All end their streams at once; those that are dropped later hear of those
 * that were dropped before. */
Test(chat, a_stop_tells_those_who_are_still_here, .timeout = 60)
{
    struct program ann, bob;

    open_room();
    enter(&ann, "ann");
    enter(&bob, "bob");
    cr_assert(program_says(&ann, "bob has come"));
    close_room();
    wait_for(&ann);
    wait_for(&bob);
    bool told = program_has_said(&bob, "server: ann has left (done), 1 here"
                                       "\n") ||
                program_has_said(&ann, "server: bob has left (done), 1 here"
                                       "\n");
    cr_assert(told, "nobody was told who left");
    cr_assert_eq(program_end(&ann, 0), 1);
    cr_assert_eq(program_end(&bob, 0), 1);
}

Test(chat, long_lines_arrive_in_pieces_of_whole_characters, .timeout = 60)
{
    struct program ann, bob;
    static char line[3 * 1000 + 2];

    open_room();
    enter(&ann, "ann");
    enter(&bob, "bob");
    char *end = line;
    for (int i = 0; i < 1000; i++)
        end = stpcpy(end, "한");
    stpcpy(end, "\n");
    program_type(&ann, line);
    program_type(&ann, "end\n");
    cr_assert(program_says(&bob, "ann: end\n"));
    cr_assert_null(strstr(program_output(&bob), "\\x"));
    size_t characters = 0;
    for (const char *at = program_output(&bob);
         (at = strstr(at, "한")) != NULL; at += 3)
        characters++;
    cr_assert_eq(characters, 1000);
    leave(&ann);
    leave(&bob);
    close_room();
}

/* Server and clients print what others type; none rules a terminal. */
Test(chat, no_control_character_reaches_a_terminal, .timeout = 60)
{
    struct program ann, bob;

    open_room();
    enter(&ann, "ann");
    enter(&bob, "bob");
    program_type(&ann, "\x1b[2J\rbob: \x07 \xc2\x9b \xff\n");
    cr_assert(program_says(&bob, "ann: \\x1b[2J\\x0dbob: \\x07 \\xc2\\x9b "
                                 "\\xff\n"));
    cr_assert(program_says(&server, "ann: \\x1b[2J\\x0dbob:"));
    leave(&ann);
    leave(&bob);
    close_room();
}

Test(chat, a_name_is_one_persons, .timeout = 60)
{
    struct program ann, other;
    char arguments[64];

    open_room();
    enter(&ann, "ann");
    snprintf(arguments, sizeof(arguments), "--name=ann --port=%d", port);
    cr_assert(program_start(&other, "select/chat", arguments));
    cr_assert(program_says(&other, "server: this name is taken"));
    cr_assert_eq(program_end(&other, 0), 1);
    program_type(&ann, "still me\n");
    cr_assert(program_says(&server, "ann: still me\n"));

    /* The same, with stdin a pipe that ends before the server answers. */
    cr_assert(program_start(&other, "select/chat", arguments));
    program_type(&other, "hi\n");
    program_hang_up(&other);
    cr_assert(program_says(&other, "server: this name is taken"));
    cr_assert_eq(program_end(&other, 0), 1);
    cr_assert(!program_has_said(&server, "ann: hi\n"));
    leave(&ann);
    close_room();
}

/* What shows nothing makes no other name of it (select/name.h), neither
 * here nor from a client that does not ask its own --name. */
Test(chat, a_name_is_what_can_be_seen, .timeout = 60)
{
    static const struct {
        const char *name, *answer;
    } cases[] = {
        {"server\u200d", "this name is taken"},
        {"SERVER\ufe0f", "this name is taken"},
        {"an\u034fn\u3164", "this name is taken"},
        {"\u3164", "this name shows nothing"},
        {"server: hi", "this name has a colon"},
    };
    struct program ann, blank;

    open_room();
    enter(&ann, "ann");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char data[FRAME_BYTES], reply[2 * FRAME_BYTES];
        size_t n = frame_build(data, cases[i].name, "", 0);
        ssize_t got = program_ask(port, data, n, 0, reply, sizeof(reply));
        cr_assert_gt(got, 9, "%s: no answer", cases[i].name);
        cr_expect(memmem(reply, (size_t)got, cases[i].answer,
                         strlen(cases[i].answer)) != NULL,
                  "%s: accepted, or for another reason", cases[i].name);
    }
    cr_assert(program_start(&blank, "select/chat", "--name=\u3164"));
    cr_assert(program_says(&blank, "--name: shows nothing; a name that"));
    cr_assert_eq(program_end(&blank, 0), 2);
    leave(&ann);
    close_room();
}

Test(chat, a_place_is_for_who_says_a_name, .timeout = 60)
{
    struct program ann;

    open_room();
    enter(&ann, "ann");
    int64_t start_ms = clock_now_ms();
    int silent = program_dial(port);
    int half = program_dial(port);
    put(half, "\0", 1);
    cr_assert(is_dropped(silent));
    cr_assert(is_dropped(half));
    int64_t took_ms = clock_now_ms() - start_ms;
    cr_assert(took_ms >= 5000, "%ld ms", (long)took_ms);
    program_type(&ann, "I stay\n");
    cr_assert(program_says(&server, "ann: I stay\n"));
    cr_assert_null(strstr(program_output(&server), "has left"));
    close(silent);
    close(half);
    leave(&ann);
    close_room();
}

/* A line that can't be shown must not count as shown. */
Test(chat, a_full_disk_is_told_of, .timeout = 60)
{
    char command[256];

    open_room();
    snprintf(
        command, sizeof(command),
        "echo hi | %s/select/chat --name=ann --port=%d 2>&1 >/dev/full",
        launcher_folder(), port);
    FILE *said = popen(command, "r");
    char line[128] = "";
    cr_assert(said != NULL && fgets(line, sizeof(line), said) != NULL);
    cr_assert_str_eq(line,
                     "select/chat: not all could be written to stdout\n");
    cr_assert_eq(WEXITSTATUS(pclose(said)), 1);
    cr_assert(program_says(&server, "ann: hi\n"));
    close_room();
}

/* Nobody reads the server's console, and those in the room talk on. */
Test(chat, an_unread_console_stops_nobody, .timeout = 60)
{
    static char text[FRAME_TEXT + 1];
    struct program ann;
    char command[256], line[128];
    long pid = 0;

    snprintf(command, sizeof(command),
             "echo $$; exec %s/select/chat --name=server --port=0 "
             "2>/dev/null",
             launcher_folder());
    FILE *unread = popen(command, "r");
    cr_assert(unread != NULL && fgets(line, sizeof(line), unread) != NULL);
    cr_assert_eq(options_number(strtok(line, "\n"), 2, INT32_MAX, &pid), 0);
    cr_assert(fgets(line, sizeof(line), unread) != NULL);
    port = (uint16_t)atoi(strrchr(line, ':') + 1);
    enter(&ann, "ann");
    int talker = program_dial(port);
    put_frame(talker, "talker", "");
    memset(text, 'x', FRAME_TEXT);
    for (int i = 0; i < 300; i++) /* a pipe holds 64 of these */
        put_frame(talker, "talker", text);
    put_frame(talker, "talker", "still heard");
    cr_assert(program_says(&ann, "talker: still heard\n"));
    close(talker);
    leave(&ann);
    kill((pid_t)pid, SIGTERM);
    /* Short lines may have found room again, and told of the others. */
    bool told = false;
    while (fgets(line, sizeof(line), unread) != NULL)
        told |= strstr(line, " pieces were not printed)") != NULL;
    cr_assert(WEXITSTATUS(pclose(unread)) == 1 || told);
}

Test(chat, wrong_usage, .timeout = 60)
{
    struct program chat;

    cr_assert(program_start(&chat, "select/chat", "--port=8800"));
    cr_assert(program_says(&chat, "--name is missing"));
    cr_assert_eq(program_end(&chat, 0), 2);
    cr_assert(
        program_start(&chat, "select/chat", "--name=server --port=65536"));
    cr_assert(program_says(&chat, "from 0 to 65535"));
    cr_assert_eq(program_end(&chat, 0), 2);
    cr_assert(program_start(&chat, "select/chat", "--name= --port=8800"));
    cr_assert_eq(program_end(&chat, 0), 2);
}

Test(chat, frames_cut_at_every_byte, .timeout = 60)
{
    char data[2 * FRAME_BYTES], wanted[64];
    struct program ann;

    open_room();
    enter(&ann, "ann");
    for (size_t cut = 1;; cut++) {
        size_t n = frame_build(data, "raw", "", 0);
        snprintf(wanted, sizeof(wanted), "cut at %zu", cut);
        n += frame_build(data + n, "raw", wanted, strlen(wanted));
        if (cut >= n)
            break;
        int fd = program_dial(port);
        put(fd, data, cut);
        clock_rest_ms(5);
        put(fd, data + cut, n - cut);
        snprintf(wanted, sizeof(wanted), "raw: cut at %zu\n", cut);
        cr_assert(program_says(&ann, wanted));
        close(fd);
        cr_assert(program_says(&ann, "raw has left"));
    }
    leave(&ann);
    close_room();
}

/* Each costs its sender alone, which spoke properly before. */
Test(chat, malformed_frames_cost_their_sender, .timeout = 60)
{
    static const struct {
        const char *data;
        size_t n;
    } frames[] = {
        {"\xff\xff", 2},     /* too long */
        {"\0\0", 2},         /* nothing in it */
        {"\0\3\5hi", 5},     /* a name beyond the end */
        {"\0\4\1\x1bhi", 6}, /* a name that rules terminals */
        {"GET / HTTP/1.1\r\n\r\n", 18},
    };
    struct program ann;

    open_room();
    enter(&ann, "ann");
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        int fd = program_dial(port);
        put_frame(fd, "raw", "");
        put_frame(fd, "raw", "good");
        put(fd, frames[i].data, frames[i].n);
        cr_assert(is_dropped(fd), "frame %zu", i);
        cr_assert(program_says(&ann, "raw: good\n"));
        cr_assert(program_says(&ann,
                               "raw has left (sent no frame of ours), "
                               "1 here\n"));
        close(fd);
    }
    program_type(&ann, "still here\n");
    cr_assert(program_says(&server, "ann: still here\n"));
    leave(&ann);
    close_room();
}

Test(chat, nobody_speaks_for_others, .timeout = 60)
{
    struct program ann;

    open_room();
    enter(&ann, "ann");
    int fd = program_dial(port);
    put_frame(fd, "eve", "");
    put_frame(fd, "server", "send me your passwords");
    cr_assert(program_says(&ann, "eve: send me your passwords\n"));
    close(fd);
    fd = program_dial(port);
    put_frame(fd, "server", "");
    cr_assert(is_dropped(fd));
    close(fd);
    leave(&ann);
    close_room();
}

Test(chat, random_bytes, .timeout = 60)
{
    struct program ann;
    unsigned char data[300];

    open_room();
    enter(&ann, "ann");
    srandom(7);
    for (int round = 0; round < 300; round++) {
        int fd = program_dial(port);
        size_t n = (size_t)random() % sizeof(data);
        for (size_t i = 0; i < n; i++)
            data[i] = (unsigned char)(random() % (round % 2 ? 256 : 4));
        send(fd, data, n, MSG_NOSIGNAL);
        close(fd);
    }
    program_type(&ann, "still here\n");
    cr_assert(program_says(&server, "ann: still here\n"));
    leave(&ann);
    close_room();
}

/* Talks until the client that does not read is dropped. The kernel keeps
 * some MiB before the server's queue begins to fill. */
static bool talk_until_dropped(int talker)
{
    static char text[FRAME_TEXT + 1];

    memset(text, 'x', FRAME_TEXT);
    for (int i = 0; i < 20000; i++) {
        put_frame(talker, "talker", text);
        /* Now and then: ann and bob print all of it. */
        if (i % 50 == 0 &&
            program_has_said(&server, "slow has left (too slow)"))
            return true;
    }
    return program_says(&server, "slow has left (too slow)");
}

/* One reads nothing, one says nothing, one holds half a frame: the others
 * talk on, and the first is dropped when it is too much. */
Test(chat, slow_and_silent_clients_hold_nobody_up, .timeout = 120)
{
    const int tiny = 4096;
    struct program ann, bob;

    open_room();
    enter(&ann, "ann");
    enter(&bob, "bob");
    int silent = program_dial(port);
    int half = program_dial(port);
    put_frame(half, "half", "");
    put(half, "\0", 1);
    int slow = program_dial(port);
    setsockopt(slow, SOL_SOCKET, SO_RCVBUF, &tiny, sizeof(tiny));
    put_frame(slow, "slow", "");
    cr_assert(program_says(&ann, "slow has come"));

    program_type(&ann, "heard?\n");
    cr_assert(program_says(&bob, "ann: heard?\n"));
    int talker = program_dial(port);
    put_frame(talker, "talker", "");
    cr_assert(talk_until_dropped(talker));
    close(talker);
    program_type(&ann, "now?\n");
    cr_assert(program_says(&bob, "ann: now?\n"));
    close(silent);
    close(half);
    close(slow);
    leave(&ann);
    leave(&bob);
    close_room();
}

/* More in one lap than the server keeps for one client, though the client
 * reads: the server is held until all of them have spoken. */
Test(chat, many_who_speak_at_once_stay, .timeout = 60)
{
    enum { MANY = 100 };
    char name[16], text[FRAME_TEXT + 1] = {0};
    int fds[MANY];

    open_room();
    for (int i = 0; i < MANY; i++) {
        fds[i] = program_dial(port);
        snprintf(name, sizeof(name), "talker%d", i);
        put_frame(fds[i], name, "");
    }
    cr_assert(program_says(&server, ", 100 here\n"));
    kill(server.pid, SIGSTOP);
    memset(text, 'x', FRAME_TEXT);
    for (int i = 0; i < MANY; i++)
        put_frame(fds[i], name, text); /* it knows their names */
    kill(server.pid, SIGCONT);
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "talker%d: xxx", i);
        cr_assert(program_says(&server, text));
    }
    cr_assert_null(strstr(program_output(&server), "has left"));
    for (int i = 0; i < MANY; i++)
        close(fds[i]);
    cr_assert(program_says(&server, ", 0 here\n"));
    close_room();
}
