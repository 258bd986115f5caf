#include "tests/expected.h"

#include <string.h>
#include <sys/select.h>

static const struct {
    const char *model;
    enum property property;
    long value;
} exceptions[] = {
    /* Each of those who talk reads from one client until that has left. */
    {"iterative", AT_ONCE, 1},
    {"forking/prefork", AT_ONCE, 128}, /* children */
    {"threading/pool", AT_ONCE, 128},  /* threads */

    /* accept() waits on one listener alone. */
    {"iterative", PORTS, 1},
    {"forking", PORTS, 1},
    {"forking/prefork", PORTS, 1},
    {"threading", PORTS, 1},
    {"threading/pool", PORTS, 1},

    /* Each poll() of a millisecond that finds nothing is a wake-up, a
     * thousand a second, however many the clients. */
    {"timeout_poll", IDLE_CPU, 25},
    /* Each lap welcomes one newcomer, and takes a millisecond for each idle
     * client: 1000 of them would take minutes to come in. */
    {"timeout_poll", CROWD, 100},

    /* An fd_set has no bit for descriptor FD_SETSIZE and above. */
    {"select", DESCRIPTORS, FD_SETSIZE},
};

long expected_value(const char *model, enum property property, long usual)
{
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
        if (exceptions[i].property == property &&
            strcmp(exceptions[i].model, model) == 0)
            return exceptions[i].value;
    return usual;
}
