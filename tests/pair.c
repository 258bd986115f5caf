#include "tests/pair.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

int pair_open(int ends[2])
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ends[FAR] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener == -1 || ends[FAR] == -1 ||
        bind(listener, any, size) == -1 || listen(listener, 1) == -1 ||
        getsockname(listener, any, &size) == -1 ||
        connect(ends[FAR], any, size) == -1)
        return -1;
    ends[HERE] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    close(listener);
    return ends[HERE] == -1 ? -1 : 0;
}
