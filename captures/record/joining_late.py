"""Recordings that begin in the middle of a connection of the `websockets` library: the
handshake and some messages have passed when the capture starts.
"""

import asyncio
import json
import random
from contextlib import ExitStack
from pathlib import Path

import websockets

from capturing import Capture, free_port
from logged_channel import LoggedChannel
from message_log import MessageLog

EARLY, LATE = "/early", "/late"
# Longer than an acknowledgement is put off.
QUIET_SECONDS = 0.3


def record(capture, before, after, rounds, extensions=()):
    """`before` messages are not in the capture, `after` are; there are as many answers.
    The second connection, opened during the capture, has `rounds`."""
    capture = Path(capture)
    log = MessageLog(capture, control="complete")
    asyncio.run(Session(capture, log, before, after, rounds, extensions).run())
    log.write()


class Session:
    def __init__(self, capture, log, before, after, rounds, extensions):
        self.capture = capture
        self.log = log
        self.before, self.after, self.rounds = before, after, rounds
        self.server_extensions, self.client_extensions = extensions or (None, None)

    async def run(self):
        self.port = free_port()
        self.log.capturing = False
        with ExitStack() as capturing:
            async with websockets.serve(self.serve, "127.0.0.1", self.port, compression=None,
                                        extensions=self.server_extensions, ping_interval=None):
                async with self.connect(EARLY) as channel:
                    early = LoggedChannel(channel, "client", self.log)
                    await ask(early, 0, self.before)
                    await asyncio.sleep(QUIET_SECONDS)
                    # Nothing else happens while it starts.
                    capturing.enter_context(Capture(self.capture, self.port))
                    self.log.capturing = True
                    await asyncio.gather(self.go_on(early), self.late())
                    await channel.close(1000, "seen the end of it")
                    early.log_closes()

    def connect(self, path):
        return websockets.connect(f"ws://127.0.0.1:{self.port}{path}", compression=None,
                                  extensions=self.client_extensions, ping_interval=None)

    async def serve(self, channel):
        """Answer JSON with JSON, and other text with the same."""
        guest = LoggedChannel(channel, "server", self.log)
        path = channel.request.path
        self.log.connection(
            guest.client, channel.local_address, path, end="closed", inferred=path == EARLY,
            extensions=channel.response.headers.get("Sec-WebSocket-Extensions"))
        stock = random.Random(path)
        async for message in guest:
            if message == "close":
                await channel.close(4000, "closing time")
            elif message[:1] == "{":
                await guest.send(answer(json.loads(message), stock))
            else:
                await guest.send(message)
        guest.log_closes()

    async def go_on(self, guest):
        end = self.before + self.after
        await ask(guest, self.before, end // 2)
        await guest.ping(b"late already?")
        await guest.send_in_fragments(["Who was not there ", "at the beginning ", "sieht später ☀"])
        await guest.receive()
        await guest.send("no JSON")
        await guest.receive()
        await guest.send(bytes(range(100)))
        await guest.receive()
        await guest.ping(b"")
        await ask(guest, end // 2, end)

    async def late(self):
        async with self.connect(LATE) as channel:
            guest = LoggedChannel(channel, "client", self.log)
            await ask(guest, 0, self.rounds)
            await guest.ping(b"on time")
            await guest.send("close")
            await channel.wait_closed()
            guest.log_closes()


WORDS = ("amber birch cedar dune ember fjord grove heath islet jetty knoll ledge marsh nook "
         "orchard pond quarry ridge shoal tarn upland vale weir yew zephyr").split()


async def ask(guest, start, end):
    for number in range(start, end):
        chance = random.Random(number)
        await guest.send(json.dumps({
            "op": "find", "id": number, "words": chance.choices(WORDS, k=chance.randrange(1, 12)),
            "options": {"limit": 10, "language": "de", "exact": number % 3 == 0}}))
        await guest.receive()


def answer(question, stock):
    return json.dumps({
        "op": "found", "id": question["id"], "hits": [
            {"word": word, "stock": stock.randrange(10_000), "unit": "m²"}
            for word in question["words"]]}, ensure_ascii=False)
