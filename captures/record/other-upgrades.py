"""Record other-upgrades.pcapng: upgrades to other protocols, and one to WebSocket on a
connection between them.

curl and hypercorn go over to HTTP/2 (`Upgrade: h2c`); a client and a server by hand to
a stream of bytes (`Upgrade: tcp`), as Docker does to attach to a container. The stream
carries what could be WebSocket frames.
"""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import websockets
from hypercorn.asyncio import serve
from hypercorn.config import Config

from capturing import Capture, free_port
from handwritten_socket import head
from logged_channel import SECONDS, LoggedChannel
from message_log import MessageLog, opcode_of

WEBSOCKET_PATH = "/echo"
ATTACH_PATH = "/v1.43/containers/demo/attach?stream=1&stdin=1&stdout=1"
# Docker's own header before a line, and a server's text frame and ping.
OUTPUT = [b"\x01\x00\x00\x00\x00\x00\x00\x03$ \n", b"\x81\x05hello", b"\x89\x00"]


def main(folder):
    capture = Path(folder) / "other-upgrades.pcapng"
    # The server sees no control frames; the client logs those of both directions.
    log = MessageLog(capture, control="complete")
    web, docker = free_port(), free_port()
    with Capture(capture, [web, docker]):
        asyncio.run(record(web, docker, log))
    log.write()


async def record(web, docker, log):
    over = asyncio.Event()
    config = Config()
    config.errorlog = None
    config.bind = [f"fd://{socket.create_server(('127.0.0.1', web)).detach()}"]
    server = asyncio.create_task(serve(Application(log), config, shutdown_trigger=over.wait))
    async with await asyncio.start_server(attached, "127.0.0.1", docker):
        await asyncio.to_thread(curl, web, "/", "/style.css")
        async with websockets.connect(f"ws://127.0.0.1:{web}{WEBSOCKET_PATH}",
                                      compression=None) as channel:
            client = LoggedChannel(channel, "client", log)
            await say(client, "before")
            await asyncio.to_thread(curl, web, "/again")
            await attach(docker, log)
            await say(client, b"\x00after")
            await channel.close()
            client.log_closes()
    over.set()
    await asyncio.wait_for(server, SECONDS)


async def say(client, message):
    await client.send(message)
    await client.receive()


def curl(port, *paths):
    """One connection: the first request asks for HTTP/2, the others use it."""
    subprocess.run(["curl", "--silent", "--fail", "--http2",
                    *(f"http://127.0.0.1:{port}{path}" for path in paths)],
                   check=True, stdout=subprocess.DEVNULL, timeout=SECONDS)


class Application:
    """Pages, and an echo for WebSocket, as hypercorn calls it (ASGI)."""

    def __init__(self, log):
        self.log = log
        self.over_http2 = set()

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            await self.page(scope, send)
        elif scope["type"] == "websocket":
            await self.echo(scope, receive, send)

    async def page(self, scope, send):
        client = scope["client"]
        if scope["http_version"] == "2" and client not in self.over_http2:
            self.over_http2.add(client)
            self.log.other_upgrade(client, scope["server"], scope["path"], "h2c")
        await send({"type": "http.response.start", "status": 200,
                    "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": scope["path"].encode() * 100})

    async def echo(self, scope, receive, send):
        client = scope["client"]
        await receive()
        await send({"type": "websocket.accept"})
        self.log.connection(client, scope["server"], scope["path"], end="closed")
        while (event := await receive())["type"] == "websocket.receive":
            text, data = event.get("text"), event.get("bytes")
            message = data if text is None else text
            self.log.received("server", client, opcode_of(message), message)
            self.log.sent("server", client, opcode_of(message), message)
            await send({"type": "websocket.send", "text": text, "bytes": data})


async def attach(port, log):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    log.other_upgrade(writer.get_extra_info("sockname"), writer.get_extra_info("peername"),
                      ATTACH_PATH, "tcp")
    writer.write(head(f"POST {ATTACH_PATH} HTTP/1.1", f"Host: 127.0.0.1:{port}",
                      "Connection: Upgrade", "Upgrade: tcp", "Content-Length: 0"))
    await reader.readuntil(b"\r\n\r\n")
    for output in OUTPUT:
        await reader.readexactly(len(output))
        writer.write(b"ls\n")
    writer.close()
    await writer.wait_closed()


async def attached(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(head("HTTP/1.1 101 UPGRADED", "Content-Type: application/vnd.docker.raw-stream",
                      "Connection: Upgrade", "Upgrade: tcp"))
    for output in OUTPUT:
        writer.write(output)
        await reader.readline()
    writer.close()


if __name__ == "__main__":
    main(sys.argv[1])
