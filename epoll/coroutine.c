/* A longjmp() from one stack to another looks to its checked variant like
 * an attack. */
#undef _FORTIFY_SOURCE

#include "epoll/coroutine.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <ucontext.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

enum {
    SPARES = 64, /* coroutines that are kept to be used again */
    MAPPED_BYTES = COROUTINE_GUARD_BYTES + COROUTINE_STACK_BYTES,
    SELF_BYTES = 1024, /* for struct coroutine, above its stack */
    STACK_BYTES = COROUTINE_STACK_BYTES - SELF_BYTES,
};

struct coroutine {
    void (*run)(int argument);
    int argument;
    bool begun, over;
    unsigned char *stack; /* its lowest byte, above the guard */
    jmp_buf here;         /* where it gave way */

    /* Whoever resumed it: where that goes on; the coroutine that it is, or
     * NULL; and its stack, for AddressSanitizer. */
    jmp_buf back;
    struct coroutine *resumer;
    const void *back_stack;
    size_t back_bytes;
};

_Static_assert(sizeof(struct coroutine) <= SELF_BYTES, "it has its place");

static struct coroutine *running;
static struct coroutine *spares[SPARES]; /* nspares of them */
static int nspares;

/* --- switching stacks ------------------------------------------------- */

/* AddressSanitizer is told of each switch, before and after it. */
static void leave_stack(void **fake, const void *bottom, size_t bytes)
{
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(fake, bottom, bytes);
#else
    (void)fake, (void)bottom, (void)bytes;
#endif
}

static void enter_stack(void *fake, const void **bottom, size_t *bytes)
{
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(fake, bottom, bytes);
#else
    (void)fake, (void)bottom, (void)bytes;
#endif
}

/* In both functions that jump, no variable changes between _setjmp() and
 * its second return: C would leave the value open. */
void coroutine_give_way(void)
{
    struct coroutine *me = running;
    void *fake = NULL;

    leave_stack(me->over ? NULL : &fake, me->back_stack, me->back_bytes);
    if (_setjmp(me->here) == 0)
        _longjmp(me->back, 1);
    enter_stack(fake, &me->back_stack, &me->back_bytes);
}

/* A coroutine's life. */
static void live(void)
{
    enter_stack(NULL, &running->back_stack, &running->back_bytes);
    running->run(running->argument);
    running->over = true;
    coroutine_give_way(); /* it never comes back */
}

/*
 * The first step onto a new stack. From then on _setjmp() and _longjmp()
 * switch, as in QEMU's coroutines: swapcontext() would do the same with a
 * system call each time, for the signal mask. There and back it took 375 ns
 * and the jumps 14 ns where this was written, beside about 4 us for an
 * echo.
 */
static void begin(struct coroutine *coroutine)
{
    ucontext_t start;

    coroutine->begun = true;
    getcontext(&start);
    start.uc_stack.ss_sp = coroutine->stack;
    start.uc_stack.ss_size = STACK_BYTES;
    start.uc_link = NULL;
    makecontext(&start, live, 0);
    setcontext(&start);
}

/* --- coroutines ------------------------------------------------------- */

/* Returns NULL with errno when there is no memory. */
static struct coroutine *coroutine_new(void)
{
    unsigned char *guard = mmap(NULL, MAPPED_BYTES, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (guard == MAP_FAILED)
        return NULL;
    unsigned char *stack = guard + COROUTINE_GUARD_BYTES;
    if (mprotect(stack, COROUTINE_STACK_BYTES, PROT_READ | PROT_WRITE) ==
        -1) {
        munmap(guard, MAPPED_BYTES);
        return NULL;
    }
    void *top = stack + STACK_BYTES; /* in a page that is used anyway */
    struct coroutine *coroutine = top;
    coroutine->stack = stack;
    return coroutine;
}

/* Mapping a stack, and touching its pages for the first time, is a third of
 * the cost of a short connection: so some are kept. */
static void put_by(struct coroutine *coroutine)
{
    if (nspares < SPARES)
        spares[nspares++] = coroutine;
    else
        munmap(coroutine->stack - COROUTINE_GUARD_BYTES, MAPPED_BYTES);
}

int coroutine_start(void (*run)(int argument), int argument)
{
    struct coroutine *coroutine = nspares > 0 ? spares[--nspares]
                                              : coroutine_new();
    if (coroutine == NULL)
        return -1;
    coroutine->run = run;
    coroutine->argument = argument;
    coroutine->begun = coroutine->over = false;
    coroutine_resume(coroutine);
    return 0;
}

struct coroutine *coroutine_running(void)
{
    return running;
}

void coroutine_resume(struct coroutine *coroutine)
{
    void *fake = NULL;

    coroutine->resumer = running;
    running = coroutine;
    leave_stack(&fake, coroutine->stack, STACK_BYTES);
    if (_setjmp(coroutine->back) == 0) {
        if (coroutine->begun)
            _longjmp(coroutine->here, 1);
        begin(coroutine);
    }
    enter_stack(fake, NULL, NULL);
    running = coroutine->resumer;
    if (coroutine->over)
        put_by(coroutine);
}
