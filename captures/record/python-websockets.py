"""Record python-websockets.pcapng: server and clients of the `websockets` library.

The server answers each, and tells the other guests what it was told. One client
closes its connection, the other one is closed as the server stops.
"""

import asyncio
import json
import sys
from pathlib import Path

import websockets

from capturing import Capture, free_port
from logged_channel import LoggedChannel, SECONDS
from message_log import MessageLog, opcode_of

PATH = "/rooms/1?lang=de"
SUBPROTOCOLS = ["rooms.v2", "rooms.v1"]


def main(folder):
    capture = Path(folder) / "python-websockets.pcapng"
    log = MessageLog(capture, control="complete")
    port = free_port()
    with Capture(capture, port):
        asyncio.run(record(port, log))
    log.write()


async def record(port, log):
    server = await websockets.serve(
        lambda channel: serve(channel, log, server), "127.0.0.1", port, compression=None,
        subprotocols=SUBPROTOCOLS[1:])
    uri = f"ws://127.0.0.1:{port}{PATH}"
    connect = {"compression": None, "subprotocols": SUBPROTOCOLS, "origin": "http://example.com"}
    async with websockets.connect(uri, **connect) as listening:
        listener = asyncio.create_task(listen(LoggedChannel(listening, "client", log)))
        async with websockets.connect(uri, **connect) as talking:
            await talk(LoggedChannel(talking, "client", log))
        server.close()
        await asyncio.wait_for(listener, SECONDS)
    await server.wait_closed()


async def serve(channel, log, server):
    guest = LoggedChannel(channel, "server", log)
    log.connection(guest.client, channel.local_address, PATH, channel.subprotocol, end="closed")
    async for message in guest:
        others = [other for other in server.connections if other is not channel]
        for other in others:
            log.sent("server", other.remote_address, opcode_of(message), message)
        websockets.broadcast(others, message)
        await guest.send(json.dumps({"heard": len(message), "told": len(others)}))
        if message == "ping me":
            await guest.ping(b"as you wish")
    guest.log_closes()


async def talk(guest):
    async def say(message):
        await guest.send(message)
        await guest.receive()

    await say(json.dumps({"join": "room 1", "name": "Zoë"}, ensure_ascii=False))
    await say("")
    await say(bytes(range(256)) * 8)
    await guest.ping(b"are you there?")
    await guest.send_in_fragments(["one, ", "two, ", "drei, ", "四"])
    await guest.receive()
    await guest.send_in_fragments([b"\x00" * 300, b"\xff" * 300])
    await guest.receive()
    await guest.ping(b"")
    await say("ping me")
    await guest.channel.close(4001, "tschüß")
    guest.log_closes()


async def listen(guest):
    async for _ in guest:
        pass
    guest.log_closes()


if __name__ == "__main__":
    main(sys.argv[1])
