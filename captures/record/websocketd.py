"""Record websocketd.pcap: websocketd in front of a program that reads and prints lines.

Of two connections the client ends the first, the program's end the second.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from capturing import Capture, free_port, wait_until_listening
from message_log import MessageLog

PROGRAM = Path(__file__).with_name("websocketd-program.py")


def main(folder):
    capture = Path(folder) / "websocketd.pcap"
    log = MessageLog(capture, control="complete")
    port = free_port()
    with tempfile.TemporaryDirectory() as scratch:
        program_log = Path(scratch) / "program.log"
        with Capture(capture, port, nanoseconds=True):
            process = subprocess.Popen(
                ["websocketd", "--address=127.0.0.1", f"--port={port}",
                 sys.executable, str(PROGRAM), str(program_log)],
                stdout=subprocess.DEVNULL)
            try:
                wait_until_listening(port, process)
                client_leaves(port, log)
                program_ends(port, log)
            finally:
                process.terminate()
                process.wait(timeout=20)
        for line in program_log.read_text(encoding="utf-8").splitlines():
            client, what, text = json.loads(line)
            add = log.sent if what == "sent" else log.received
            add("server", client, "text", text)
    log.write()


def client_leaves(port, log):
    path = "/lines"
    with connect(f"ws://127.0.0.1:{port}{path}") as channel:
        client = Client(channel, path, log)
        client.receive_until("ready")
        client.send("stressed desserts")
        client.receive_until("stressed desserts"[::-1])
        client.send("")
        client.receive_until("")
        client.send("Ünïcødé 日本 🎉")
        client.receive_until("Ünïcødé 日本 🎉"[::-1])
        client.ping(b"are you there")
        client.send("count 5")
        client.receive_until("5 of 5")
        channel.close(1000, "enough")
        client.log_closes()


def program_ends(port, log):
    path = "/lines?again=1"
    with connect(f"ws://127.0.0.1:{port}{path}") as channel:
        client = Client(channel, path, log)
        client.receive_until("ready")
        client.send("x" * 2000)
        client.receive_until("x" * 2000)
        client.send("quit")
        client.receive_until("goodbye")
        # websocketd ends the TCP connection without a Close frame.
        try:
            channel.recv(timeout=20)
        except ConnectionClosed:
            client.log_closes()


class Client:
    def __init__(self, channel, path, log):
        self.channel = channel
        self.log = log
        self.address = channel.local_address
        log.connection(self.address, channel.remote_address, path)

    def send(self, text):
        self.log.sent("client", self.address, "text", text)
        self.channel.send(text)

    def ping(self, data):
        self.log.sent("client", self.address, "ping", data)
        answered = self.channel.ping(data)
        assert answered.wait(20)
        self.log.received("client", self.address, "pong", data)

    def receive_until(self, last):
        while True:
            text = self.channel.recv(timeout=20)
            self.log.received("client", self.address, "text", text)
            if text == last:
                return

    def log_closes(self):
        protocol = self.channel.protocol
        for log_close, close in [(self.log.sent_close, protocol.close_sent),
                                 (self.log.received_close, protocol.close_rcvd)]:
            if close is not None:
                log_close("client", self.address, close.code, close.reason)


if __name__ == "__main__":
    main(sys.argv[1])
