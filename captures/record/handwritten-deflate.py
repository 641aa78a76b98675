"""Record handwritten-deflate.pcap: compressed messages put together by hand, in every
form that RFC 7692 allows and that libraries hardly ever send. The examples of its section
7.2.3 are byte for byte what the RFC prints.
"""

import socket
import struct
import sys
import zlib
from pathlib import Path

from both_ends import BothEnds
from capturing import Capture, free_port
from handwritten_socket import close_payload, upgrade_request, upgrade_response
from message_log import MessageLog, OPPOSITE

KEY = "x3JJHMbDL1EzLkh9GBhXDw=="
RSV1 = 4
WINDOW = 1 << 15
# What an endpoint removes from the end of a message, RFC 7692 section 7.2.1.
TAIL = b"\x00\x00\xff\xff"


def main(folder):
    capture = Path(folder) / "handwritten-deflate.pcap"
    log = MessageLog(capture, control="complete")
    port = free_port()
    with Capture(capture, port), socket.create_server(("127.0.0.1", port)) as listener:
        examples_of_the_rfc(Connection(listener, log, "/examples", "permessage-deflate"))
        all_kinds_of_blocks(Connection(listener, log, "/blocks", "permessage-deflate"))
        all_kinds_of_fragments(Connection(listener, log, "/fragments", "permessage-deflate"))
        without_context(Connection(
            listener, log, "/no-context-takeover",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover"))
    log.write()


def examples_of_the_rfc(connection):
    for side in ("client", "server"):
        for wire, text in [
                ("f2 48 cd c9 c9 07 00", b"Hello"),
                # With the context of the first: no more than a reference to it.
                ("f2 00 11 00 00", b"Hello"),
                # A block without compression.
                ("00 05 00 fa ff 48 65 6c 6c 6f 00", b"Hello"),
                # A final block.
                ("f3 48 cd c9 c9 07 00 00", b"Hello"),
                # Two blocks.
                ("f2 48 05 00 00 00 ff ff ca c9 c9 07 00", b"Hello"),
                # An empty message.
                ("00", b"")]:
            connection.say_compressed(side, "text", [bytes.fromhex(wire)], text)
        connection.say_compressed(
            side, "text", [bytes.fromhex("f2 48 cd"), bytes.fromhex("c9 c9 07 00")], b"Hello")
    connection.over()


def all_kinds_of_blocks(connection):
    for side in ("client", "server"):
        sender = Sender()
        wren, robin = lines_about("wren"), lines_about("robin")
        for opcode, wire, payload in [
                # With flushes of every kind in the middle, two of them twice.
                ("text", sender.flushed([
                    (wren, zlib.Z_SYNC_FLUSH), (robin, zlib.Z_FULL_FLUSH),
                    (wren, zlib.Z_PARTIAL_FLUSH), (b"", zlib.Z_PARTIAL_FLUSH),
                    (robin, zlib.Z_BLOCK), (b"", zlib.Z_SYNC_FLUSH)]),
                 wren + robin + wren + robin),
                # A final block in the middle; what follows refers to what was before it.
                ("text", sender.final(wren) + sender.message(wren + robin), wren + wren + robin),
                # A final block at the end, with the byte that stands for the next.
                ("text", sender.final(robin) + b"\x00", robin),
                # Final blocks only, one of them empty.
                ("text", sender.final(wren) + sender.final(b"") + sender.final(robin) + b"\x00",
                 wren + robin),
                # Blocks without compression, one of them final, one empty.
                ("binary", sender.stored(bytes(range(256))) + sender.stored(b"")
                 + sender.stored(b"stored", final=True) + sender.stored(b"again") + b"\x00",
                 bytes(range(256)) + b"storedagain"),
                # One of each kind: stored, fixed codes, codes of its own.
                ("text", sender.stored(wren) + sender.fixed(robin) + sender.message(robin * 3),
                 wren + robin + robin * 3),
                # Empty, once more than one would think.
                ("text", b"\x00" + TAIL + b"\x00" + TAIL + b"\x00", b""),
                ("binary", sender.final(b"") + b"\x00", b""),
                # As it is, although compression was agreed on.
                ("text", None, "not compressed: 🐦".encode()),
                ("text", sender.message(wren + robin), wren + robin)]:
            if wire is None:
                connection.say(side, opcode, payload)
            else:
                connection.say_compressed(side, opcode, [wire], payload)
    connection.over()


def all_kinds_of_fragments(connection):
    for side in ("client", "server"):
        sender = Sender()
        text = lines_about("Zaunkönig 🐦")
        connection.say_compressed(side, "text", bytewise(sender.message(text)), text)
        # Once more, when all of it is a reference; with a ping after each fragment.
        connection.say_compressed(side, "text", bytewise(sender.message(text)), text, pings=True)
        # An empty fragment first, one last, one between.
        wire = sender.message(text * 2)
        connection.say_compressed(side, "text", [b"", wire[:9], b"", wire[9:], b""], text * 2)
        # The empty message in fragments, the byte in the first and in the last.
        connection.say_compressed(side, "binary", [b"\x00", b""], b"")
        connection.say_compressed(side, "binary", [b"", b"\x00"], b"")
        # Each fragment a final block of its own.
        words = [b"un ", b"deux ", b"deux ", b"trois "]
        parts = [sender.final(word) for word in words]
        connection.say_compressed(side, "text", [*parts, b"\x00"], b"".join(words))
    connection.over()


def without_context(connection):
    for side in ("client", "server"):
        text = lines_about("dipper")
        for wire in [Sender().message(text), Sender().message(text), Sender().final(text) + b"\x00",
                     Sender().stored(text) + b"\x00"]:
            connection.say_compressed(side, "text", [wire], text)
        # Within a message the blocks still refer to one another.
        sender = Sender()
        wire = sender.final(text) + sender.message(text)
        connection.say_compressed(side, "text", [wire], text * 2)
    connection.over()


class Connection(BothEnds):
    def __init__(self, listener, log, path, extensions):
        super().__init__(listener, log)
        field = f"Sec-WebSocket-Extensions: {extensions}"
        self.shake_hands(upgrade_request(path, self.server, KEY, field),
                         upgrade_response(KEY, field))
        log.connection(self.client, self.server, path, extensions=extensions, end="closed")
        takeover = "no_context_takeover" not in extensions
        self.receivers = {side: Receiver(takeover) for side in self.sockets}

    def say_compressed(self, by, opcode, fragments, payload, pings=False):
        """`fragments` are what goes over the wire, `payload` what it means."""
        other = OPPOSITE[by]
        for index, fragment in enumerate(fragments):
            is_last = index == len(fragments) - 1
            if is_last:
                self.log.sent(by, self.client, opcode, payload, compressed=True)
            self.frames[by].send_frame(opcode if index == 0 else "continuation", fragment,
                                       fin=is_last, reserved=RSV1 if index == 0 else 0)
            if pings and not is_last:
                self.say(by, "ping", b"%d" % index)
                self.say(other, "pong", b"%d" % index)
        kind, wire = next(self.incoming[other])
        received = self.receivers[other].inflate(wire)
        assert received == payload, (wire.hex(), received, payload)
        self.log.received(other, self.client, kind, received, compressed=True)

    def over(self):
        self.say("client", "close", close_payload(1000))
        self.say("server", "close", close_payload(1000))
        self.close()


class Sender:
    """One side's compression, with a window that goes on from message to message."""

    def __init__(self):
        self.window = b""

    def message(self, payload):
        return self.flushed([(payload, zlib.Z_SYNC_FLUSH)])

    def flushed(self, parts):
        """A message that ends with a flush, whose bytes are removed."""
        wire = self._compress(parts)
        assert wire.endswith(TAIL)
        return wire[:-len(TAIL)]

    def final(self, payload):
        """What ends with a final block, filled up to a whole byte."""
        return self._compress([(payload, zlib.Z_FINISH)])

    def fixed(self, payload):
        """A block with the codes that DEFLATE has from the start, up to a whole byte."""
        return self._compress([(payload, zlib.Z_SYNC_FLUSH)], zlib.Z_FIXED)

    def stored(self, payload, final=False):
        """A block without compression, that begins at a byte."""
        self._remember(payload)
        length = len(payload)
        return bytes([final]) + struct.pack("<HH", length, length ^ 0xFFFF) + payload

    def _compress(self, parts, strategy=zlib.Z_DEFAULT_STRATEGY):
        # Window bits below zero mean bare DEFLATE.
        compressor = zlib.compressobj(9, zlib.DEFLATED, -15, strategy=strategy, zdict=self.window)
        wire = b""
        for payload, flush in parts:
            wire += compressor.compress(payload) + compressor.flush(flush)
            self._remember(payload)
        return wire

    def _remember(self, payload):
        self.window = (self.window + payload)[-WINDOW:]


class Receiver:
    def __init__(self, takeover):
        self.takeover = takeover
        self.window = b""

    def inflate(self, wire):
        window, rest, payload = self.window, wire + TAIL, b""
        while rest:
            inflater = zlib.decompressobj(-15, zdict=window[-WINDOW:])
            out = inflater.decompress(rest)
            payload += out
            window += out
            # After a final block a new one begins.
            rest = inflater.unused_data
        if self.takeover:
            self.window = window[-WINDOW:]
        return payload


def bytewise(wire):
    return [wire[index:index + 1] for index in range(len(wire))]


def lines_about(bird):
    return "".join(f"{number}: a {bird} on branch {number * 7 % 5}\n"
                   for number in range(8)).encode()


if __name__ == "__main__":
    main(sys.argv[1])
