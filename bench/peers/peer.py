"""What the Python servers here share: the contract of every echo server.

The stop is that of common/stop.h: shutting a listener wakes a thread that waits in
accept() or for it, shutting a client for reading lets what has arrived be
echoed and then ends its stream in the usual way.
"""
import argparse
import asyncio
import errno
import os
import signal
import socket
import sys

CHUNK = 4096  # bytes: the most that is taken at once
FULL = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

clients = set()  # sockets
children = set()  # process ids
asked = False
cut = 0
_reserve = None  # a descriptor to live on when there is none
_parent = os.getpid()


def start(about):
    """Reads the command line. Returns (options, listener)."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--port", type=int, default=5050, metavar="N",
                        help="listen on port N; 0: the kernel chooses")
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS")
    parser.add_argument("--drain-ms", type=int, default=3000, metavar="MS",
                        help="when stopped, cut clients that have not "
                        "finished after MS ms (default 3000)")
    options = parser.parse_args()
    try:
        return options, _listen(options)
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot listen on {options.host} port {options.port}: "
                 f"{error}")


def _listen(options):
    global _reserve
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind((options.host, options.port))
    listener.listen(socket.SOMAXCONN)
    _reserve = open(os.devnull, "rb")
    return listener


def shut(sock, how):
    try:
        sock.shutdown(how)
    except OSError:
        pass  # it has left by itself


def tell(signo):
    """Sends a signal to the children. Returns how many were still there."""
    told = 0
    for child in list(children):
        try:
            if os.waitid(os.P_PID, child,
                         os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                os.kill(child, signo)
                told += 1
        except ChildProcessError:
            pass  # was waited for at this moment
    return told


def prepare_stop(listener, options, also=lambda: None,
                 handle=signal.signal):
    """Sets the handlers and announces; calls also() when a stop comes."""

    def on_stop(*_):
        global asked
        if asked:
            return
        asked = True
        for client in list(clients):
            shut(client, socket.SHUT_RD)
        if os.getpid() != _parent:
            return
        shut(listener, socket.SHUT_RDWR)
        tell(signal.SIGTERM)
        also()
        signal.setitimer(signal.ITIMER_REAL, max(options.drain_ms, 1) / 1000)

    def on_drain_over(*_):
        global cut
        cut = len(clients) + tell(signal.SIGKILL)
        for client in list(clients):
            shut(client, socket.SHUT_RDWR)

    handle(signal.SIGTERM, on_stop)
    handle(signal.SIGINT, on_stop)
    handle(signal.SIGALRM, on_drain_over)
    print("listening %s:%d" % listener.getsockname()[:2], flush=True)


def accept(listener):
    """The next newcomer, or OSError; out of descriptors, he is closed."""
    global _reserve
    try:
        return listener.accept()
    except OSError as error:
        if error.errno not in FULL or _reserve is None:
            raise
    _reserve.close()
    try:
        listener.accept()[0].close()
    finally:
        _reserve = open(os.devnull, "rb")
    raise BlockingIOError(errno.EAGAIN, "out of descriptors")


def add(client):
    clients.add(client)
    if asked:
        shut(client, socket.SHUT_RD)


_all_left = None


def left():
    """For asyncio: a client is gone; the last one ends a stop."""
    if asked and not clients and not _all_left.done():
        _all_left.set_result(None)


async def serve_asyncio(server, listener, options):
    """Until a stop was asked for and the last client is gone."""
    global _all_left
    loop = asyncio.get_running_loop()
    _all_left = loop.create_future()

    def close():
        loop.remove_reader(listener)
        server.close()
        loop.call_soon(left)

    prepare_stop(listener, options, close, loop.add_signal_handler)
    await _all_left


def finish():
    """Exits: 0, or 1 when clients had to be cut."""
    if cut:
        print(f"cut {cut} that had not finished", file=sys.stderr)
    sys.exit(1 if cut else 0)
