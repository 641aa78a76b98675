"""Record socketify-topics.pcapng: µWebSockets, through socketify, with topics that two
clients subscribe to and publish on.

One client closes its connection, the other is sent away by the server.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import websockets

from capturing import Capture, free_port, wait_until_listening
from logged_channel import LoggedChannel
from message_log import MessageLog

SERVER = Path(__file__).with_name("socketify-topics-server.py")


def main(folder):
    capture = Path(folder) / "socketify-topics.pcapng"
    log = MessageLog(capture, control="complete")
    port = free_port()
    with tempfile.TemporaryDirectory() as scratch:
        server_log = Path(scratch) / "server.log"
        with Capture(capture, port):
            process = subprocess.Popen([sys.executable, SERVER, str(port), server_log])
            try:
                wait_until_listening(port, process)
                clients = asyncio.run(talk(port, log))
            finally:
                process.terminate()
                process.wait(timeout=20)
        join_server_log(log, server_log, clients)
    log.write()


async def talk(port, log):
    """The address of each client, by its name."""
    async with connect(port, "ana") as first, connect(port, "ben") as second:
        ana, ben = [LoggedChannel(channel, "client", log) for channel in (first, second)]
        for guest, name in [(ana, "ana"), (ben, "ben")]:
            log.connection(guest.client, guest.channel.remote_address, path_of(name),
                           guest.channel.subprotocol, end="closed")
            await guest.receive()
        for guest, topic in [(ana, "tin"), (ben, "tin"), (ben, "pictures")]:
            await guest.send(f"subscribe {topic}")
            await guest.receive()
        for price in ("32.75", "32.80", "€ 33"):
            await ana.send(f"publish tin {price}")
            await ana.receive()
            await ben.receive()
        for picture in (b"\x89PNG\r\n\x1a\n" + bytes(500), b""):
            await ana.send(picture)
            await ben.receive()
        await ben.send("pieces 1000")
        await ben.receive()
        await ana.ping(b"from the client")
        await ben.send("ping from the server")
        # The library answers a ping out of sight: this message waits for the server.
        await ben.send("subscribe nothing")
        await ben.receive()
        await first.close(1000, "read enough")
        ana.log_closes()
        await ben.send("leave closing time")
        await second.wait_closed()
        ben.log_closes()
    return {"ana": ana.client, "ben": ben.client}


def connect(port, name):
    return websockets.connect(f"ws://127.0.0.1:{port}{path_of(name)}", compression=None,
                              subprotocols=["topics"])


def path_of(name):
    return f"/topics?name={name}"


def join_server_log(log, server_log, clients):
    for line in server_log.read_text(encoding="utf-8").splitlines():
        name, what, opcode, payload, code = json.loads(line)
        payload = bytes.fromhex(payload)
        if opcode == "close":
            add = log.sent_close if what == "sent" else log.received_close
            add("server", clients[name], code, payload.decode())
        else:
            add = log.sent if what == "sent" else log.received
            add("server", clients[name], opcode, payload)


if __name__ == "__main__":
    main(sys.argv[1])
