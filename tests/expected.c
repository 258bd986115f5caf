#include "tests/expected.h"

#include <limits.h>
#include <string.h>
#include <sys/select.h>

#define BLOCKS                                                          \
    "a blocking call says EAGAIN only when it has waited long enough: " \
    "its client is closed"

static const struct exception {
    const char *model;
    enum property property;
    long value;
    const char *reason;
} exceptions[] = {
    {"iterative", AT_ONCE, 1,
     "talks to one client until that has left; the others wait"},
    {"forking/prefork", AT_ONCE, 128,
     "128 children, each of which talks to one client until that has left; "
     "the others wait"},
    {"threading/pool", AT_ONCE, 128,
     "128 threads, each of which talks to one client until that has left; "
     "the others wait"},

    {"iterative", PORTS, 1, "accept() waits on one listener alone"},
    {"forking", PORTS, 1, "accept() waits on one listener alone"},
    {"forking/prefork", PORTS, 1, "accept() waits on one listener alone"},
    {"threading", PORTS, 1, "accept() waits on one listener alone"},
    {"threading/pool", PORTS, 1, "accept() waits on one listener alone"},

    {"timeout_poll", IDLE_CPU, 25,
     "each poll() of a millisecond that finds nothing is a wake-up, a "
     "thousand a second, however many the clients"},
    {"timeout_poll", CROWD, 100,
     "each lap welcomes one newcomer, and takes a millisecond for each "
     "idle client: 1000 would take minutes to come in, so 100 come"},

    {"select", DESCRIPTORS, FD_SETSIZE,
     "an fd_set has no bit for descriptor FD_SETSIZE and above: a client "
     "that comes then is closed"},

    {"iterative", ON_EAGAIN, EAGAIN_CLOSES, BLOCKS},
    {"forking", ON_EAGAIN, EAGAIN_CLOSES, BLOCKS},
    {"forking/prefork", ON_EAGAIN, EAGAIN_CLOSES, BLOCKS},
    {"threading", ON_EAGAIN, EAGAIN_CLOSES, BLOCKS},
    {"threading/pool", ON_EAGAIN, EAGAIN_CLOSES, BLOCKS},
    {"epoll/edge", ON_EAGAIN, EAGAIN_WAITS,
     "EAGAIN is the kernel's word that it will tell of more: one that is "
     "not true is believed until more comes"},

    {"forking/prefork", FIRST_TASKS, -1,
     "without its first child nobody would be served: it says why it can't "
     "start, and exits with 1"},
    {"threading/pool", FIRST_TASKS, -1,
     "without its first thread nobody would be served: it says why it "
     "can't start, and exits with 1"},
    {"epoll/loops", FIRST_TASKS, -LONG_MAX,
     "each loop has a share of the newcomers: when one is missing it says "
     "why it can't start, and exits with 1"},

    {"epoll/uring", CALLS, 0,
     "asks by io_uring: makes no such system call"},
};

static const struct exception *find(const char *model,
                                    enum property property)
{
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
        if (exceptions[i].property == property &&
            strcmp(exceptions[i].model, model) == 0)
            return &exceptions[i];
    return NULL;
}

long expected_value(const char *model, enum property property, long usual)
{
    const struct exception *exception = find(model, property);

    return exception != NULL ? exception->value : usual;
}

const char *expected_reason(const char *model, enum property property)
{
    const struct exception *exception = find(model, property);

    return exception != NULL ? exception->reason : NULL;
}
