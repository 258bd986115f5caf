#!/usr/bin/env python3
"""Echo server: one thread, Python's asyncio, a Protocol per client."""
import asyncio

import peer


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.client = transport.get_extra_info("socket")
        peer.add(self.client)

    def data_received(self, data):
        self.transport.write(data)

    def pause_writing(self):  # don't read from a client that does not read
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()

    def connection_lost(self, error):
        peer.clients.discard(self.client)
        peer.left()


async def main():
    options, listener = peer.start(__doc__)
    server = await asyncio.get_running_loop().create_server(
        Echo, sock=listener)
    await peer.serve_asyncio(server, listener, options)


asyncio.run(main())
peer.finish()
