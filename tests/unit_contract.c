/*
 * tests/contract: what it says of servers with one fault each, and of
 * checks that come to no end. It runs as its users run it.
 */
#include "common/lab/launcher.h"
#include "tests/command.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Or the suite would take itself for a test of this one. */
static void leave_sandbox(void)
{
    unsetenv("BXFI_MAP");
}

TestSuite(contract, .init = leave_sandbox, .timeout = 120);

static struct command contract;

/* Runs the checks of these names over a server. */
static void judge(const char *server, const char *checks)
{
    char filter[200];
    char *argv[] = {"build/tests/contract", "--filter", filter, NULL};

    snprintf(filter, sizeof(filter), "*/%s", checks);
    setenv("SERVER", server, 1);
    cr_assert(command_run(&contract, argv, 100000) == 0,
              "it did not end; it said: %s", contract.err);
}

/* The same over tests/badserver.c with a fault. */
static void judge_bad(const char *fault, const char *checks)
{
    char command[300];

    snprintf(command, sizeof(command), "'%s/tests/badserver' %s",
             launcher_folder(), fault);
    judge(command, checks);
}

static void assert_says(const char *text)
{
    cr_assert(strstr(contract.err, text) != NULL, "`%s` is not in: %s",
              text, contract.err);
}

Test(contract, passes_a_server_without_fault)
{
    judge_bad("none", "@(echoes_1_MiB|ends_its_stream*|leaves_no_*)");
    cr_assert(WIFEXITED(contract.status) && contract.status == 0, "%s",
              contract.err);
    assert_says("Tested: 5 | Passing: 5");
}

Test(contract, names_the_promise_and_what_it_found)
{
    judge_bad("wrong", "echoes_4096_B");
    cr_assert(WEXITSTATUS(contract.status) == 1);
    assert_says("  server/echoes_4096_B\n    P3: Every byte that ");
    assert_says("    found: the client got byte 1000 back as 0x");
}

Test(contract, notices_a_byte_too_much)
{
    judge_bad("extra", "echoes_1_B");
    assert_says("  server/echoes_1_B\n    P3: Every byte that ");
    assert_says("    found: the client got more back than it had sent");
}

/* A descriptor that stays open is a leak and no end of stream; the other
 * checks ask for the echo. */
Test(contract, fails_no_other_check_for_a_fault)
{
    judge_bad("keep", "@(echoes_*|ends_*|leaves_no_*|keeps_the_*|"
                      "serves_50*|outlives_a_[chr]*)");
    assert_says("Failing: 2 |");
    assert_says("  server/ends_its_stream_after_the_client\n    P4: ");
    assert_says("  server/leaves_no_descriptor\n    P9: ");
}

/* The process of the check, a child of the suite, has a server by now. */
Test(contract, tells_of_a_check_that_died)
{
    static char script[] =
        "build/tests/contract --filter '*/echoes_1_B' &\n"
        "until check=$(cat /proc/$!/task/$!/children) && [ \"$check\" ] "
        "&&\n"
        "  [ \"$(cat /proc/${check% }/task/*/children)\" ]\n"
        "do sleep 0.01; done\n"
        "kill -SEGV $check; wait $!";
    char *argv[] = {"sh", "-c", script, NULL};
    char command[300];

    snprintf(command, sizeof(command), "'%s/tests/badserver' deaf",
             launcher_folder());
    setenv("SERVER", command, 1);
    cr_assert(command_run(&contract, argv, 60000) == 0);
    assert_says("found: the check itself died of signal 11 (Segmentation "
                "fault), behind tests/contract_");
}

/* The new server says the port of one that was left from before. */
Test(contract, tests_no_other_server)
{
    char command[300];
    char *argv[LAUNCH_ARGS];
    uint16_t port;
    struct server stale;

    snprintf(command, sizeof(command), "'%s/tests/badserver' none",
             launcher_folder());
    cr_assert(launcher_split(command, argv, &port) == 0);
    const struct launch_plan plan = {.argv = (const char *const *)argv};
    cr_assert(launcher_start(&stale, &plan) == 0, "%s", stale.error);
    snprintf(command, sizeof(command),
             "sh -c 'echo listening 127.0.0.1:%d; exec sleep 100'",
             stale.ports[0]);
    judge(command, "echoes_1_B");
    launcher_kill(&stale);
    launcher_free_command(argv);
    cr_assert(WEXITSTATUS(contract.status) == 1);
    assert_says("but badserver (pid ");
}

Test(contract, sees_who_listens_on_all_addresses)
{
    char command[300];

    snprintf(command, sizeof(command),
             "sh -c '%s/epoll/server --port 0 --host 0.0.0.0 | "
             "sed -u s/0.0.0.0/127.0.0.1/'",
             launcher_folder());
    judge(command, "@(echoes_1_B|listens_on_loopback_only)");
    assert_says("Failing: 1 |");
    assert_says("found: the server says 127.0.0.1 and listens on every "
                "address of the machine");
}

/* Ours say an address; a stranger's may say a name. */
Test(contract, takes_a_name_for_an_address)
{
    char command[300];

    snprintf(command, sizeof(command),
             "sh -c '%s/epoll/server --port 0 | "
             "sed -u s/127.0.0.1/localhost/'",
             launcher_folder());
    judge(command, "echoes_1_B");
    assert_says("Passing: 1 |");
}
