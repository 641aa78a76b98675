"""Record formats.pcapng: messages of no protocol at all, whose payloads are of many formats.

The client of /packed/msgpack is npm's `ws`, that of all else `websockets`; servers are
`websockets`, Tornado and Django Channels. Each line says what the application put in.
"""

import asyncio
import datetime
import gzip
import io
import json
import math
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

import cbor2
import msgpack
import tornado.httpserver
import tornado.web
import tornado.websocket
import websockets
import zstandard
from google.protobuf.struct_pb2 import Struct
from PIL import Image

import node_programs
from capturing import Capture, free_port, wait_until_listening
from logged_channel import SECONDS, LoggedChannel
from message_log import MessageLog, opcode_of

CHANNELS = Path(__file__).with_name("django-channels-program.py")
ORDER = {"order": 17, "for": "Zoë", "items": [{"name": "Brötchen 🥐", "count": 12}] * 3,
         "paid": False, "note": None, "total": 10.8}
TEXT = "Dear all,\n\nthe bakery is closed on Monday. " + "We are sorry. " * 8 + "— Zoë\n"
WHEN = datetime.datetime(2026, 5, 4, 3, 2, 1, tzinfo=datetime.timezone.utc)


def main(folder):
    capture = Path(folder) / "formats.pcapng"
    log = MessageLog(capture, control="complete")
    ports = [free_port() for _ in range(3)]
    with Capture(capture, ports):
        lines = asyncio.run(talk(ports, log))
    node_programs.add_lines(log, lines)
    log.write()


async def talk(ports, log):
    port, tornado_port, channels_port = ports
    async with websockets.serve(lambda channel: serve(channel, log), "127.0.0.1", port,
                                compression=None):
        for path, messages in [("/compressed", compressed()), ("/files", files()),
                               ("/packed/cbor", packed(cbor2.dumps, "cbor"))]:
            await exchange(port, path, messages, log)
        lines = await asyncio.to_thread(node_programs.run, "formats-client.js", port)
    await tornado_json(tornado_port, log)
    await channels_json(channels_port, log)
    return lines


def compressed():
    """Each with its format and what is in it."""
    def member(data):
        # With a name, and a time, as a file has them.
        out = io.BytesIO()
        with gzip.GzipFile("order.json", "wb", fileobj=out, mtime=1700000000) as file:
            file.write(data)
        return out.getvalue()

    def stream(data):
        # Without the length of the whole.
        compressor = zstandard.ZstdCompressor(write_checksum=True).compressobj()
        return compressor.compress(data) + compressor.flush()

    order, text = json.dumps(ORDER, ensure_ascii=False).encode(), TEXT.encode()
    for name, compress in [
            ("gzip", lambda data: gzip.compress(data, mtime=0)), ("gzip", member),
            ("zlib", zlib.compress), ("zlib", lambda data: zlib.compress(data, 1)),
            ("zstd", zstandard.compress), ("zstd", stream)]:
        yield name, compress(order), {"json": ORDER}
        yield name, compress(text), {"text": TEXT}
    # Two members one after another, and one of which the end is missing.
    half = len(text) // 2
    yield ("gzip", gzip.compress(text[:half], mtime=0) + gzip.compress(text[half:], mtime=0),
           {"text": TEXT})
    yield "gzip", gzip.compress(text, mtime=0)[:-20], {}
    yield "gzip", gzip.compress(msgpack.packb(ORDER), mtime=0), {}


def files():
    picture = Image.new("RGB", (8, 6), (250, 180, 20))
    for name in ("png", "jpeg", "gif", "webp", "pdf"):
        yield name, saved(picture, name), {}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("order.json"), json.dumps(ORDER))
    yield "zip", archive.getvalue(), {}
    struct = Struct()
    struct.update({"order": 17, "for": "Zoë", "items": ["Brötchen", 2.5, True, None]})
    yield "protobuf", struct.SerializeToString(), {}
    yield "json", json.dumps(ORDER).encode(), {"json": ORDER}
    yield "text", TEXT.encode(), {"text": TEXT}
    yield "utf-16", TEXT.encode("utf-16"), {}
    # Of no format.
    yield "bytes", bytes((index * 197 + 13) % 256 for index in range(48)), {}
    yield "bytes", bytes(16), {}


def saved(picture, name):
    file = io.BytesIO()
    picture.save(file, name)
    return file.getvalue()


def packed(dumps, name):
    """As a map and as other things; of some there is no JSON."""
    yield name, dumps(ORDER), {"json": ORDER}
    numbers = [0, 23, 24, -1, -129, 2**32, 2**63, -2**63, 0.5, 1e300]
    yield name, dumps(numbers), {"json": numbers}
    yield name, dumps("Grüße"), {}
    yield name, dumps({"picture": b"\x89\x00\xff", "when": WHEN, 5: math.inf}), {}
    yield name, dumps({"big": 2**80, "set": {1}}), {}
    yield name, cbor2.dumps(cbor2.CBORTag(55799, ORDER)), {"json": ORDER}
    # Of indefinite length: a map of an array and of a text in two pieces.
    yield name, bytes.fromhex("bf6161 9f01f6ff 6162 7f 63c3bcc3 61bc ff ff".replace(" ", "")), {}


async def serve(channel, log):
    """Whatever comes goes back."""
    end = LoggedChannel(channel, "server", log)
    log.connection(end.client, channel.local_address, channel.request.path, end="closed")
    async for message in end:
        if channel.request.path == "/packed/msgpack":
            # In the form of this other library.
            message = msgpack.packb(msgpack.unpackb(message, timestamp=1, strict_map_key=False),
                                    use_single_float=True)
        await asyncio.sleep(0.002)
        await end.send(message)
    end.log_closes()


async def exchange(port, path, messages, log):
    async with websockets.connect(f"ws://127.0.0.1:{port}{path}", compression=None) as channel:
        end = LoggedChannel(channel, "client", log)
        for name, message, content in messages:
            log.sent("client", end.client, "binary", message, format=name, **content)
            await channel.send(message)
            await end.receive()
        await channel.close(1000, "enough")
        end.log_closes()


async def tornado_json(port, log):
    server = tornado.httpserver.HTTPServer(
        tornado.web.Application([(r"/tornado", TornadoHandler, {"log": log})]))
    server.listen(port, address="127.0.0.1")
    await ask(port, "/tornado", log, [
        json.dumps({"get": "order"}), json.dumps({"get": "order"}, indent=4),
        "[1,2.50,-3e-7,12345678901234567890]", '"just a string"', "null",
        '{"twice": 1, "twice": 2, "escaped": "\\u00fc\\n\\/"}', "{'no': json}", "NaN"])
    server.stop()
    await server.close_all_connections()


class TornadoHandler(tornado.websocket.WebSocketHandler):
    def initialize(self, log):
        self.log = log

    def open(self):
        stream = self.ws_connection.stream
        self.client = stream.socket.getpeername()
        self.log.connection(self.client, stream.socket.getsockname(), self.request.uri,
                            end="closed")

    def on_message(self, message):
        self.log.received("server", self.client, opcode_of(message), message)
        answer = tornado.escape.json_encode(ORDER | {"html": "</b>", "asked": message})
        self.log.sent("server", self.client, "text", answer)
        # Of a dictionary it makes the same.
        self.write_message(answer)


async def channels_json(port, log):
    path = "/rooms/formats/"
    with tempfile.TemporaryDirectory() as scratch:
        program_log = Path(scratch) / "program.log"
        process = subprocess.Popen([sys.executable, CHANNELS, str(port), program_log])
        try:
            wait_until_listening(port, process)
            await ask(port, path, log, [json.dumps({"say": ORDER})], greeted=True,
                      subprotocols=["json"])
        finally:
            process.terminate()
            process.wait(timeout=SECONDS)
        for line in program_log.read_text(encoding="utf-8").splitlines():
            client, what, opcode, payload = json.loads(line)
            add = log.sent if what == "sent" else log.received
            add("server", client, opcode, bytes.fromhex(payload))


async def ask(port, path, log, messages, greeted=False, **options):
    async with websockets.connect(f"ws://127.0.0.1:{port}{path}", compression=None,
                                  **options) as channel:
        end = LoggedChannel(channel, "client", log)
        if greeted:
            # That server does not tell of its connections.
            log.connection(end.client, channel.remote_address, path, channel.subprotocol,
                           end="closed")
            await end.receive()
        for message in messages:
            await end.send(message)
            await end.receive()
        await channel.close(1000)
        end.log_closes()


if __name__ == "__main__":
    main(sys.argv[1])
