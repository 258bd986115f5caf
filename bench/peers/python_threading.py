#!/usr/bin/env python3
"""Echo server: one thread per client, Python's ThreadingMixIn."""
import socketserver
import threading

import peer


class Talk(socketserver.BaseRequestHandler):
    def handle(self):
        try:
            while data := self.request.recv(peer.CHUNK):
                self.request.sendall(data)
        except OSError:
            pass  # the client failed: done with it


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    def get_request(self):
        client, address = peer.accept(self.socket)
        peer.add(client)
        return client, address

    def shutdown_request(self, request):
        peer.clients.discard(request)
        super().shutdown_request(request)


def main():
    options, listener = peer.start(__doc__)
    server = Server(listener.getsockname(), Talk, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    # shutdown() waits for the loop, so it must not be called from within.
    stopper = threading.Thread(target=server.shutdown)
    peer.prepare_stop(listener, options, stopper.start)
    server.serve_forever()
    server.server_close()  # waits for the threads
    peer.finish()


main()
