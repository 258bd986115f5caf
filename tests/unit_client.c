/* iterative/client: against servers of ours and listeners made here. */
#include "common/lab/launcher.h"
#include "tests/program.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Runs the client on a port; returns its exit status. The output stays
 * readable through *client. */
static int run(struct program *client, uint16_t port, const char *more,
               const char *typed)
{
    char arguments[256];

    snprintf(arguments, sizeof(arguments), "--port %d %s", port, more);
    cr_assert(program_start(client, "iterative/client", arguments));
    if (typed != NULL)
        program_type(client, typed);
    program_hang_up(client);
    int copy = dup(client->out);
    int status = program_end(client, 0);
    client->out = copy;
    return status;
}

static uint16_t start_server(struct program *server)
{
    cr_assert(program_start(server, "epoll/server", "--port 0"));
    return program_port(server);
}

Test(client, sends_words_and_stdin, .timeout = 60)
{
    struct program server, client;
    uint16_t port = start_server(&server);

    cr_assert_eq(run(&client, port, "hello world", NULL), 0);
    cr_assert_str_eq(program_output(&client), "hello world");
    cr_assert_eq(run(&client, port, "", "typed\nlines\n"), 0);
    cr_assert_str_eq(program_output(&client), "typed\nlines\n");
    cr_assert_eq(run(&client, port, "", NULL), 0);
    cr_assert_str_eq(program_output(&client), "");
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

/* A line comes back while stdin stays open. */
Test(client, answers_as_it_is_typed, .timeout = 60)
{
    struct program server, client;
    char arguments[32];
    uint16_t port = start_server(&server);

    snprintf(arguments, sizeof(arguments), "--port %d", port);
    cr_assert(program_start(&client, "iterative/client", arguments));
    program_type(&client, "one\n");
    cr_assert(program_says(&client, "one\n"));
    program_type(&client, "two\n");
    cr_assert(program_says(&client, "two\n"));
    program_hang_up(&client);
    cr_assert_eq(program_end(&client, 0), 0);
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

/* More bytes than all buffers on the way hold: a client that only wrote
 * would hang. */
Test(client, sends_and_reads_at_the_same_time, .timeout = 60)
{
    enum { CHUNKS = 40, CHUNK = 1 << 20 };
    static char chunk[CHUNK];
    struct program server, client;
    char arguments[32];
    uint16_t port = start_server(&server);

    snprintf(arguments, sizeof(arguments), "--port %d", port);
    cr_assert(program_start(&client, "iterative/client", arguments));
    for (int i = 0; i < CHUNKS; i++) {
        memset(chunk, 'a' + i % 26, CHUNK);
        for (size_t sent = 0; sent < CHUNK;) {
            ssize_t n = write(client.in, chunk + sent, CHUNK - sent);
            cr_assert(n > 0);
            sent += (size_t)n;
        }
    }
    program_hang_up(&client);
    int copy = dup(client.out);
    cr_assert_eq(program_end(&client, 0), 0);
    cr_assert_eq(lseek(copy, 0, SEEK_END), (off_t)CHUNKS * CHUNK);
    for (int i = 0; i < CHUNKS; i++) {
        cr_assert_eq(pread(copy, chunk, CHUNK, (off_t)i * CHUNK), CHUNK);
        for (size_t at = 0; at < CHUNK; at++)
            cr_assert_eq(chunk[at], 'a' + i % 26);
    }
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

Test(client, traces_each_call, .timeout = 60)
{
    struct program server, client;
    uint16_t port = start_server(&server);

    cr_assert_eq(run(&client, port, "--trace --piece 1 hi", NULL), 0);
    cr_assert(program_says(&client, "send(3, ..., 1) = 1\n"));
    cr_assert(program_says(&client, "shutdown(3, SHUT_WR) = 0\n"));
    cr_assert(program_says(&client, "recv(3, ..., 1024) = 0\n"));
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

static int listen_here(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, length), 0);
    cr_assert_eq(listen(fd, 8), 0);
    getsockname(fd, (struct sockaddr *)&address, &length);
    *port = ntohs(address.sin_port);
    return fd;
}

Test(client, says_what_went_wrong, .timeout = 60)
{
    const struct linger at_once = {.l_onoff = 1};
    struct program client;
    char arguments[32];
    uint16_t port;
    int listener = listen_here(&port);

    snprintf(arguments, sizeof(arguments), "--port %d", port);
    cr_assert(program_start(&client, "iterative/client", arguments));
    int server = accept(listener, NULL, NULL);
    setsockopt(server, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(server); /* a reset */
    cr_assert(program_says(&client, "recv: Connection reset by peer"));
    cr_assert_eq(program_end(&client, 0), 1);

    close(listener);
    cr_assert_eq(run(&client, port, "hi", NULL), 1);
    cr_assert(program_says(&client, "connect: Connection refused"));
    cr_assert_eq(run(&client, 0, "hi", NULL), 2);
    cr_assert(program_says(&client, "from 1 to 65535"));
    cr_assert_eq(run(&client, 1, "--piece 0 hi", NULL), 2);
    cr_assert_eq(run(&client, 1, "--host no.such.host.invalid hi", NULL),
                 1);
    cr_assert(program_says(&client, "--host no.such.host.invalid"));
}

/* --- from a file: send() is asked for 16 MiB at once ------------------ */

enum { FILE_BYTES = 16 << 20 };

/* Starts a shell's pipe: the client on that port, its stdin a file, its
 * stdout into `filter`. */
static FILE *run_on_file(const char *path, uint16_t port,
                         const char *filter)
{
    char command[512];

    snprintf(command, sizeof(command),
             "exec 2>&1; timeout 30 %s/iterative/client --port %d < %s %s",
             launcher_folder(), port, path, filter);
    FILE *out = popen(command, "r");
    cr_assert(out != NULL);
    return out;
}

static void make_file(char *path)
{
    static char bytes[FILE_BYTES];
    int fd = mkstemp(path);

    srandom(1);
    for (size_t i = 0; i < FILE_BYTES; i++)
        bytes[i] = (char)random();
    cr_assert_eq(write(fd, bytes, FILE_BYTES), FILE_BYTES);
    close(fd);
}

/* send() takes a part; a client that waited in it for the rest would hang.
 */
Test(client, sends_a_file, .timeout = 60)
{
    char path[] = "/tmp/suite-client-XXXXXX", filter[64];
    struct program server;

    cr_assert(program_start(&server, "iterative/server", "--port 0"));
    make_file(path);
    snprintf(filter, sizeof(filter), "| cmp - %s", path);
    FILE *out = run_on_file(path, program_port(&server), filter);
    int character = fgetc(out); /* cmp is silent when all is the same */
    cr_assert_eq(pclose(out), 0);
    cr_assert_eq(character, EOF);
    unlink(path);
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}

Test(client, tells_when_not_all_could_be_sent, .timeout = 60)
{
    char path[] = "/tmp/suite-client-XXXXXX", said[256] = "";
    uint16_t port;
    int listener = listen_here(&port);

    make_file(path);
    FILE *out = run_on_file(path, port, "");
    int server = accept(listener, NULL, NULL);
    shutdown(server, SHUT_WR); /* and it reads nothing */
    cr_assert(fgets(said, sizeof(said), out) != NULL);
    cr_assert_eq(WEXITSTATUS(pclose(out)), 1);
    cr_assert(strstr(said, "closed before it was sent everything") != NULL,
              "%s", said);
    unlink(path);
    close(server);
    close(listener);
}

Test(client, prints_what_comes_before_the_end, .timeout = 60)
{
    struct program client;
    char arguments[32], byte;
    uint16_t port;
    int listener = listen_here(&port);

    snprintf(arguments, sizeof(arguments), "--port %d", port);
    cr_assert(program_start(&client, "iterative/client", arguments));
    int server = accept(listener, NULL, NULL);
    program_type(&client, "x");
    cr_assert_eq(recv(server, &byte, 1, 0), 1);
    cr_assert_eq(send(server, "bye", 3, MSG_NOSIGNAL), 3);
    cr_assert(program_says(&client, "bye"));
    close(server);
    cr_assert_eq(program_end(&client, 0), 0); /* all that it had was sent */
    close(listener);
}

/* Output that can't be printed must not count as printed. */
Test(client, a_full_disk_is_told_of, .timeout = 60)
{
    struct program server;
    char command[256], line[128] = "";

    snprintf(command, sizeof(command),
             "%s/iterative/client --port %d hi 2>&1 >/dev/full",
             launcher_folder(), start_server(&server));
    FILE *said = popen(command, "r");
    cr_assert(said != NULL && fgets(line, sizeof(line), said) != NULL);
    cr_assert(strstr(line, "cannot write to stdout: No space") != NULL,
              "%s", line);
    cr_assert_eq(WEXITSTATUS(pclose(said)), 1);
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}
