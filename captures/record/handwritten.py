"""Record handwritten.pcap: a server written by hand on a socket, and a client likewise.

The server's response has no space after `Upgrade:`, an old reason phrase and a
header field of an old draft, as such servers do; its Accept is right.
"""

import socket
import sys
from pathlib import Path

from handwritten_socket import (FrameSocket, accept_for, close_payload, note, read_head,
                                record)

PATH = "/echo"


def main(folder):
    record(Path(folder) / "handwritten.pcap", serve, talk)


def serve(listener, log):
    """Echo every message, answer pings and the Close frame, then end the connection."""
    connection, client = listener.accept()
    with connection, connection.makefile("rb") as stream:
        _, fields = read_head(stream)
        connection.sendall((
            "HTTP/1.1 101 Web Socket Protocol Handshake\r\n"
            "Upgrade:websocket\r\n"
            "Connection:Upgrade\r\n"
            f"WebSocket-Location: ws://{fields['host']}{PATH}\r\n"
            f"Sec-WebSocket-Accept: {accept_for(fields['sec-websocket-key'])}\r\n"
            "\r\n").encode())
        frames = FrameSocket(connection, stream, masks=False)
        for opcode, payload in frames.read_messages():
            note(log.received, log.received_close, "server", client, opcode, payload)
            answer = "pong" if opcode == "ping" else opcode
            note(log.sent, log.sent_close, "server", client, answer, payload)
            frames.send_frame(answer, payload)
            if opcode == "close":
                break


def talk(port, log):
    with socket.create_connection(("127.0.0.1", port)) as connection, \
            connection.makefile("rb") as stream:
        client = connection.getsockname()
        key = "xqBt3ImNzJbYqRINxEFlkg=="
        connection.sendall((
            f"GET {PATH} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{port}\r\n"
            "Upgrade: websocket\r\n"
            "Connection: keep-alive, Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            "\r\n").encode())
        _, fields = read_head(stream)
        assert fields["sec-websocket-accept"] == accept_for(key)
        log.connection(client, connection.getpeername(), PATH)
        frames = FrameSocket(connection, stream, masks=True)
        answers = frames.read_messages()

        def sent(opcode, payload):
            note(log.sent, log.sent_close, "client", client, opcode, payload)

        def send(opcode, payload):
            sent(opcode, payload)
            frames.send_frame(opcode, payload)

        def receive():
            note(log.received, log.received_close, "client", client, *next(answers))

        send("text", b"hello")
        receive()
        send("text", b"")
        receive()

        # The cut goes through the two bytes of an "é": only the whole message is UTF-8.
        text = "fragmented: é and 🎉".encode()
        cut = text.index("é".encode()) + 1
        frames.send_frame("text", text[:cut], fin=False)
        send("ping", b"in the middle")
        receive()
        frames.send_frame("continuation", text[cut:], fin=False)
        # An empty final fragment, as a sender writes that learns late that it is done.
        sent("text", text)
        frames.send_frame("continuation", b"")
        receive()

        send("binary", bytes(range(256)))
        receive()
        send("pong", b"unasked")
        receive()
        send("close", close_payload(1000, "that is all"))
        receive()


if __name__ == "__main__":
    main(sys.argv[1])
