"""Record django-channels.pcap: rooms of Django Channels, served by daphne.

Two clients are in one room. One closes its connection, the other one asks to be
sent away; a third is turned away at the door, with the status 403.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import websockets

from capturing import Capture, free_port, wait_until_listening
from logged_channel import LoggedChannel, turned_away
from message_log import MessageLog

PROGRAM = Path(__file__).with_name("django-channels-program.py")
PATH = "/rooms/kitchen/"
LOCKED = "/rooms/locked/"


def main(folder):
    capture = Path(folder) / "django-channels.pcap"
    # The consumer sees no control frames; the clients log those of both directions.
    log = MessageLog(capture, control="complete")
    port = free_port()
    with tempfile.TemporaryDirectory() as scratch:
        program_log = Path(scratch) / "program.log"
        with Capture(capture, port):
            process = subprocess.Popen([sys.executable, PROGRAM, str(port), program_log])
            try:
                wait_until_listening(port, process)
                asyncio.run(talk(port, log))
            finally:
                process.terminate()
                process.wait(timeout=20)
        for line in program_log.read_text(encoding="utf-8").splitlines():
            client, what, opcode, payload = json.loads(line)
            add = log.sent if what == "sent" else log.received
            add("server", client, opcode, bytes.fromhex(payload))
    log.write()


async def talk(port, log):
    async with connect(port, PATH) as first, connect(port, PATH) as second:
        ana, ben = [LoggedChannel(channel, "client", log) for channel in (first, second)]
        for guest in (ana, ben):
            log.connection(guest.client, guest.channel.remote_address, PATH,
                           guest.channel.subprotocol, end="closed")
            await guest.receive()
        await ben.send(json.dumps({"say": "Was gibt's heute?"}))
        await everyone_hears(ana, ben)
        await ana.send(json.dumps({"say": "Käsespätzle 🧀"}, ensure_ascii=False))
        await everyone_hears(ana, ben)
        await ana.send(bytes(range(256)) * 2)
        await everyone_hears(ana, ben)
        await ben.ping(b"still there?")
        await first.close(1000, "hungry")
        ana.log_closes()
        await turned_away(port, LOCKED, log, status=403)
        await ben.send(json.dumps({"leave": 4003}))
        await second.wait_closed()
        ben.log_closes()


def connect(port, path):
    return websockets.connect(f"ws://127.0.0.1:{port}{path}", compression=None,
                              subprotocols=["kitchen"])


async def everyone_hears(*guests):
    for guest in guests:
        await guest.receive()


if __name__ == "__main__":
    main(sys.argv[1])
