#include "tests/expected.h"

#include <string.h>
#include <sys/select.h>

#define ONE_ACCEPT "accept() waits on one listener alone"

const struct exception exceptions[] = {
    {"iterative", AT_ONCE, 1,
     "it reads from one client until that client has left"},
    {"forking/prefork", AT_ONCE, 128,
     "it has 128 children, each of which reads from one client until that "
     "client has left"},
    {"threading/pool", AT_ONCE, 128,
     "it has 128 threads, each of which reads from one client until that "
     "client has left"},
    {"iterative", PORTS, 1, ONE_ACCEPT},
    {"forking", PORTS, 1, ONE_ACCEPT},
    {"forking/prefork", PORTS, 1, ONE_ACCEPT},
    {"threading", PORTS, 1, ONE_ACCEPT},
    {"threading/pool", PORTS, 1, ONE_ACCEPT},
    {"timeout_poll", IDLE_CPU, 25,
     "each poll() of a millisecond that finds nothing is a wake-up, a "
     "thousand a second, however many the clients"},
    {"timeout_poll", CROWD, 100,
     "each lap welcomes one newcomer, and takes a millisecond for each idle "
     "client: 1000 of them would take minutes to come in"},
    {"select", DESCRIPTORS, FD_SETSIZE,
     "an fd_set has no bit for descriptor FD_SETSIZE and above"},
    {0},
};

const struct exception *expected_find(const char *model,
                                      enum property property)
{
    for (const struct exception *e = exceptions; e->model != NULL; e++)
        if (e->property == property && strcmp(e->model, model) == 0)
            return e;
    return NULL;
}

long expected_value(const char *model, enum property property, long usual)
{
    const struct exception *exception = expected_find(model, property);

    return exception != NULL ? exception->value : usual;
}
