"""Record wrong-accept.pcap: a server that answers every key with the same Accept,
and a client that does not look at it, both written by hand.
"""

import socket
import sys
from pathlib import Path

from handwritten_socket import (FrameSocket, accept_for, close_payload, note, read_head,
                                record)

PATH = "/ticker"
# The pair of RFC 6455, section 1.3: right for the key there, wrong for any other.
COPIED_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
KEY = "gk6AiBD48FKZC2RUFMH/ow=="


def main(folder):
    record(Path(folder) / "wrong-accept.pcap", serve, talk)


def serve(listener, log):
    """Tell three prices for each name asked for."""
    connection, client = listener.accept()
    with connection, connection.makefile("rb") as stream:
        read_head(stream)
        connection.sendall((
            "HTTP/1.1 101 Switching Protocols\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {COPIED_ACCEPT}\r\n"
            "\r\n").encode())
        frames = FrameSocket(connection, stream, masks=False)

        def send(opcode, payload):
            note(log.sent, log.sent_close, "server", client, opcode, payload)
            frames.send_frame(opcode, payload)

        for opcode, payload in frames.read_messages():
            note(log.received, log.received_close, "server", client, opcode, payload)
            if opcode == "close":
                send("close", payload)
                break
            for price in (101.5, 101.25, 102):
                send("text", b'{"name":"%s","price":%s}' % (payload, str(price).encode()))


def talk(port, log):
    with socket.create_connection(("127.0.0.1", port)) as connection, \
            connection.makefile("rb") as stream:
        client = connection.getsockname()
        connection.sendall((
            f"GET {PATH} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{port}\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {KEY}\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            "\r\n").encode())
        _, fields = read_head(stream)
        assert fields["sec-websocket-accept"] != accept_for(KEY)
        log.connection(client, connection.getpeername(), PATH, accept="mismatch",
                       breaks=[("accept-mismatch", "server")])
        frames = FrameSocket(connection, stream, masks=True)
        answers = frames.read_messages()

        def send(opcode, payload):
            note(log.sent, log.sent_close, "client", client, opcode, payload)
            frames.send_frame(opcode, payload)

        def receive():
            note(log.received, log.received_close, "client", client, *next(answers))

        for name in (b"tin", b"zinc"):
            send("text", name)
            for _ in range(3):
                receive()
        send("close", close_payload(1001))
        receive()


if __name__ == "__main__":
    main(sys.argv[1])
