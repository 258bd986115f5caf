/*
 * Loaded before libc (LD_PRELOAD): the name "two.test" has two addresses,
 * 127.0.0.2 and then 127.0.0.1, whatever /etc/hosts and DNS say.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

typedef int resolver(const char *, const char *, const struct addrinfo *,
                     struct addrinfo **);

int getaddrinfo(const char *host, const char *service,
                const struct addrinfo *hints, struct addrinfo **found)
{
    resolver *libc;

    /* ISO C has no cast from an object's address to a function's. */
    *(void **)&libc = dlsym(RTLD_NEXT, "getaddrinfo");
    if (host == NULL || strcmp(host, "two.test") != 0)
        return libc(host, service, hints, found);
    int error = libc("127.0.0.2", service, hints, found);
    struct addrinfo *last = error == 0 ? *found : NULL;
    while (last != NULL && last->ai_next != NULL)
        last = last->ai_next;
    /* glibc's freeaddrinfo() takes each entry by itself. */
    return last == NULL ? error
                        : libc("127.0.0.1", service, hints, &last->ai_next);
}
