#!/usr/bin/env python3
"""Echo server: one thread, Python's asyncio, a coroutine per client."""
import asyncio

import peer


async def talk(reader, writer):
    client = writer.get_extra_info("socket")
    peer.add(client)
    try:
        while data := await reader.read(peer.CHUNK):
            writer.write(data)
            await writer.drain()
        writer.close()
        await writer.wait_closed()
    except OSError:
        writer.close()  # the client failed: done with it
    peer.clients.discard(client)
    peer.left()


async def main():
    options, listener = peer.start(__doc__)
    server = await asyncio.start_server(talk, sock=listener)
    await peer.serve_asyncio(server, listener, options)


asyncio.run(main())
peer.finish()
