/* common/census: which clients are here, and how many. */
#include "common/census.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>

TestSuite(census, .timeout = 60);

Test(census, a_client_leaves_once)
{
    cr_assert(census_prepare(10) == 0);
    cr_assert(census_enter(0) == 0 && census_count() == 1);
    census_leave(0);
    census_leave(0);
    cr_assert(census_count() == 0);
}

Test(census, children_count_as_clients)
{
    cr_assert(census_prepare(3) == 0);
    census_enter_child();
    cr_assert(census_enter(0) == 0);
    cr_assert(census_count() == 2 && census_children() == 1);
    cr_assert(census_room() == 1);
    census_forget_children();
    cr_assert(census_count() == 1 && census_children() == 0);
}

Test(census, it_ends_at_the_descriptor_limit)
{
    const struct rlimit few = {64, 64};

    cr_assert(setrlimit(RLIMIT_NOFILE, &few) == 0);
    cr_assert(census_prepare(10) == 0);
    cr_assert(census_descriptor_limit() == 64);
    cr_assert(census_enter(63) == 0);
    errno = 0;
    cr_assert(census_enter(64) == -1 && errno == EMFILE);
    cr_assert(census_count() == 1);
    census_leave(64); /* as net_admit() does, which closes it */
    cr_assert(census_count() == 1);
}

Test(census, it_ends_at_the_limit)
{
    cr_assert(census_prepare(1) == 0);
    cr_assert(census_enter(5) == 0);
    errno = 0;
    cr_assert(census_enter(6) == -1 && errno == EUSERS);
    cr_assert(census_count() == 1);
    census_leave(6);
    cr_assert(census_count() == 1);
    census_leave(5);
    cr_assert(census_enter(6) == 0);
}

static int looks, last;

static void look(int fd, struct memory *memory)
{
    looks++;
    last = fd;
    memory->moved++;
    cr_assert(memory->moved == 1, "a newcomer has no past");
}

Test(census, each_that_is_here_is_shown)
{
    cr_assert(census_prepare(10) == 0);
    census_enter(3);
    census_enter(7);
    census_leave(3);
    census_each(look);
    cr_assert(looks == 1 && last == 7);
    census_leave(7);
    census_enter(7);
    census_each(look);
    cr_assert(looks == 2);
}

static bool two_are_here(void)
{
    return census_count() == 2;
}

static void *leave(void *arg)
{
    census_leave(1);
    return arg;
}

Test(census, a_leave_ends_the_wait)
{
    pthread_t thread;

    cr_assert(census_prepare(10) == 0);
    census_enter(1);
    census_enter(2);
    cr_assert(pthread_create(&thread, NULL, leave, NULL) == 0);
    census_wait(two_are_here);
    cr_assert(census_count() == 1);
    pthread_join(thread, NULL);
}
