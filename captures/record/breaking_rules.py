"""Connections that break a rule, and the ends that take part in them.

The path of a connection is the rule's name in wsdump, and a variant: "/close-code/999".
No messages are logged: what breaks a rule often is none.
"""

import asyncio
import logging
import os
import socket
import struct
import subprocess
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import websockets

from both_ends import BothEnds
from capturing import Capture, free_port, wait_until_listening
from handwritten_socket import (FrameSocket, accept_for, close_payload, encoded_frame, head,
                                internet_checksum, read_head)
from message_log import MessageLog, OPPOSITE

HERE = Path(__file__).parent
HOST = "127.0.0.1"
SECONDS = 20
KEY = "4sSmB5HKxjk9lGgUYUnZUg=="
DEFLATE = {"Sec-WebSocket-Extensions": "permessage-deflate"}

# In place of a frame that a client sends: wait for one from the server.
AWAIT = object()


class OtherBytes(bytes):
    """In place of what was sent last, in another segment with the same sequence number."""


class Recorder:
    """Servers that all connections of a capture use."""

    def __init__(self, log, ports, listener):
        self.log = log
        self.ports = ports
        self.listener = listener
        self.client_ports = set(ports.values())

    def client_port(self):
        """One that no connection of the capture had, to whatever server."""
        while (port := free_port()) in self.client_ports:
            pass
        self.client_ports.add(port)
        return port

    def client_breaks(self, name, frames=(), by="websockets", request=None, closes="server",
                      also=()):
        """A client that breaks the rule with a server that is a library.

        `frames` are what it sends, `request` what is different in the request, `closes` is
        who sends the first Close frame: the server, the client, one of `frames`, or nobody
        after those. `also` are rules that break along with it, each with the side.
        """
        server = (HOST, self.ports[by])
        client = (HOST, self.client_port())
        with socket.create_connection(server, SECONDS, client) as connection, \
                connection.makefile("rb") as stream:
            ask, early = request_head(name, server, request or {}), b""
            if name.startswith("data-before-response"):
                early, *frames = frames
            connection.sendall(ask + early)
            status, fields = read_response(stream)
            self.log.connection(
                client, server, target_of(ask),
                status=None if status == 101 else status,
                extensions=fields.get("sec-websocket-extensions"),
                breaks=[(rule_of(name), "client"), *also])
            if status == 101:
                converse(connection, stream, frames, closes)
            else:
                # The server ends the connection after its answer.
                stream.read()

    def by_hand(self, name, by, frames=(), request=None, response=None, accept="valid",
                other_frames=(), closes=("client", "server"), deflate=False, also=()):
        """Both ends written by hand, of which `by` breaks the rule, and the other is
        content: it sends `other_frames`, then `by` sends `frames`. `closes` are the sides
        that send a Close frame, in turn; `also` are rules that break along with it."""
        ends = BothEnds(self.listener, client_port=self.client_port())
        extensions = DEFLATE if deflate else {}
        request = extensions | (request or {})
        response = extensions | (response or {})
        subprotocol = response.get("Sec-WebSocket-Protocol")
        ask = request_head(name, ends.server, request)
        ends.shake_hands(ask, response_head(request.get("Sec-WebSocket-Key", KEY), response))
        self.log.connection(
            ends.client, ends.server, target_of(ask),
            subprotocol[0] if isinstance(subprotocol, list) else subprotocol, accept,
            extensions=response.get("Sec-WebSocket-Extensions"),
            breaks=[(rule_of(name), by), *also])
        if not frames:
            ends.pass_on("client", masked("text", b"Is that all right?"))
            ends.pass_on("server", encoded_frame("text", b"I do not mind."))
        for frame in other_frames:
            ends.pass_on(OPPOSITE[by], frame)
        for frame in frames:
            if isinstance(frame, OtherBytes):
                send_again(ends.sockets[by], frame)
            else:
                ends.pass_on(by, frame)
        for side in closes:
            ends.pass_on(side, ends.frames[side].frame("close", close_payload(1000)))
        ends.close()


@contextmanager
def recorder(capture):
    """Record into `capture` what is done inside."""
    log = MessageLog(capture, control="partial")
    log.head["messages"] = "not logged"
    ports = {name: free_port() for name in ("websockets", "ws", "by hand")}
    # The library tells of each refusal.
    logging.disable()
    with Capture(capture, ports.values()), \
            websockets_server(ports["websockets"]), ws_server(ports["ws"]), \
            socket.create_server((HOST, ports["by hand"])) as listener:
        yield Recorder(log, ports, listener)
    log.write()


@contextmanager
def websockets_server(port):
    """A server that answers each message, and pings and closes when asked to."""
    async def serve(channel):
        with suppress(websockets.ConnectionClosed):
            async for message in channel:
                if message == "ping me":
                    await channel.ping(b"there?")
                elif message == "close":
                    await channel.close()
                else:
                    await channel.send(message)

    async def run():
        async with websockets.serve(serve, HOST, port, ping_interval=None, server_header=None):
            listening.set()
            await stop.wait()

    listening = threading.Event()
    stop = asyncio.Event()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        if not listening.wait(SECONDS):
            raise RuntimeError("the server does not listen")
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(SECONDS)
        loop.close()


@contextmanager
def ws_server(port):
    process = subprocess.Popen(["node", str(HERE / "breaking-rules-server.js"), str(port)])
    try:
        wait_until_listening(port, process)
        yield
    finally:
        process.terminate()
        process.wait(SECONDS)


def rule_of(name):
    return name.partition("/")[0]


def target_of(request):
    return request.decode().split()[1]


def request_head(name, server, changes):
    host, port = server
    return changed_head(f"GET /{name} HTTP/1.1", changes, {
        "Host": f"{host}:{port}", "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13"})


def response_head(key, changes):
    return changed_head("HTTP/1.1 101 Switching Protocols", changes, {
        "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": accept_for(key)})


def changed_head(first_line, changes, fields):
    """`changes` are values in place of those of `fields`: None for a field that is left out,
    a list for one that comes several times; and at "first line" a function of that."""
    changes = dict(changes)
    first_line = changes.pop("first line", str)(first_line)
    lines = []
    for name, value in (fields | changes).items():
        values = value if isinstance(value, list) else [value]
        lines += [f"{name}: {value}" for value in values if value is not None]
    return head(first_line, *lines)


def read_response(stream):
    first_line, fields = read_head(stream)
    return int(first_line.split()[1]), fields


def masked(opcode, payload, fin=True, reserved=0, length_bytes=None, key=None):
    return encoded_frame(opcode, payload, fin, reserved, key or os.urandom(4), length_bytes)


# linux/tcp.h
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 19, 20, 21
RECEIVE_QUEUE, SEND_QUEUE = 1, 2
REPAIR_ON, REPAIR_OFF_WITHOUT_PROBE = 1, -1
PSH_ACK = 0x18


def send_again(connection, payload):
    """A segment that the kernel knows nothing of, with these as the last bytes sent."""
    def option(name, value):
        connection.setsockopt(socket.IPPROTO_TCP, name, value)

    def next_number(queue):
        option(TCP_REPAIR_QUEUE, queue)
        return connection.getsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ) % 2**32

    option(TCP_REPAIR, REPAIR_ON)
    seq, ack = (next_number(SEND_QUEUE) - len(payload)) % 2**32, next_number(RECEIVE_QUEUE)
    option(TCP_REPAIR, REPAIR_OFF_WITHOUT_PROBE)

    source, destination = connection.getsockname(), connection.getpeername()
    words = 5
    segment = struct.pack(">HHIIBBHHH", source[1], destination[1], seq, ack, words << 4, PSH_ACK,
                          512, 0, 0) + payload
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(destination[0])
    pseudo_header = addresses + struct.pack(">HH", socket.IPPROTO_TCP, len(segment))
    checksum = struct.pack(">H", internet_checksum(pseudo_header + segment))
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw:
        raw.sendto(segment[:16] + checksum + segment[18:], (destination[0], 0))


def converse(connection, stream, frames, closes):
    """Send the frames, then answer a Close frame if one comes, until the server ends TCP."""
    end = FrameSocket(connection, stream, masks=True)
    for frame in frames:
        if frame is AWAIT:
            end.read_frame()
        else:
            connection.sendall(frame)
    closing = closes != "server"
    if closes == "client":
        end.send_frame("close", close_payload(1000))
    if closes == "nobody":
        connection.shutdown(socket.SHUT_WR)
    while frame := end.read_frame():
        _, opcode, payload = frame
        if opcode == "close" and not closing:
            end.send_frame("close", payload)
            closing = True
