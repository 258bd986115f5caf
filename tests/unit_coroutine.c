/* epoll/coroutine: turns, stacks and their end. */
#include "common/clock.h"
#include "common/lab/launcher.h"
#include "epoll/coroutine.h"
#include "tests/program.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static char trace[64]; /* what was done, a letter each, in order */

static void note(char what)
{
    trace[strlen(trace)] = what;
}

static struct coroutine *started[3];

/* Three steps, and a variable of its own that counts them. */
static void walk(int name)
{
    started[name] = coroutine_running();
    for (int step = 0; step < 3; step++) {
        note((char)('a' + 3 * name + step));
        if (step < 2)
            coroutine_give_way();
    }
}

Test(coroutine, each_goes_on_where_it_stood, .timeout = 30)
{
    cr_assert_null(coroutine_running());
    for (int i = 0; i < 3; i++)
        cr_assert_eq(coroutine_start(walk, i), 0);
    for (int round = 0; round < 2; round++)
        for (int i = 2; i >= 0; i--)
            coroutine_resume(started[i]);
    cr_assert_str_eq(trace, "adghebifc");
    cr_assert_null(coroutine_running());
}

static void start_another(int depth)
{
    struct coroutine *me = coroutine_running();

    note((char)('0' + depth));
    if (depth < 3)
        cr_assert_eq(coroutine_start(start_another, depth + 1), 0);
    cr_assert_eq(coroutine_running(), me);
    note((char)('0' + depth));
}

Test(coroutine, one_can_start_another, .timeout = 30)
{
    cr_assert_eq(coroutine_start(start_another, 1), 0);
    cr_assert_str_eq(trace, "123321");
}

/* A thousand lives on the stacks of those that are over. */
Test(coroutine, a_stack_is_used_again, .timeout = 30)
{
    for (int i = 0; i < 1000; i++) {
        memset(trace, 0, sizeof(trace));
        cr_assert_eq(coroutine_start(walk, 0), 0);
        coroutine_resume(started[0]);
        coroutine_resume(started[0]);
        cr_assert_str_eq(trace, "abc");
    }
}

Test(coroutine, without_memory_it_does_not_start, .timeout = 30)
{
    const struct rlimit none = {.rlim_max = RLIM_INFINITY};
    struct rlimit before;

    getrlimit(RLIMIT_AS, &before);
    setrlimit(RLIMIT_AS, &none);
    int result = coroutine_start(walk, 0);
    setrlimit(RLIMIT_AS, &before);
    cr_assert_eq(result, -1);
    cr_assert_str_eq(trace, "");
}

/* --- the end of a stack -------------------------------------------------
 */

enum {
    NEIGHBOURS = 4,
    HELD_BYTES = COROUTINE_STACK_BYTES - 16 * 1024,
    /* To the middle of the stack that lies below. */
    FAR_BYTES = COROUTINE_STACK_BYTES + COROUTINE_GUARD_BYTES +
                COROUTINE_STACK_BYTES / 2,
};

static const volatile unsigned char *held[NEIGHBOURS];

/* Most of a stack is a buffer of zeros. */
static void hold_a_buffer(int i)
{
    unsigned char buffer[HELD_BYTES];

    explicit_bzero(buffer, sizeof(buffer));
    held[i] = buffer;
    coroutine_give_way();
}

/* Dies of SIGSEGV as it should, unless a neighbour was written to. */
static void look_at_neighbours(int signo)
{
    for (int i = 0; i < NEIGHBOURS; i++)
        for (size_t at = 0; at < HELD_BYTES; at++)
            if (held[i] == NULL || held[i][at] != 0)
                _exit(1);
    signal(signo, SIG_DFL);
}

/* Runs it between neighbours: whichever way the system maps stacks, one of
 * them lies below. */
static void run_among_neighbours(void (*run)(int))
{
    static unsigned char memory[65536];
    const stack_t other = {.ss_sp = memory, .ss_size = sizeof(memory)};
    const struct sigaction act = {.sa_handler = look_at_neighbours,
                                  .sa_flags = SA_ONSTACK};

    sigaltstack(&other, NULL);
    sigaction(SIGSEGV, &act, NULL);
    for (int i = 0; i < NEIGHBOURS / 2; i++)
        cr_assert_eq(coroutine_start(hold_a_buffer, i), 0);
    cr_assert_eq(coroutine_start(run, 0), 0);
    for (int i = NEIGHBOURS / 2; i < NEIGHBOURS; i++)
        cr_assert_eq(coroutine_start(hold_a_buffer, i), 0);
    coroutine_resume(started[0]);
}

/* Uses up so many KiB of stack. */
/* NOLINTNEXTLINE(misc-no-recursion): that is what it is for */
static int dig(volatile char *above, int depth)
{
    volatile char here[1024];

    here[0] = *above;
    return depth == 0 ? here[0] : dig(here, depth - 1) + here[0];
}

static void dig_deep(int ignored)
{
    volatile char byte = 1;

    (void)ignored;
    started[0] = coroutine_running();
    coroutine_give_way();
    dig(&byte, FAR_BYTES / 1024);
}

static void touch(char *byte)
{
    *byte = 1;
}

static void (*volatile touch_it)(char *) = touch;

/* One frame that is larger than stack and guard, touched at its end. */
static void leap(void)
{
    char frame[FAR_BYTES];

    touch_it(frame);
}

/* Called by way of these, or a compiler would lay the frames out anew. */
static void (*volatile leap_it)(void) = leap;

static void leap_far(int ignored)
{
    (void)ignored;
    started[0] = coroutine_running();
    coroutine_give_way();
    leap_it();
}

Test(coroutine, many_frames_end_at_the_guard, .signal = SIGSEGV,
     .timeout = 30)
{
    run_among_neighbours(dig_deep);
}

Test(coroutine, a_large_frame_ends_at_the_guard, .signal = SIGSEGV,
     .timeout = 30)
{
    run_among_neighbours(leap_far);
}

/* --- the server ---------------------------------------------------------
 */

static char reply[65536];

static long memory_kib(pid_t pid)
{
    char path[64], line[128];
    long kib = -1;

    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "Pss: %ld", &kib) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return kib;
}

/* As coroutine.h says: 83 MB for 10,000; a sanitizer takes more. */
Test(coroutine, server_holds_ten_thousand_clients, .timeout = 120)
{
    enum { MOST = 10000 };
    static int fds[MOST];
    bool sanitized = strstr(launcher_folder(), "address") != NULL;
    struct program server;
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    int n = limit.rlim_cur > MOST + 100 ? MOST : (int)limit.rlim_cur - 100;
    cr_assert(program_start(&server, "epoll/coroutine_server", "--port 0"));
    uint16_t port = program_port(&server);
    long before_kib = memory_kib(server.pid);
    for (int i = 0; i < n; i++) {
        cr_assert_geq(fds[i] = program_dial(port), 0, "client %d", i);
        cr_assert_eq(send(fds[i], reply, 4096, MSG_NOSIGNAL), 4096);
    }
    for (int i = 0; i < n; i++)
        cr_assert_eq(recv(fds[i], reply, 4096, MSG_WAITALL), 4096);
    long each_bytes = (memory_kib(server.pid) - before_kib) * 1024 / n;
    cr_assert(each_bytes < 10000 || sanitized, "%ld bytes", each_bytes);
    for (int i = 0; i < n; i++)
        close(fds[i]);
    int64_t deadline_ms = clock_now_ms() + PROGRAM_PATIENCE_MS;
    while (memory_kib(server.pid) > before_kib + 10000 && !sanitized) {
        cr_assert_lt(clock_now_ms(), deadline_ms, "not given back");
        clock_rest_ms(10);
    }
    cr_assert_eq(program_end(&server, SIGTERM), 0);
}
