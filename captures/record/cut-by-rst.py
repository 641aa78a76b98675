"""Record cut-by-rst.pcapng: connections that a RST ends, both ends written by hand.

One is cut between messages, one within a frame, one between two fragments, and one
while both sides are in the middle of a frame. All that was sent has arrived before;
but who receives a part of a message only does not hear of it.
"""

import fcntl
import socket
import struct
import sys
import termios
import time
from pathlib import Path

from both_ends import BothEnds
from capturing import Capture, free_port
from handwritten_socket import upgrade_request, upgrade_response
from message_log import MessageLog

KEY = "mWgSqRFZCxYzwqZ9ttJ2mA=="
RESET_AT_CLOSE = struct.pack("ii", 1, 0)
LONG = bytes(range(256)) * 20
SECONDS = 20


def main(folder):
    capture = Path(folder) / "cut-by-rst.pcapng"
    log = MessageLog(capture, control="complete")
    port = free_port()
    with Capture(capture, port), socket.create_server(("127.0.0.1", port)) as listener:
        between_messages(Connection(listener, log, "/between-messages"))
        within_a_frame(Connection(listener, log, "/within-a-frame", cut=["client"]))
        between_fragments(Connection(listener, log, "/between-fragments", cut=["server"]))
        both_at_once(Connection(listener, log, "/both-at-once", cut=["client", "server"]))
    log.write()


def between_messages(connection):
    connection.say("client", "text", b"one")
    connection.say("server", "binary", LONG)
    connection.say("server", "ping", b"there?")
    connection.say("client", "pong", b"there?")
    connection.reset("client")


def within_a_frame(connection):
    connection.say("client", "text", "Alles läuft.".encode())
    connection.say("server", "text", "Gut.".encode())
    connection.say_a_part("client", "binary", LONG, length=1800)
    connection.reset("client")


def between_fragments(connection):
    connection.say("client", "text", b"tell me")
    connection.say("server", "text", b"of course")
    connection.say_the_first_fragment("server", "text", b"once upon a ")
    connection.reset("server")


def both_at_once(connection):
    connection.say("client", "binary", b"")
    connection.say_a_part("client", "text", b"a" * 70_000, length=3000)
    connection.say_a_part("server", "binary", LONG, length=1)
    # What the client said lies unread, for which Linux itself sends a RST.
    connection.reset("server", by_option=False)


class Connection(BothEnds):
    def __init__(self, listener, log, path, cut=()):
        super().__init__(listener, log)
        self.shake_hands(upgrade_request(path, self.server, KEY), upgrade_response(KEY))
        log.connection(self.client, self.server, path, end="tcp-closed", cut=cut)

    def say_a_part(self, by, opcode, payload, length):
        """A frame of which `length` bytes of the payload go out."""
        self.log.partly_sent(by, self.client, opcode, payload[:length])
        frame = self.frames[by].frame(opcode, payload)
        self._send_and_wait(by, frame[:len(frame) - len(payload) + length])

    def say_the_first_fragment(self, by, opcode, payload):
        self.log.partly_sent(by, self.client, opcode, payload)
        self._send_and_wait(by, self.frames[by].frame(opcode, payload, fin=False))

    def _send_and_wait(self, by, data):
        """Until all of it is acknowledged: a RST takes nothing back then."""
        self.sockets[by].sendall(data)
        deadline = time.monotonic() + SECONDS
        while int.from_bytes(fcntl.ioctl(self.sockets[by], termios.TIOCOUTQ, bytes(4)),
                             sys.byteorder):
            assert time.monotonic() < deadline, "what was sent is not acknowledged"
            time.sleep(0.01)

    def reset(self, by, by_option=True):
        if by_option:
            self.sockets[by].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
        self.close(first=by)


if __name__ == "__main__":
    main(sys.argv[1])
