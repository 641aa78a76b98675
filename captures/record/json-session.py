"""Record json-session.pcap: two clients of the `websockets` library that ask a server for
two hundred small pieces of JSON each, a few at a time.
"""

import asyncio
import json
import random
import sys
from pathlib import Path

import websockets

from capturing import Capture, free_port
from logged_channel import LoggedChannel
from message_log import MessageLog

QUESTIONS = 200
MOST_AT_A_TIME = 4
PINGS = 0.1
CITIES = ["Aarhus", "Łódź", "Évora", "Kraków", "Oulu", "Ghent", "Zürich", "Reykjavík"]


def main(folder):
    capture = Path(folder) / "json-session.pcap"
    log = MessageLog(capture, control="complete")
    port = free_port()
    with Capture(capture, port):
        asyncio.run(record(port, log))
    log.write()


async def record(port, log):
    async with websockets.serve(lambda channel: serve(channel, log), "127.0.0.1", port,
                                compression=None):
        await asyncio.gather(*(ask(port, path, log) for path in ("/weather", "/traffic")))


async def serve(channel, log):
    """Answer each question."""
    guest = LoggedChannel(channel, "server", log)
    log.connection(guest.client, channel.local_address, channel.request.path, end="closed")
    chance = random.Random(channel.request.path)
    async for message in guest:
        question = json.loads(message)
        await guest.send(json.dumps({
            "id": question["id"], "city": question["city"], "value": chance.randrange(1000) / 10,
            "history": [chance.randrange(100) for _ in range(chance.randrange(25))]},
            ensure_ascii=False, separators=(",", ":")))
    guest.log_closes()


async def ask(port, path, log):
    chance = random.Random(path)
    async with websockets.connect(f"ws://127.0.0.1:{port}{path}", compression=None) as channel:
        guest = LoggedChannel(channel, "client", log)
        asked = 0
        while asked < QUESTIONS:
            at_a_time = min(chance.randint(1, MOST_AT_A_TIME), QUESTIONS - asked)
            for number in range(asked, asked + at_a_time):
                await guest.send(json.dumps({
                    "id": number, "city": chance.choice(CITIES),
                    "note": "please " * chance.randrange(20)}, ensure_ascii=False))
            for _ in range(at_a_time):
                await guest.receive()
            asked += at_a_time
            if chance.random() < PINGS:
                await guest.ping(b"after %d" % asked)
        await channel.close(1000, "no more questions")
        guest.log_closes()


if __name__ == "__main__":
    main(sys.argv[1])
