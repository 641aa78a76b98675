"""Record tornado-chat.pcapng: a Tornado chat server and three clients of three libraries.

Whatever one says, the others get unchanged. The clients talk at the same time
and unequally much: Ana little, Ben with pauses, Cho the long messages.
"""

import asyncio
import sys
from pathlib import Path

import tornado.httpserver
import tornado.web
import tornado.websocket
import websocket
import websockets

from capturing import Capture, free_port
from message_log import MessageLog, opcode_of

SECONDS = 30

# 125, 126, 65,535 and 65,536 are where the form of a frame's length changes.
ANA = ["hello", "", "ok"]
BEN = ["Grüße aus Zürich", "こんにちは", "👋🏽 👩‍👩‍👧", "b" * 125, "c" * 126, b"\x00\xff" * 63 + b"!"]
CHO = ["здравствуйте", "é" * 32767 + "!", bytes(range(256)) * 256]
ALL = ANA + BEN + CHO


def main(folder):
    capture = Path(folder) / "tornado-chat.pcapng"
    # The libraries' own pongs and Close answers are out of sight where they are
    # sent; the application at the other end logs them.
    log = MessageLog(capture, control="complete")
    port = free_port()
    with Capture(capture, port):
        asyncio.run(chat(port, log))
    log.write()


async def chat(port, log):
    room = Room()
    application = tornado.web.Application([(r"/chat", ChatHandler, {"room": room, "log": log})])
    server = tornado.httpserver.HTTPServer(application)
    server.listen(port, address="127.0.0.1")

    everyone_is_in = asyncio.Event()
    guests = [tornado_client, websockets_client, websocket_client_client]
    tasks = []
    # One after another, so that the order of connecting is the order in the log.
    for number, guest in enumerate(guests, start=1):
        tasks.append(asyncio.create_task(guest(port, log, everyone_is_in)))
        while len(room.members) < number:
            await asyncio.sleep(0.01)
    everyone_is_in.set()
    await room.quiet(len(ALL))
    for member in room.members:
        member.send_ping(b"still there?")
    await asyncio.wait_for(asyncio.gather(*tasks), SECONDS)
    await room.empty()
    server.stop()
    await server.close_all_connections()


class Room:
    def __init__(self):
        self.members = []
        self.said = 0

    async def quiet(self, messages):
        while self.said < messages:
            await asyncio.sleep(0.01)

    async def empty(self):
        while self.members:
            await asyncio.sleep(0.01)


class ChatHandler(tornado.websocket.WebSocketHandler):
    def initialize(self, room, log):
        self.room = room
        self.log = log

    def open(self):
        stream = self.ws_connection.stream
        self.client = stream.socket.getpeername()
        self.log.connection(self.client, stream.socket.getsockname(), self.request.uri)
        self.room.members.append(self)

    def on_message(self, message):
        self.log.received("server", self.client, opcode_of(message), message)
        self.room.said += 1
        for member in self.room.members:
            if member is not self:
                member.say(message)

    def say(self, message):
        self.log.sent("server", self.client, opcode_of(message), message)
        self.write_message(message, binary=isinstance(message, bytes))

    def send_ping(self, data):
        self.log.sent("server", self.client, "ping", data)
        self.ping(data)

    def on_pong(self, data):
        self.log.received("server", self.client, "pong", data)

    def on_close(self):
        self.log.received_close("server", self.client, self.close_code, self.close_reason or "")
        self.room.members.remove(self)


async def tornado_client(port, log, everyone_is_in):
    ana = await tornado.websocket.websocket_connect(f"ws://127.0.0.1:{port}/chat")
    client = ana.protocol.stream.socket.getsockname()
    await everyone_is_in.wait()
    for text in ANA:
        log.sent("client", client, "text", text)
        await ana.write_message(text)
        await asyncio.sleep(0.05)
    for _ in BEN + CHO:
        message = await ana.read_message()
        log.received("client", client, opcode_of(message), message)
    await asyncio.sleep(0.5)
    log.sent_close("client", client, 1001, "gone for lunch")
    ana.close(1001, "gone for lunch")
    while await ana.read_message() is not None:
        pass
    log.received_close("client", client, ana.close_code, ana.close_reason or "")


async def websockets_client(port, log, everyone_is_in):
    async with websockets.connect(f"ws://127.0.0.1:{port}/chat") as ben:
        client = ben.local_address

        async def talk():
            await everyone_is_in.wait()
            for message in BEN:
                log.sent("client", client, opcode_of(message), message)
                await ben.send(message)
                await asyncio.sleep(0.02)

        talking = asyncio.create_task(talk())
        for _ in ANA + CHO:
            message = await ben.recv()
            log.received("client", client, opcode_of(message), message)
        await talking
        await asyncio.sleep(0.7)
        await ben.close(1000, "bye, Grüße")
        for log_close, close in [(log.sent_close, ben.protocol.close_sent),
                                 (log.received_close, ben.protocol.close_rcvd)]:
            log_close("client", client, close.code, close.reason)


async def websocket_client_client(port, log, everyone_is_in):
    loop = asyncio.get_running_loop()
    connect = loop.run_in_executor(
        None, lambda: websocket.create_connection(f"ws://127.0.0.1:{port}/chat", timeout=SECONDS))
    cho = await connect
    await everyone_is_in.wait()
    await loop.run_in_executor(None, talk_blocking, cho, log)


def talk_blocking(cho, log):
    """websocket-client has no asynchronous form, so it talks in a thread."""
    client = cho.sock.getsockname()
    for message in CHO:
        log.sent("client", client, opcode_of(message), message)
        if isinstance(message, bytes):
            cho.send_binary(message)
        else:
            cho.send(message)
    expected = len(ANA + BEN)
    pinged = False
    while expected or not pinged:
        opcode, data = cho.recv_data(control_frame=True)
        name = {websocket.ABNF.OPCODE_TEXT: "text", websocket.ABNF.OPCODE_BINARY: "binary",
                websocket.ABNF.OPCODE_PING: "ping"}[opcode]
        log.received("client", client, name, data)
        pinged |= name == "ping"
        expected -= name != "ping"
    # A Close frame without a code.
    log.sent_close("client", client)
    cho.send(b"", websocket.ABNF.OPCODE_CLOSE)
    frame = cho.recv_frame()
    assert frame.opcode == websocket.ABNF.OPCODE_CLOSE, frame
    if frame.data:
        log.received_close("client", client, int.from_bytes(frame.data[:2], "big"),
                           frame.data[2:].decode())
    else:
        log.received_close("client", client)
    cho.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
