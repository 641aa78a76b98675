#!/usr/bin/env python3
"""Make captures of messages that grow or are long: captures/record/bomb.py FOLDER

bomb.pcap has a compressed message of 200 KB that inflates to 200 MB, and after it
ordinary ones that refer to it; long-message.pcap a binary message of 1 GiB, and a short
text. They are written without a network, and are for benchmarks, not for the repository.
"""

import random
import struct
import sys
import zlib
from pathlib import Path

from handwritten_socket import (encoded_frame, internet_checksum, upgrade_request,
                                upgrade_response)
from message_log import OPPOSITE

CLIENT, SERVER = ("192.0.2.10", 50000), ("198.51.100.20", 80)
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"
SEED = 17

BOMB_BYTES = 200_000_000
ORDINARY = 50
LONG_BYTES = 1 << 30
# As long as an IPv4 packet allows, as interfaces show segments that they divide.
SEGMENT = 65_535 - 20 - 20

SYN, ACK, PSH, FIN = 0x02, 0x10, 0x08, 0x01
ETHERNET = 1


def main(folder):
    Path(folder).mkdir(parents=True, exist_ok=True)
    write(Path(folder) / "bomb.pcap", bomb, DEFLATE)
    write(Path(folder) / "long-message.pcap", long_message)


def bomb(tcp):
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)

    def compressed(pieces):
        parts = [compressor.compress(piece) for piece in pieces]
        parts.append(compressor.flush(zlib.Z_SYNC_FLUSH))
        return b"".join(parts)[:-4]

    def say(payload):
        tcp.send("server", encoded_frame("text", compressed(payload), reserved=4))

    say([b'{"news":"none"}'])
    begins, ends, piece = b'{"news":"h', b'!"}', b"a" * 1_000_000
    say([begins, *(piece for _ in range(BOMB_BYTES // len(piece))), ends])
    for number in range(ORDINARY):
        say([begins + piece[:300 + number] + ends])


def long_message(tcp):
    tcp.send("server", encoded_frame("text", b'{"length":%d}' % LONG_BYTES))
    # A frame's head, then its payload piece by piece.
    tcp.send("server", bytes([0x82, 127]) + LONG_BYTES.to_bytes(8, "big"))
    pattern = random.Random(SEED).randbytes(2 * SEGMENT)
    for position in range(0, LONG_BYTES, SEGMENT):
        # Another part of it each time, so that no two segments are the same.
        start = position // SEGMENT * 257 % SEGMENT
        tcp.send("server", pattern[start:start + min(SEGMENT, LONG_BYTES - position)])
    tcp.send("server", encoded_frame("text", b'{"done":true}'))


class Connection:
    """A TCP connection over IPv4 and Ethernet, written packet by packet. Each segment is
    acknowledged by the next of the other side, and now and then by one without data."""

    def __init__(self, file):
        self.file = file
        self.ends = {"client": CLIENT, "server": SERVER}
        self.next_seq = {"client": 1_000_000, "server": 4_000_000_000}
        self.microseconds = 1_700_000_000_000_000
        self.unacknowledged = 0
        self.identification = 0
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, ETHERNET))

    def open(self):
        self._segment("client", SYN)
        self._segment("server", SYN | ACK)
        self._segment("client", ACK)

    def send(self, side, data):
        for position in range(0, len(data), SEGMENT):
            self._segment(side, PSH | ACK, data[position:position + SEGMENT])
            self.unacknowledged += 1
            if self.unacknowledged == 2:
                self._segment(OPPOSITE[side], ACK)
                self.unacknowledged = 0

    def close(self):
        self._segment("server", FIN | ACK)
        self._segment("client", FIN | ACK)
        self._segment("server", ACK)

    def _segment(self, side, flags, data=b""):
        (address, port), (peer, peer_port) = self.ends[side], self.ends[OPPOSITE[side]]
        seq, ack = self.next_seq[side], self.next_seq[OPPOSITE[side]] if flags & ACK else 0
        addresses = ip_bytes(address) + ip_bytes(peer)
        length = 20 + len(data)

        def tcp(checksum):
            return struct.pack(">HHIIBBHHH", port, peer_port, seq, ack, 5 << 4, flags, 65_535,
                               checksum, 0)

        pseudo_header = addresses + struct.pack(">HH", 6, length)
        segment = tcp(internet_checksum(pseudo_header + tcp(0) + data)) + data
        self.identification = (self.identification + 1) % 2**16

        def ip(checksum):
            return struct.pack(">BBHHHBBH", 0x45, 0, 20 + length, self.identification, 0x4000,
                               64, 6, checksum) + addresses

        macs = [bytes.fromhex("020000000001"), bytes.fromhex("020000000002")]
        source, destination = macs if side == "client" else macs[::-1]
        packet = (destination + source + b"\x08\x00" + ip(internet_checksum(ip(0))) + segment)
        seconds, microseconds = divmod(self.microseconds, 1_000_000)
        self.file.write(struct.pack("<IIII", seconds, microseconds, len(packet), len(packet)))
        self.file.write(packet)
        self.microseconds += 40
        self.next_seq[side] = (seq + len(data) + bool(flags & (SYN | FIN))) % 2**32


def ip_bytes(address):
    return bytes(map(int, address.split(".")))


def write(path, talk, *fields):
    with path.open("wb") as file:
        tcp = Connection(file)
        tcp.open()
        tcp.send("client", upgrade_request("/feed", SERVER, KEY, *fields))
        tcp.send("server", upgrade_response(KEY, *fields))
        talk(tcp)
        close = (1000).to_bytes(2, "big")
        tcp.send("client", encoded_frame("close", close, key=b"\x5a\x3c\x96\xf0"))
        tcp.send("server", encoded_frame("close", close))
        tcp.close()


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    main(sys.argv[1])
