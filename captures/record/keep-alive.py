"""Record keep-alive.pcap: TCP connections that carry ordinary requests before one of them
asks for the upgrade. The server is aiohttp, the client Python's http.client and, from
the upgrade on, a bare socket.

Among the answers are some with Content-Length, one in chunks, and some without a body:
to HEAD, and with the status 304. The server's first frame is in one segment with its
response; on the second connection the client's is in one with the request, as of a
client that does not wait for the answer.
"""

import asyncio
import http.client
import socket
import sys
from pathlib import Path

from aiohttp import WSMsgType, web

from capturing import Capture, free_port
from handwritten_socket import (FrameSocket, accept_for, close_payload, note, read_head,
                                upgrade_request)
from message_log import MessageLog, opcode_of

PATH = "/news"
KEY = "x3JJHMbDL1EzLkh9GBhXDw=="
TAG = '"v1"'


def main(folder):
    capture = Path(folder) / "keep-alive.pcap"
    # aiohttp keeps both Close frames for itself; the client logs them.
    log = MessageLog(capture, control="complete")
    port = free_port()
    with Capture(capture, port, nanoseconds=True):
        asyncio.run(record(port, log))
    log.write()


async def record(port, log):
    application = web.Application()
    application["log"] = log
    application.add_routes([
        web.get("/", page), web.get("/report", report), web.post("/form", form),
        web.get(PATH, news)])
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.to_thread(requests_first, port, log)
    await asyncio.to_thread(frame_with_the_request, port, log)
    await runner.cleanup()


async def page(request):
    if request.headers.get("If-None-Match") == TAG:
        return web.Response(status=304, headers={"ETag": TAG})
    return web.Response(text="<!doctype html><title>News</title>", headers={"ETag": TAG})


async def report(request):
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    for line in ("GET / HTTP/1.1\r\n", "HTTP/1.1 101 Switching Protocols\r\n", "\r\n"):
        await response.write(line.encode())
    return response


async def form(request):
    return web.json_response({"got": len(await request.read())})


async def news(request):
    """Greet in one segment with the response, then echo."""
    connection = request.transport.get_extra_info("socket")
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
    channel = web.WebSocketResponse(compress=False)
    await channel.prepare(request)
    log = request.app["log"]
    client = request.transport.get_extra_info("peername")

    async def send(text):
        log.sent("server", client, "text", text)
        await channel.send_str(text)

    await send('{"headline":"Good morning"}')
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
    async for message in channel:
        assert message.type == WSMsgType.TEXT
        log.received("server", client, opcode_of(message.data), message.data)
        await send(message.data)
    return channel


def requests_first(port, log):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for method, path, status, options in [
            ("GET", "/", 200, {}),
            ("HEAD", "/", 200, {}),
            ("GET", "/", 304, {"headers": {"If-None-Match": TAG}}),
            ("POST", "/form", 200, {"body": b"name=value"}),
            ("GET", "/report", 200, {}),
            # A body of unknown length goes out in chunks.
            ("POST", "/form", 200, {"body": iter([b"GET /not-a-request HTTP/1.1\r\n", b"\r\n"])}),
            ("GET", "/missing", 404, {})]:
        request(connection, method, path, status, **options)
    talk(connection.sock, log)
    connection.close()


def frame_with_the_request(port, log):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    request(connection, "GET", "/", 200)
    talk(connection.sock, log, in_advance=b"I am sure that you accept")
    connection.close()


def request(connection, method, path, status, **options):
    connection.request(method, path, **options)
    response = connection.getresponse()
    response.read()
    assert response.status == status, (method, path, response.status)


def talk(connection, log, in_advance=None):
    client = connection.getsockname()
    stream = connection.makefile("rb")
    frames = FrameSocket(connection, stream, masks=True)
    messages = frames.read_messages()

    def logged(opcode, payload):
        note(log.sent, log.sent_close, "client", client, opcode, payload)
        return frames.frame(opcode, payload)

    def receive():
        note(log.received, log.received_close, "client", client, *next(messages))

    handshake = upgrade_request(PATH, connection.getpeername(), KEY)
    connection.sendall(handshake + (logged("text", in_advance) if in_advance else b""))
    _, fields = read_head(stream)
    assert fields["sec-websocket-accept"] == accept_for(KEY)
    log.connection(client, connection.getpeername(), PATH, end="closed",
                   breaks=[("data-before-response", "client")] if in_advance else ())
    receive()
    if in_advance:
        receive()
    connection.sendall(logged("text", b"What else?"))
    receive()
    connection.sendall(logged("close", close_payload(1000)))
    receive()
    stream.close()


if __name__ == "__main__":
    main(sys.argv[1])
