/* A longjmp() from one stack to another looks to its checked variant like
 * an attack. */
#undef _FORTIFY_SOURCE

#include "epoll/coroutine.h"

#include "common/net.h"
#include "common/options.h"
#include "common/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <ucontext.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

enum {
    EVENTS = 64, /* the most to hear of at once; the rest waits */
    SPARES = 64, /* coroutines kept for the next clients */
};

struct coroutine {
    int fd;
    uint32_t watched; /* EPOLLIN or EPOLLOUT */
    bool started, over;
    void (*handler)(int client);
    unsigned char *stack;   /* a page of guard, and COROUTINE_STACK_BYTES */
    jmp_buf here;           /* where it was left */
    struct coroutine *next; /* among the spares */
};

static const struct service *services;
static size_t nservices;
static int epoll_fd;
static struct coroutine **clients; /* by descriptor */
static struct coroutine *running;
static jmp_buf loop; /* where the loop was left for `running` */
static size_t guard_bytes;
static struct coroutine *spares; /* nspares of them */
static int nspares;

/* --- switching stacks ------------------------------------------------- */

/*
 * makecontext() makes the first step onto a new stack. From then on
 * _setjmp() and _longjmp() switch, as in QEMU's coroutines: swapcontext()
 * would do the same with a system call each time, for the signal mask.
 * There and back it took 375 ns and the jumps 14 ns where this was written,
 * beside about 4 us for an echo.
 *
 * AddressSanitizer is told of each switch: these two do nothing else.
 */
static void leave_stack(void **fake, const void *bottom, size_t size)
{
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(fake, bottom, size);
#else
    (void)fake, (void)bottom, (void)size;
#endif
}

static void enter_stack(void *fake, const void **bottom, size_t *size)
{
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(fake, bottom, size);
#else
    (void)fake, (void)bottom, (void)size;
#endif
}

static const void *loop_stack; /* for AddressSanitizer */
static size_t loop_stack_bytes;

/* From a coroutine to the loop; returns when it is its turn again. */
static void give_way(void)
{
    void *fake = NULL;

    if (_setjmp(running->here) == 0) {
        leave_stack(running->over ? NULL : &fake, loop_stack,
                    loop_stack_bytes);
        _longjmp(loop, 1);
    }
    enter_stack(fake, &loop_stack, &loop_stack_bytes);
}

/* A coroutine's life. */
static void run(void)
{
    enter_stack(NULL, &loop_stack, &loop_stack_bytes);
    running->handler(running->fd);
    running->over = true;
    give_way(); /* for good */
}

/* From the loop to a coroutine; returns when that gives way. */
static void resume(struct coroutine *coroutine)
{
    void *fake = NULL;
    ucontext_t start;
    unsigned char *bottom = coroutine->stack + guard_bytes;

    running = coroutine;
    if (_setjmp(loop) == 0) {
        leave_stack(&fake, bottom, COROUTINE_STACK_BYTES);
        if (running->started)
            _longjmp(running->here, 1);
        running->started = true;
        getcontext(&start);
        start.uc_stack.ss_sp = bottom;
        start.uc_stack.ss_size = COROUTINE_STACK_BYTES;
        start.uc_link = NULL;
        makecontext(&start, run, 0);
        setcontext(&start);
    }
    enter_stack(fake, NULL, NULL);
}

/* --- waiting ---------------------------------------------------------- */

/* op is EPOLL_CTL_ADD or EPOLL_CTL_MOD. */
static int watch(int fd, int op, uint32_t what)
{
    struct epoll_event event = {.events = what, .data.fd = fd};

    return epoll_ctl(epoll_fd, op, fd, &event);
}

/* The interest changes only when what we wait for changes. */
static void wait_for(uint32_t what)
{
    if (running->watched != what)
        watch(running->fd, EPOLL_CTL_MOD, what);
    running->watched = what;
    give_way();
}

/* A call returned -1: is it only not the time yet? */
static bool not_yet(void)
{
    return errno == EAGAIN || errno == EINTR;
}

ssize_t coroutine_recv(int client, void *buf, size_t n)
{
    ssize_t received;

    do {
        wait_for(EPOLLIN);
        received = recv(client, buf, n, MSG_DONTWAIT);
    } while (received == -1 && not_yet());
    return received;
}

int coroutine_send_all(int client, const void *data, size_t n)
{
    const unsigned char *next = data;

    while (n > 0) {
        ssize_t sent = send(client, next, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent == -1 && !not_yet())
            return -1;
        if (sent == -1) {
            wait_for(EPOLLOUT);
            continue;
        }
        next += sent;
        n -= (size_t)sent;
    }
    return 0;
}

/* --- clients and loop ------------------------------------------------- */

static void coroutine_free(struct coroutine *coroutine)
{
    if (coroutine->stack != MAP_FAILED)
        munmap(coroutine->stack, guard_bytes + COROUTINE_STACK_BYTES);
    free(coroutine);
}

/* To map and unmap a stack, and to touch its pages first, costs a third of
 * a short connection: so a few are kept. */
static void coroutine_put_by(struct coroutine *coroutine)
{
    if (nspares == SPARES) {
        coroutine_free(coroutine);
        return;
    }
    coroutine->next = spares;
    spares = coroutine;
    nspares++;
}

static struct coroutine *coroutine_new(void)
{
    struct coroutine *coroutine = calloc(1, sizeof(*coroutine));
    if (coroutine == NULL)
        return NULL;
    coroutine->stack = mmap(NULL, guard_bytes + COROUTINE_STACK_BYTES,
                            PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (coroutine->stack == MAP_FAILED ||
        mprotect(coroutine->stack + guard_bytes, COROUTINE_STACK_BYTES,
                 PROT_READ | PROT_WRITE) == -1) {
        coroutine_free(coroutine);
        return NULL;
    }
    return coroutine;
}

/* Returns NULL with errno when there is no memory. */
static struct coroutine *coroutine_get(int client,
                                       void (*handler)(int client))
{
    struct coroutine *coroutine = spares;

    if (coroutine != NULL) {
        spares = coroutine->next;
        nspares--;
    } else {
        coroutine = coroutine_new();
    }
    if (coroutine != NULL)
        *coroutine = (struct coroutine){.fd = client,
                                        .handler = handler,
                                        .watched = EPOLLIN,
                                        .stack = coroutine->stack};
    return coroutine;
}

static void advance(struct coroutine *coroutine)
{
    resume(coroutine);
    if (!coroutine->over)
        return;
    clients[coroutine->fd] = NULL;
    net_close(coroutine->fd);
    coroutine_put_by(coroutine);
}

static void welcome(const struct service *service)
{
    int client = accept4(service->listener, NULL, NULL, SOCK_CLOEXEC);
    if (!net_admit(client, service->listener))
        return;
    struct coroutine *coroutine = coroutine_get(client, service->handler);
    if (coroutine == NULL || watch(client, EPOLL_CTL_ADD, EPOLLIN) == -1) {
        net_turn_away(client, "memory");
        if (coroutine != NULL)
            coroutine_put_by(coroutine);
        return;
    }
    clients[client] = coroutine;
    advance(coroutine); /* up to the first call that waits */
}

static void dispatch(int fd)
{
    if (clients[fd] != NULL)
        advance(clients[fd]);
    else
        for (size_t i = 0; i < nservices; i++)
            if (services[i].listener == fd)
                welcome(&services[i]);
}

void coroutine_serve(const char *name, const struct service *list, size_t n)
{
    struct epoll_event events[EVENTS];

    services = list;
    nservices = n;
    guard_bytes = (size_t)sysconf(_SC_PAGESIZE);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    clients = calloc(net_descriptor_limit(), sizeof(struct coroutine *));
    if (epoll_fd == -1 || clients == NULL)
        fatal_errno(name, "cannot start");
    for (size_t i = 0; i < n; i++) {
        fcntl(services[i].listener, F_SETFL, O_NONBLOCK); /* never wait */
        if (watch(services[i].listener, EPOLL_CTL_ADD, EPOLLIN) == -1)
            fatal_errno(name, "epoll_ctl");
    }
    while (!stop_done()) {
        int ready = epoll_wait(epoll_fd, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) /* ready is -1 after a signal */
            dispatch(events[i].data.fd);
    }
    for (struct coroutine *next; spares != NULL; spares = next) {
        next = spares->next;
        coroutine_free(spares);
    }
    free(clients);
    close(epoll_fd);
}
