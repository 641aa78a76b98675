"""A connection whose two ends are bare sockets, both of this one process."""

import socket

from handwritten_socket import FrameSocket, note, read_head
from message_log import OPPOSITE


class BothEnds:
    """What is of each side is found by its name: "client" or "server"."""

    def __init__(self, listener, log=None, client_port=0):
        self.log = log
        self.server = listener.getsockname()
        host, _ = self.server
        client = socket.create_connection(self.server, source_address=(host, client_port))
        server, self.client = listener.accept()
        self.sockets = {"client": client, "server": server}
        self.streams = {side: end.makefile("rb") for side, end in self.sockets.items()}
        self.frames = {side: FrameSocket(self.sockets[side], self.streams[side], side == "client")
                       for side in self.sockets}
        self.incoming = {side: frames.read_messages() for side, frames in self.frames.items()}

    def shake_hands(self, request, response):
        self.sockets["client"].sendall(request)
        read_head(self.streams["server"])
        self.sockets["server"].sendall(response)
        read_head(self.streams["client"])

    def say(self, by, opcode, payload):
        """A whole message, which the other side reads."""
        note(self.log.sent, self.log.sent_close, by, self.client, opcode, payload)
        self.frames[by].send_frame(opcode, payload)
        self.hear(OPPOSITE[by])

    def hear(self, by):
        note(self.log.received, self.log.received_close, by, self.client,
             *next(self.incoming[by]))

    def pass_on(self, by, data):
        """Bytes of any kind, which the other side takes without looking at them."""
        self.sockets[by].sendall(data)
        assert self.streams[OPPOSITE[by]].read(len(data)) == data

    def close(self, first="server"):
        for side in (first, "client", "server"):
            self.streams[side].close()
            self.sockets[side].close()
