/* common/lab/proc: what /proc says, and what it may say. */
#include "common/lab/proc.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

TestSuite(proc, .timeout = 20);

Test(proc, reads_a_line_of_stat)
{
    struct proc_stat stat;

    cr_assert(
        proc_parse_stat(
            "42 (epoll) S 7 42 42 0 -1 4194304 100 200 0 0 11 12 13 14 "
            "20 0 3 0 12345 1000 200",
            &stat) == 0);
    cr_assert(stat.pid == 42 && stat.parent == 7 && stat.group == 42);
    cr_assert(stat.user_ticks == 11 && stat.system_ticks == 12);
    cr_assert(stat.child_user_ticks == 13 && stat.child_system_ticks == 14);
    cr_assert(stat.tasks == 3);
}

Test(proc, is_not_led_astray_by_a_name)
{
    struct proc_stat stat;

    cr_assert(
        proc_parse_stat(
            "42 (a) R 1 (b) c) S 7 42 42 0 -1 0 0 0 0 0 1 2 3 4 20 0 1 0 "
            "5",
            &stat) == 0);
    cr_assert(stat.parent == 7 && stat.tasks == 1);
}

Test(proc, refuses_what_is_no_stat)
{
    static const char *const bad[] = {
        "", "42", "42 (x", "42 (x)", "42 (x) S 1 2", "x (y) S 1"};
    struct proc_stat stat;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert(proc_parse_stat(bad[i], &stat) == -1, "%s", bad[i]);
}

Test(proc, reads_the_machine)
{
    uint64_t busy, steal, bytes;

    cr_assert(
        proc_parse_cpu("cpu  1 2 3 400 50 6 7 8 0 0", &busy, &steal) == 0);
    cr_assert(busy == 1 + 2 + 3 + 6 + 7 && steal == 8);
    cr_assert(proc_parse_cpu("intr 5", &busy, &steal) == -1);
    cr_assert(proc_parse_cpu("cpu 1 2", &busy, &steal) == -1);
    cr_assert(
        proc_parse_loopback("    lo: 914196134   88309 0 0", &bytes) == 0);
    cr_assert(bytes == 914196134);
    cr_assert(proc_parse_loopback("  eth0: 1 2 3", &bytes) == -1);
}

static void use_cpu(double seconds)
{
    struct timespec used;

    do {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    } while ((double)used.tv_sec + (double)used.tv_nsec / 1e9 < seconds);
}

/* A child that has a child, each of which used 60 ms of CPU; one has died.
 */
static pid_t start_family(int ready)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    setpgid(0, 0);
    pid_t dead = fork();
    if (dead == 0) {
        use_cpu(0.06);
        _exit(0);
    }
    waitpid(dead, NULL, 0);
    if (fork() == 0) {
        use_cpu(0.06);
        if (write(ready, "", 1) == 1)
            pause();
        _exit(0);
    }
    pause();
    _exit(0);
}

Test(proc, adds_up_a_family_with_its_dead)
{
    struct proc_tree tree;
    int ends[2];
    char byte;

    cr_assert(pipe(ends) == 0);
    pid_t pid = start_family(ends[1]);
    cr_assert(read(ends[0], &byte, 1) == 1);
    cr_assert(proc_find(pid, &tree) == 0);
    uint64_t cpu_ns = proc_cpu_ns(&tree);
    uint64_t kib = proc_pss_kib(&tree);
    kill(-pid, SIGKILL);
    waitpid(pid, NULL, 0);
    cr_assert(tree.n == 2 && tree.tasks == 2 && tree.pids[0] == pid);
    cr_assert(cpu_ns >= 100000000 && cpu_ns < 400000000, "%lu ns",
              (unsigned long)cpu_ns);
    cr_assert(kib > 0 && kib < 100000);
    proc_forget(&tree);
    cr_assert(proc_find(pid, &tree) == -1);
}

/* A process that has done nothing but compute has run. */
Test(proc, knows_how_long_tasks_ran)
{
    struct proc_tree tree;
    struct proc_schedule before, after;

    cr_assert(proc_find(getpid(), &tree) == 0);
    proc_read_schedule(&tree, &before);
    uint64_t end_ns = proc_cpu_ns(&tree) + 50000000;
    while (proc_cpu_ns(&tree) < end_ns)
        ;
    proc_read_schedule(&tree, &after);
    cr_assert(after.ran_ns - before.ran_ns >= 40000000, "%lu ns",
              (unsigned long)(after.ran_ns - before.ran_ns));
    cr_assert(after.waited_ns >= before.waited_ns);
    proc_forget(&tree);
}
