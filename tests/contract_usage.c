/* The command line, and what is said at the start. */
#include "tests/contract.h"

#include "tests/command.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SEED = 51 };

/* Runs the server's command to its end. */
static void run(struct subject *subject, const char *options, uint16_t port,
                struct command *command)
{
    char *argv[LAUNCH_ARGS];

    subject_words(subject, options, port, argv);
    int result = command_run(command, argv, PATIENCE_MS);
    launcher_free_command(argv);
    cr_assert(result == 0,
              "with the options %s, the server did not end "
              "within %d s",
              options, PATIENCE_MS / 1000);
    cr_assert(WIFEXITED(command->status),
              "with the options %s, the server "
              "died of signal %d",
              options, WTERMSIG(command->status));
}

CHECK(says_when_its_port_is_in_use, P16)
{
    static struct command command;
    char port[8];

    snprintf(port, sizeof(port), "%d", subject->server.ports[0]);
    run(subject, "", subject->server.ports[0], &command);
    cr_assert(WEXITSTATUS(command.status) == 1,
              "when its port is in use, "
              "the server ends with status %d in place of 1",
              WEXITSTATUS(command.status));
    cr_assert(strstr(command.err, "ddress already in use") != NULL,
              "when its port is in use, the server does not say so: %s",
              command.err);
    cr_assert(!subject->takes_options || strstr(command.err, port) != NULL,
              "the message does not name port %s: %s", port, command.err);
}

CHECK(refuses_bad_options, P16, .options = "", .by_hand = true)
{
    static const struct {
        const char *options, *option, *value, *accepted;
    } cases[] = {
        {"--port 65536", "--port", "65536", "65535"},
        {"--port -1", "--port", "-1", "65535"},
        {"--port 80x", "--port", "80x", "number"},
        {"--port ''", "--port", "", "number"},
        {"--port ' 80'", "--port", " 80", "number"},
        {"--max-clients 0", "--max-clients", "0", "from 1 to"},
        {"--max-clients many", "--max-clients", "many", "from 1 to"},
        {"--drain-ms -5", "--drain-ms", "-5", "from 0 to"},
        {"--drain-ms 1.5", "--drain-ms", "1.5", "from 0 to"},
        {"--idle-timeout 5", "--idle-timeout", "5", "as in 30s"},
        {"--idle-timeout -1s", "--idle-timeout", "-1s", "as in 30s"},
        {"--idle-timeout 1441min", "--idle-timeout", "1441min", "1440min"},
        {"--work cpu", "--work", "cpu", "cpu:DURATION"},
        {"--work sleep:5", "--work", "sleep:5", "sleep:DURATION"},
        {"--work sleep:11s", "--work", "sleep:11s", "10s"},
        {"--nonsense", "--nonsense", "", ""},
        {"--port", "--port", "", "argument"},
        {"5050", "5050", "", "only options"},
    };
    static struct command command;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        run(subject, cases[i].options, 0, &command);
        cr_assert(WEXITSTATUS(command.status) == EXIT_USAGE,
                  "with %s, the server ends with status %d in place of %d",
                  cases[i].options, WEXITSTATUS(command.status),
                  EXIT_USAGE);
        cr_assert(strstr(command.err, cases[i].option) != NULL &&
                      strstr(command.err, cases[i].value) != NULL &&
                      strstr(command.err, cases[i].accepted) != NULL,
                  "with %s, the message should name %s, %s and what is "
                  "accepted (%s): %s",
                  cases[i].options, cases[i].option, cases[i].value,
                  cases[i].accepted, command.err);
        cr_assert(command.out[0] == '\0', "a message went to stdout: %s",
                  command.out);
    }
}

CHECK(refuses_a_host_that_is_not_its_own, P16, .options = "",
      .by_hand = true)
{
    static struct command command;

    run(subject, "--host 192.0.2.1", 0, &command); /* RFC 5737: not ours */
    cr_assert(WEXITSTATUS(command.status) == 1 &&
                  strstr(command.err, "192.0.2.1") != NULL,
              "with an address that is not this machine's, the server ends "
              "with status %d and says: %s",
              WEXITSTATUS(command.status), command.err);
    run(subject, "--host no.such.host.invalid", 0, &command);
    cr_assert(
        WEXITSTATUS(command.status) == 1 &&
            strstr(command.err, "no.such.host.invalid") != NULL,
        "with a host that does not exist, the server ends with status "
        "%d and says: %s",
        WEXITSTATUS(command.status), command.err);
}

CHECK(explains_itself, P16, .options = "", .by_hand = true)
{
    static const char *const words[] = {
        "--port",     "--host", "--max-clients",
        "--drain-ms", "--work", "--idle-timeout",
    };
    static struct command command;

    run(subject, "--help", 0, &command);
    cr_assert(command.status == 0, "--help does not end with status 0");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        cr_assert(strstr(command.out, words[i] + 2) != NULL,
                  "--help does not mention %s", words[i]);
    run(subject, "--version", 0, &command);
    cr_assert(command.status == 0 && strstr(command.out, SUITE_VERSION),
              "--version does not print the version %s on stdout: %s",
              SUITE_VERSION, command.out);
}

CHECK(listens_on_several_ports, P1, .options = "", .by_hand = true)
{
    static struct command command;

    if (expected_value(subject->like, PORTS, MAX_PORTS) == 1) {
        run(subject, "--port 0", 0, &command);
        cr_assert(WEXITSTATUS(command.status) == EXIT_USAGE &&
                      strstr(command.err, "epoll") != NULL,
                  "with two ports, which it can't wait on, the server "
                  "should name the models that can; it ends with status %d "
                  "and says: %s",
                  WEXITSTATUS(command.status), command.err);
        return;
    }
    const struct launch_plan plan = {.nports = 3};
    subject_start(subject, "--port 0 --port 0", &plan, 0);
    subject_warm_up(subject);
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = client_connect(subject->server.host,
                                subject->server.ports[i]);
        cr_assert(fds[i] != -1, "cannot connect to the %d. port", i + 1);
    }
    for (int i = 2; i >= 0; i--) {
        expect(client_echo(fds[i], 100000, SEED + (unsigned)i),
               "on the %d. of 3 ports, a client", i + 1);
        close(fds[i]);
    }
}

static bool have_ipv6(void)
{
    const struct sockaddr_in6 loopback = {
        .sin6_family = AF_INET6,
        .sin6_addr = IN6ADDR_LOOPBACK_INIT,
    };
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool have = fd != -1 && bind(fd, (const struct sockaddr *)&loopback,
                                 sizeof(loopback)) == 0;

    if (fd != -1)
        close(fd);
    return have;
}

CHECK(listens_on_IPv6, P1, .options = "", .by_hand = true)
{
    if (!have_ipv6())
        cr_skip_test("no IPv6 here");
    subject_start(subject, "--host ::1", NULL, 0);
    cr_assert(strcmp(subject->server.host, "::1") == 0,
              "with --host ::1, the server says that it listens on %s",
              subject->server.host);
    subject_warm_up(subject);
    subject_serves(subject, "a first one over IPv6");
}

CHECK(listens_on_loopback_only, P1)
{
    cr_assert(strcmp(subject->server.host, "127.0.0.1") == 0,
              "unless told otherwise, the server should listen on "
              "127.0.0.1 alone; it listens on %s",
              subject->server.host);
    cr_assert(subject->server.note[0] == '\0', "the server %s",
              subject->server.note);
}
