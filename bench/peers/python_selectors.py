#!/usr/bin/env python3
"""Echo server: one thread, Python's selectors (epoll)."""
import selectors

import peer

selector = selectors.DefaultSelector()
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


def leave(client):
    selector.unregister(client)
    peer.clients.discard(client)
    client.close()


def advance(client, pending):
    """One step; pending is what was received and is not sent yet."""
    try:
        data = pending or client.recv(peer.CHUNK)
        if not data:
            leave(client)
            return
        rest = data[client.send(data):]
    except BlockingIOError:
        rest = pending or data
    except OSError:
        leave(client)
        return
    if rest or pending:
        selector.modify(client, WRITE if rest else READ, rest)


def welcome(listener):
    try:
        client, _ = peer.accept(listener)
    except OSError:
        if peer.asked:
            selector.unregister(listener)  # readable for good: no more
        return
    client.setblocking(False)
    peer.add(client)
    selector.register(client, READ, b"")


def main():
    options, listener = peer.start(__doc__)
    listener.setblocking(False)
    selector.register(listener, READ)
    peer.prepare_stop(listener, options)
    while selector.get_map() and not (peer.asked and not peer.clients):
        for key, _ in selector.select():
            if key.fileobj is listener:
                welcome(listener)
            else:
                advance(key.fileobj, key.data)
    peer.finish()


main()
