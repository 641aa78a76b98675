"""Record aiohttp-heartbeat.pcap: server and client of aiohttp, whose server sends pings
by itself, captured on all interfaces at once, as Linux cooked packets.

The client keeps its TCP connection from an ordinary request and upgrades it. Of two
WebSocket connections the client closes the first, the server the second.
"""

import asyncio
import json
import sys
from pathlib import Path

import aiohttp
from aiohttp import WSMsgType, web

from capturing import Capture, free_port
from message_log import MessageLog

PATH = "/ws/värme?unit=°C"
HEARTBEAT = 0.3
SECONDS = 30
NAMES = {WSMsgType.TEXT: "text", WSMsgType.BINARY: "binary",
         WSMsgType.PING: "ping", WSMsgType.PONG: "pong"}


def main(folder):
    capture = Path(folder) / "aiohttp-heartbeat.pcap"
    # The server's library sends pings and takes pongs out of the application's sight;
    # the client takes it upon itself to answer, and logs both.
    log = MessageLog(capture, control="complete")
    port = free_port()
    with Capture(capture, port, interface="any"):
        asyncio.run(record(port, log))
    log.write()


async def record(port, log):
    application = web.Application()
    application["log"] = log
    application.add_routes([web.get("/", index), web.get("/ws/{room}", serve)])
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        await client_closes(session, log)
        await server_closes(session, log)
    await runner.cleanup()


async def index(request):
    return web.Response(text="<!doctype html><title>Temperatures</title>",
                        content_type="text/html")


async def serve(request):
    """Answer each message; heartbeats come from the library."""
    channel = web.WebSocketResponse(compress=False, heartbeat=HEARTBEAT, protocols=["json"])
    await channel.prepare(request)
    log = request.app["log"]
    client = request.transport.get_extra_info("peername")
    log.connection(client, request.transport.get_extra_info("sockname"),
                   request.raw_path, channel.ws_protocol, end="closed")
    async for message in channel:
        log.received("server", client, NAMES[message.type], message.data)
        if message.type == WSMsgType.BINARY:
            answer = message.data * 20
            log.sent("server", client, "binary", answer)
            await channel.send_bytes(answer)
        elif json.loads(message.data).get("too busy?"):
            log.sent_close("server", client, 1013, "try again later")
            await channel.close(code=1013, message=b"try again later")
            # Of the client's answer the library tells the code.
            log.received_close("server", client, channel.close_code)
        else:
            answer = json.dumps({"room": request.match_info["room"], "temperature": 21.5})
            log.sent("server", client, "text", answer)
            await channel.send_str(answer)
    return channel


async def client_closes(session, log):
    async with session.get("/") as page:
        await page.text()
    client = await Client(session, log).connect()
    await client.send("text", json.dumps({"subscribe": ["air", "wäter"]}, ensure_ascii=False))
    await client.receive("text")
    await client.send("binary", bytes(range(100)))
    await client.receive("binary")
    for _ in range(2):
        await client.receive("ping")
    await client.send("text", "{}")
    await client.receive("text")
    await client.close(1000, "done")


async def server_closes(session, log):
    client = await Client(session, log).connect()
    await client.send("text", json.dumps({"too busy?": True}))
    message = await client.channel.receive(SECONDS)
    assert message.type == WSMsgType.CLOSE, message
    log.received_close("client", client.address, message.data, message.extra)


class Client:
    def __init__(self, session, log):
        self.session = session
        self.log = log

    async def connect(self):
        self.channel = await self.session.ws_connect(PATH, protocols=["json"], autoping=False)
        self.address = self.channel.get_extra_info("sockname")
        return self

    async def send(self, opcode, payload):
        self.log.sent("client", self.address, opcode, payload)
        if opcode == "text":
            await self.channel.send_str(payload)
        else:
            await self.channel.send_bytes(payload)

    async def receive(self, expected):
        """Pings are answered here, whatever else is awaited."""
        while True:
            message = await self.channel.receive(SECONDS)
            self.log.received("client", self.address, NAMES[message.type], message.data)
            if message.type == WSMsgType.PING:
                self.log.sent("client", self.address, "pong", message.data)
                await self.channel.pong(message.data)
            if NAMES[message.type] == expected:
                return

    async def close(self, code, reason):
        """The library waits for the server's answer and tells its code."""
        self.log.sent_close("client", self.address, code, reason)
        await self.channel.close(code=code, message=reason.encode())
        self.log.received_close("client", self.address, self.channel.close_code)


if __name__ == "__main__":
    main(sys.argv[1])
