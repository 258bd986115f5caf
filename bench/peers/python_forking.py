#!/usr/bin/env python3
"""Echo server: one process per client, Python's ForkingMixIn."""
import signal
import socketserver
import threading

import peer

STOPS = {signal.SIGTERM, signal.SIGINT, signal.SIGALRM}


class Talk(socketserver.BaseRequestHandler):
    def setup(self):
        peer.children.clear()  # the parent's
        peer.add(self.request)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def handle(self):
        try:
            while data := self.request.recv(peer.CHUNK):
                self.request.sendall(data)
        except OSError:
            pass  # the client failed: done with it


class Server(socketserver.ForkingMixIn, socketserver.TCPServer):
    max_children = 4096
    active_children = peer.children

    def get_request(self):
        return peer.accept(self.socket)

    def process_request(self, request, client_address):
        # A stop must not come before the child is noted.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
        super().process_request(request, client_address)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)


def main():
    options, listener = peer.start(__doc__)
    server = Server(listener.getsockname(), Talk, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    # shutdown() waits for the loop, so it must not be called from within.
    stopper = threading.Thread(target=server.shutdown)
    peer.prepare_stop(listener, options, stopper.start)
    server.serve_forever()
    server.server_close()  # waits for the children
    peer.finish()


main()
