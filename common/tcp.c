#include "common/tcp.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

/* tcpi_state, as in netinet/tcp.h, which can't be included beside. */
enum { FIN_WAIT_2 = 5 };

bool tcp_look(int fd, struct tcp *tcp)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == -1 ||
        size < offsetof(struct tcp_info, tcpi_dsack_dups))
        return false;
    *tcp = (struct tcp){
        .arrived = info.tcpi_bytes_received,
        .written = info.tcpi_bytes_sent - info.tcpi_bytes_retrans +
                   info.tcpi_notsent_bytes,
        .taken = info.tcpi_bytes_acked,
        .end_taken = info.tcpi_state == FIN_WAIT_2,
        .quiet_ms = info.tcpi_last_data_recv < info.tcpi_last_ack_recv
                        ? info.tcpi_last_data_recv
                        : info.tcpi_last_ack_recv,
    };
    return true;
}

long tcp_queue(int listener)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);

    if (getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size) == -1)
        return 0;
    return info.tcpi_unacked; /* which a listener has no other use for */
}
