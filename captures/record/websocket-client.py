"""Record websocket-client.pcap: websocket-client's handshake with the Connection field
of browsers, `keep-alive, Upgrade`, and its messages.

Of two connections the client closes the first, the server the second.
"""

import sys
import threading
from pathlib import Path

import websocket
from websocket import ABNF
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from capturing import Capture, free_port
from message_log import MessageLog, opcode_of

PATH = "/feed"
SECONDS = 30
NAMES = {ABNF.OPCODE_TEXT: "text", ABNF.OPCODE_BINARY: "binary", ABNF.OPCODE_CLOSE: "close",
         ABNF.OPCODE_PING: "ping", ABNF.OPCODE_PONG: "pong"}


def main(folder):
    capture = Path(folder) / "websocket-client.pcap"
    log = MessageLog(capture, control="complete")
    port = free_port()
    with Capture(capture, port, nanoseconds=True):
        with serve(lambda channel: answer(channel, log), "127.0.0.1", port,
                   compression=None) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            client_closes(Client(port, log))
            server_closes(Client(port, log))
            server.shutdown()
            thread.join()
    log.write()


def answer(channel, log):
    """Greet, send back what is said, close when told to."""
    client = channel.remote_address

    def send(message):
        log.sent("server", client, opcode_of(message), message)
        channel.send(message)

    def ping(data):
        log.sent("server", client, "ping", data)
        assert channel.ping(data).wait(SECONDS)
        log.received("server", client, "pong", data)

    send("welcome")
    try:
        for message in channel:
            log.received("server", client, opcode_of(message), message)
            if message == "ping":
                ping(b"\x01\x02\x03")
            if message == "go":
                channel.close(4000, "as you say")
            else:
                send(message[::-1])
    except ConnectionClosed:
        pass
    protocol = channel.protocol
    for log_close, close in [(log.sent_close, protocol.close_sent),
                             (log.received_close, protocol.close_rcvd)]:
        log_close("server", client, close.code, close.reason)


def client_closes(client):
    client.receive("text")
    client.send("stressed")
    client.receive("text")
    client.send("x" * 126 + "Ä")
    client.receive("text")
    client.send(bytes(range(200)))
    client.receive("binary")
    client.send_in_fragments("three fra", "gments, o", "f a text")
    client.receive("text")
    client.send("ping")
    client.receive("ping")
    client.receive("text")
    client.ping("mine")
    client.receive("pong")
    client.close(1000, "thanks")


def server_closes(client):
    client.receive("text")
    client.send("go")
    client.receive("close")
    client.channel.shutdown()


class Client:
    def __init__(self, port, log):
        self.log = log
        self.channel = websocket.create_connection(
            f"ws://127.0.0.1:{port}{PATH}", timeout=SECONDS,
            connection="Connection: keep-alive, Upgrade",
            header={"User-Agent": "Mozilla/5.0", "Cache-Control": "no-cache"},
            cookie="theme=dark")
        self.address = self.channel.sock.getsockname()
        log.connection(self.address, self.channel.sock.getpeername(), PATH, end="closed")

    def send(self, message):
        self.log.sent("client", self.address, opcode_of(message), message)
        self.channel.send(message, ABNF.OPCODE_TEXT if isinstance(message, str)
                          else ABNF.OPCODE_BINARY)

    def send_in_fragments(self, first, *more):
        self.log.sent("client", self.address, "text", first + "".join(more))
        self.channel.send_frame(ABNF.create_frame(first, ABNF.OPCODE_TEXT, fin=0))
        for part in more:
            self.channel.send_frame(
                ABNF.create_frame(part, ABNF.OPCODE_CONT, fin=int(part is more[-1])))

    def ping(self, data):
        self.log.sent("client", self.address, "ping", data)
        self.channel.ping(data)

    def receive(self, expected):
        """The library answers a ping and a Close frame before it hands them over."""
        opcode, data = self.channel.recv_data(control_frame=True)
        assert NAMES[opcode] == expected, (NAMES[opcode], expected)
        if expected == "close":
            code, reason = int.from_bytes(data[:2], "big"), data[2:].decode()
            self.log.received_close("client", self.address, code, reason)
        else:
            self.log.received("client", self.address, expected, data)

    def close(self, code, reason):
        """The server logs its answer, which the library keeps for itself."""
        self.log.sent_close("client", self.address, code, reason)
        self.channel.close(code, reason.encode())


if __name__ == "__main__":
    main(sys.argv[1])
