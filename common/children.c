#include "common/children.h"

#include "common/census.h"
#include "common/stop.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

/*
 * A table of process ids. A child may end before it is added: its place
 * then holds -pid until children_add() comes for it. SIGCHLD is held while
 * it looks.
 */
static _Atomic pid_t *table;
static size_t nplaces;
static atomic_int told; /* the signal that was sent to all; 0: none yet */
static atomic_long failed;

int children_prepare(long most)
{
    nplaces = (size_t)most;
    table = calloc(nplaces, sizeof(*table));
    return table == NULL ? -1 : 0;
}

/* The place with this in it, or NULL. */
static _Atomic pid_t *find(pid_t pid)
{
    for (size_t i = 0; i < nplaces; i++)
        if (table[i] == pid)
            return &table[i];
    return NULL;
}

/* A free place. A shell may leave children to this process by exec(); when
 * those have filled the table (-pid), one of their places. */
static _Atomic pid_t *find_free(void)
{
    _Atomic pid_t *place = find(0);

    for (size_t i = 0; i < nplaces && place == NULL; i++)
        if (table[i] < 0)
            place = &table[i];
    return place;
}

static void put(pid_t pid)
{
    _Atomic pid_t *place = find_free();

    if (place != NULL)
        *place = pid;
}

void children_add(pid_t pid)
{
    sigset_t child, before;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &child, &before);
    _Atomic pid_t *early = find(-pid);
    if (early != NULL) {
        *early = 0;
    } else {
        put(pid);
        census_enter_child();
        if (told != 0)
            kill(pid, told); /* children_tell() may have been too early */
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void children_remove(pid_t pid, int status)
{
    _Atomic pid_t *place = find(pid);

    if (told != 0 && status != 0)
        failed++;
    if (place == NULL) {
        put(-pid);
        return;
    }
    *place = 0;
    census_leave_child();
}

long children_count(void)
{
    return census_children();
}

long children_wanted(void)
{
    if (told == 0)
        return census_room();
    return census_children() == 0 && stop_has_queue();
}

void children_tell(int signo)
{
    told = signo;
    for (size_t i = 0; i < nplaces; i++) {
        pid_t pid = table[i];
        if (pid > 0)
            kill(pid, signo);
    }
}

long children_failed(void)
{
    return failed;
}

void children_forget(void)
{
    nplaces = 0;
    told = 0;
    failed = 0;
    census_forget_children();
}
