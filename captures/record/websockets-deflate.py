"""Record websockets-deflate.pcap: the `websockets` library with permessage-deflate, as it
is by default and without context takeover, and a client and a server of aiohttp.
"""

import asyncio
import json
import sys
from pathlib import Path

import aiohttp
import websockets
from aiohttp import WSMsgType, web
from websockets.extensions.permessage_deflate import (ClientPerMessageDeflateFactory,
                                                      ServerPerMessageDeflateFactory)

from capturing import Capture, free_port
from logged_channel import LoggedChannel, SECONDS
from message_log import MessageLog, opcode_of

SERVERS = {
    "/default": {"compression": "deflate"},
    "/no-context-takeover": {"compression": None, "extensions": [ServerPerMessageDeflateFactory(
        server_no_context_takeover=True, client_no_context_takeover=True)]},
}
# A client that offers twice: small windows, or what the server likes.
OFFERED_TWICE = {"compression": None, "extensions": [
    ClientPerMessageDeflateFactory(server_max_window_bits=9, client_max_window_bits=11),
    ClientPerMessageDeflateFactory(client_max_window_bits=True)]}
CLIENTS = {"/default": {}, "/no-context-takeover": OFFERED_TWICE}
AIOHTTP_PATH = "/aiohttp"


def main(folder):
    capture = Path(folder) / "websockets-deflate.pcap"
    log = MessageLog(capture, control="complete")
    ports = [free_port() for _ in range(3)]
    with Capture(capture, ports):
        asyncio.run(record(ports, log))
    log.write()


async def record(ports, log):
    for port, (path, options) in zip(ports, SERVERS.items()):
        async with websockets.serve(lambda channel: serve(channel, log), "127.0.0.1", port,
                                    **options):
            async with websockets.connect(f"ws://127.0.0.1:{port}{path}",
                                          **CLIENTS[path]) as channel:
                await talk(LoggedChannel(channel, "client", log))
    await record_aiohttp(ports[2], log)


async def serve(channel, log):
    """Answer JSON with a list that grows, and anything else with the same."""
    guest = LoggedChannel(channel, "server", log)
    log.connection(guest.client, channel.local_address, channel.request.path, end="closed",
                   extensions=channel.response.headers["Sec-WebSocket-Extensions"])
    orders = []
    async for message in guest:
        if message == "in fragments":
            await guest.send_in_fragments([json.dumps(order) for order in orders])
            await guest.ping(b"arrived?")
        elif message[:1] == "{":
            orders.append(json.loads(message) | {"state": "accepted"})
            await guest.send(json.dumps({"orders": orders[-3:], "count": len(orders)}))
        else:
            await guest.send(message)
    guest.log_closes()


async def talk(guest):
    async def say(message):
        await guest.send(message)
        await guest.receive()

    for order in orders(12):
        await say(order)
    await say("")
    await say(b"")
    await say(bytes(range(256)) * 3)
    await say("Äpfel, 林檎, 🍎🍏🍎🍏🍎🍏, Äpfel, 林檎")
    await guest.ping(b"ping, ping, ping, ping")
    await guest.send_in_fragments(["Äpfel, ", "", "Birnen, ", "Äpfel"])
    await guest.receive()
    await guest.send_in_fragments([bytes(range(200)), bytes(range(100, 256))])
    await guest.receive()
    await say("in fragments")
    # Longer than the window of 12 bits, with repetitions that reach back less and more.
    await say(json.dumps([f"crate {number * 7919 % 1000}" for number in range(3000)]))
    await guest.channel.close(1000, "that is all, that is all")
    guest.log_closes()


def orders(count):
    for number in range(count):
        yield json.dumps({"order": 7000 + number, "fruit": ["apple", "pear"][number % 2],
                          "crates": number * 3, "price": 12.5, "address": "Am Markt 7, Köln"},
                         ensure_ascii=False)


async def record_aiohttp(port, log):
    application = web.Application()
    application["log"] = log
    application.add_routes([web.get(AIOHTTP_PATH, serve_aiohttp)])
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        await talk_aiohttp(session, log)
    await runner.cleanup()


async def serve_aiohttp(request):
    channel = web.WebSocketResponse(compress=True)
    await channel.prepare(request)
    log = request.app["log"]
    client = request.transport.get_extra_info("peername")
    log.connection(client, request.transport.get_extra_info("sockname"), AIOHTTP_PATH,
                   extensions=channel.headers["Sec-WebSocket-Extensions"], end="closed")
    count = 0
    async for message in channel:
        log.received("server", client, opcode_of(message.data), message.data)
        count += 1
        if message.type == WSMsgType.TEXT:
            answer = json.dumps({"heard": message.data, "count": count}, ensure_ascii=False)
            log.sent("server", client, "text", answer)
            await channel.send_str(answer)
        else:
            log.sent("server", client, "binary", message.data[::-1])
            await channel.send_bytes(message.data[::-1])
    log.received_close("server", client, channel.close_code)
    return channel


async def talk_aiohttp(session, log):
    channel = await session.ws_connect(AIOHTTP_PATH, compress=15)
    client = channel.get_extra_info("sockname")
    for message in [*orders(8), "", bytes(range(256)) * 2, b"", *orders(2)]:
        log.sent("client", client, opcode_of(message), message)
        await (channel.send_str if isinstance(message, str) else channel.send_bytes)(message)
        answer = await channel.receive(SECONDS)
        log.received("client", client, opcode_of(answer.data), answer.data)
    log.sent_close("client", client, 1000)
    await channel.close(code=1000)
    log.received_close("client", client, channel.close_code)


if __name__ == "__main__":
    main(sys.argv[1])
