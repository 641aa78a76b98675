"""Record small-writes.pcap: long messages both ways at once, written to the sockets in
pieces of random length, so that frames and their headers are split over segments.

Both ends are written by hand: a library would write a frame at once. The pieces are
the same each time, what the kernel makes of them is not.
"""

import json
import random
import socket
import sys
import threading
from pathlib import Path

from handwritten_socket import (FrameSocket, accept_for, close_payload, note, read_head,
                                record, upgrade_request, upgrade_response)

PATH = "/bulk"
KEY = "0q0vHTjTq2gVXkVZFlD2HQ=="
LONG = 130_000
SECONDS = 60


def main(folder):
    record(Path(folder) / "small-writes.pcap", serve, talk)


def serve(listener, log):
    connection, client = listener.accept()
    with connection, connection.makefile("rb") as stream:
        _, fields = read_head(stream)
        pieces = Pieces(connection, seed=1)
        pieces.sendall(upgrade_response(fields["sec-websocket-key"]))
        end = End(FrameSocket(pieces, stream, masks=False), "server", client, log)
        end.exchange([*short_messages("binary"), ("binary", random.Random(2).randbytes(LONG)),
                      *short_messages("text")])
        end.receive()
        end.send("close", close_payload(1000))


def talk(port, log):
    with socket.create_connection(("127.0.0.1", port)) as connection, \
            connection.makefile("rb") as stream:
        client = connection.getsockname()
        pieces = Pieces(connection, seed=3)
        pieces.sendall(upgrade_request(PATH, connection.getpeername(), KEY))
        _, fields = read_head(stream)
        assert fields["sec-websocket-accept"] == accept_for(KEY)
        # Neither end answers pings; the client has sent no message after the server's last.
        log.connection(client, connection.getpeername(), PATH, end="closed",
                       breaks=[("ping-not-answered", "server")])
        end = End(FrameSocket(pieces, stream, masks=True), "client", client, log)
        end.exchange([*short_messages("text"), ("text", table()), *short_messages("binary")])
        end.send("close", close_payload(1000))
        end.receive()


class Pieces:
    """A socket that takes what is to be sent in pieces, some of them of a byte or two."""

    def __init__(self, connection, seed):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection
        self.random = random.Random(seed)

    def sendall(self, data):
        while data:
            shortest, longest = self.random.choices(
                [(1, 3), (4, 60), (200, 1400)], weights=[2, 1, 7])[0]
            length = self.random.randint(shortest, longest)
            self.connection.sendall(data[:length])
            data = data[length:]


class End:
    def __init__(self, frames, by, client, log):
        self.frames = frames
        self.by = by
        self.client = client
        self.log = log
        self.messages = frames.read_messages()

    def exchange(self, messages):
        """Send all of them, and at the same time read as many from the other end."""
        writer = threading.Thread(target=lambda: [self.send(*message) for message in messages])
        writer.start()
        for _ in messages:
            self.receive()
        writer.join(SECONDS)

    def send(self, opcode, payload):
        note(self.log.sent, self.log.sent_close, self.by, self.client, opcode, payload)
        self.frames.send_frame(opcode, payload)

    def receive(self):
        note(self.log.received, self.log.received_close, self.by, self.client,
             *next(self.messages))


def short_messages(opcode):
    """Frames of which the header is a good part, in two of its three forms."""
    return [(opcode, b"0" * length) for length in (0, 1, 2, 125, 126, 3)] + [("ping", b"?")]


def table():
    """Rows of JSON, cut to the length wanted within the last string."""
    rows = [{"row": number, "name": f"Größe {number}", "value": number / 7}
            for number in range(3000)]
    text = json.dumps(rows, ensure_ascii=False).encode()[:LONG - 100]
    head, _, _ = text.rpartition(b", {")
    return head + b', "' + b"." * (LONG - len(head) - 5) + b'"]'


if __name__ == "__main__":
    main(sys.argv[1])
