"""Record broken-frames.pcap: frames and messages that break a rule each. What a client breaks,
a library has to deal with; what a server breaks, a client written by hand passes over.
"""

import sys
import zlib
from pathlib import Path

from breaking_rules import AWAIT, DEFLATE, OtherBytes, masked, recorder
from handwritten_socket import close_payload, encoded_frame

RSV1, RSV2, RSV3 = 4, 2, 1
TAIL = b"\x00\x00\xff\xff"
KEY = b"\x0a\x1b\x2c\x3d"
HELLO = bytes.fromhex("f2 48 cd c9 c9 07 00")

# Rule and variant, the library, and what the client sends; it fails the connection then.
FAILED = [
    ("unmasked-client-frame/text", "websockets", [encoded_frame("text", b"bare")]),
    ("unmasked-client-frame/later", "ws", [
        masked("text", b"masked"), AWAIT, encoded_frame("binary", b"bare")]),
    ("reserved-bits/rsv1", "websockets", [masked("text", b"a", reserved=RSV1)]),
    ("reserved-bits/rsv2", "ws", [masked("text", b"b", reserved=RSV2)]),
    ("reserved-bits/rsv3", "websockets", [masked("ping", b"c", reserved=RSV3)]),
    ("reserved-opcode/3", "websockets", [masked(3, b"data of the future")]),
    ("reserved-opcode/7", "ws", [masked(7, b"")]),
    ("reserved-opcode/11", "websockets", [masked(11, b"control of the future")]),
    ("reserved-opcode/15", "ws", [masked(15, b"")]),
    ("control-frame-too-long/ping", "websockets", [masked("ping", b"p" * 126)]),
    ("control-frame-too-long/close", "ws", [masked("close", close_payload(1000, "c" * 124))]),
    ("fragmented-control-frame/ping", "websockets", [masked("ping", b"p", fin=False)]),
    ("fragmented-control-frame/pong", "ws", [masked("pong", b"p", fin=False)]),
    ("unexpected-continuation/first", "websockets", [masked("continuation", b"of nothing")]),
    ("unexpected-continuation/not-final", "ws", [
        masked("continuation", b"of nothing", fin=False)]),
    ("unexpected-continuation/after-the-last", "websockets", [
        masked("text", b"o", fin=False), masked("continuation", b"k"), AWAIT,
        masked("continuation", b"?")]),
    ("interleaved-message/text", "websockets", [
        masked("text", b"one ", fin=False), masked("text", b"two")]),
    ("interleaved-message/fragmented", "ws", [
        masked("binary", b"one", fin=False), masked("text", b"two", fin=False)]),
    ("invalid-utf8/cut", "websockets", [masked("text", "café".encode()[:-1])]),
    ("invalid-utf8/no-beginning", "ws", [masked("text", b"caf\xa9")]),
    ("invalid-utf8/overlong", "websockets", [masked("text", b"\xc0\xaf")]),
    ("invalid-utf8/surrogate", "ws", [masked("text", b"\xed\xa0\xbd\xed\xb8\x80")]),
    ("invalid-utf8/beyond-unicode", "websockets", [masked("text", b"\xf4\x90\x80\x80")]),
    ("invalid-utf8/in-fragments", "ws", [
        masked("text", b"caf\xc3", fin=False), masked("continuation", b"e")]),
    ("close-payload-length", "websockets", [masked("close", b"\x03")]),
    ("close-code/0", "websockets", [masked("close", close_payload(0))]),
    ("close-code/999", "ws", [masked("close", close_payload(999))]),
    ("close-code/1004", "websockets", [masked("close", close_payload(1004))]),
    ("close-code/1005", "ws", [masked("close", close_payload(1005))]),
    ("close-code/1006", "websockets", [masked("close", close_payload(1006))]),
    ("close-code/1015", "ws", [masked("close", close_payload(1015, "with a reason"))]),
    ("close-code/1016", "websockets", [masked("close", close_payload(1016))]),
    ("close-code/2999", "ws", [masked("close", close_payload(2999))]),
    ("close-reason-utf8", "websockets", [masked("close", close_payload(1000) + b"caf\xe9")]),
]

# The same after permessage-deflate was agreed on.
FAILED_WITH_DEFLATE = [
    ("reserved-bits/rsv2-with-deflate", "websockets", [
        masked("text", HELLO, reserved=RSV1 | RSV2)]),
    ("compressed-control-frame/ping", "websockets", [masked("ping", HELLO, reserved=RSV1)]),
    ("compressed-control-frame/close", "ws", [
        masked("close", close_payload(1000), reserved=RSV1)]),
    ("compressed-continuation", "ws", [
        masked("text", HELLO[:3], fin=False, reserved=RSV1),
        masked("continuation", HELLO[3:], reserved=RSV1)]),
    ("invalid-utf8/compressed", "websockets", [
        masked("text", b"\x00\x04\x00\xfb\xffcaf\xe9\x00", reserved=RSV1)]),
    ("corrupt-deflate/text", "websockets", [masked("text", b"as it is", reserved=RSV1)]),
    ("corrupt-deflate/kind-of-block", "ws", [masked("binary", b"\x07\x00", reserved=RSV1)]),
]

# Broken without a word from the server; the client closes then.
PASSED_OVER = [
    ("masking-key-repeated/text", "websockets", [
        masked("text", b"one", key=KEY), AWAIT, masked("text", b"two", key=KEY), AWAIT]),
    ("masking-key-repeated/zero", "ws", [
        masked("text", b"one", key=bytes(4)), AWAIT, masked("text", b"two", key=bytes(4)), AWAIT,
        masked("text", b"three", key=bytes(4)), AWAIT]),
    ("length-not-minimal/16-bits", "websockets", [masked("text", b"short", length_bytes=2)]),
    ("length-not-minimal/64-bits", "ws", [masked("text", b"short", length_bytes=8)]),
    ("length-not-minimal/64-for-16-bits", "websockets", [
        masked("binary", b"l" * 300, length_bytes=8)]),
    # Between a ping and the end messages have to follow, or nobody waits for an answer.
    ("ping-not-answered", "websockets", [
        masked("text", b"ping me"), AWAIT, masked("text", b"one"), AWAIT,
        masked("text", b"two"), AWAIT, masked("text", b"three"), AWAIT]),
]
PASSED_OVER_WITH_DEFLATE = [
    ("deflate-tail", "websockets", [masked("text", HELLO + TAIL, reserved=RSV1), AWAIT]),
]

# What comes after a Close frame, in one segment with it.
AFTER_CLOSE = [
    ("data-after-close/text", "websockets", masked("text", b"and another thing")),
    ("data-after-close/fragment", "ws", masked("binary", b"and", fin=False)),
    ("control-after-close/ping", "websockets", masked("ping", b"still there?")),
    ("control-after-close/pong", "ws", masked("pong", b"")),
    ("second-close", "websockets", masked("close", close_payload(1000))),
]


def main(folder):
    with recorder(Path(folder) / "broken-frames.pcap") as record:
        for name, by, frames in FAILED:
            record.client_breaks(name, frames, by, closes="a frame" if sends_close(name)
                                 else "server")
        for name, by, frames in FAILED_WITH_DEFLATE:
            record.client_breaks(name, frames, by, request=DEFLATE,
                                 closes="a frame" if sends_close(name) else "server")
        for name, by, frames in PASSED_OVER:
            record.client_breaks(name, frames, by, closes="client")
        for name, by, frames in PASSED_OVER_WITH_DEFLATE:
            record.client_breaks(name, frames, by, request=DEFLATE, closes="client")
        for name, by, frame in AFTER_CLOSE:
            close = masked("close", close_payload(1000))
            record.client_breaks(name, [close + frame], by, closes="a frame")
        record.client_breaks("close-not-answered", [masked("text", b"close"), AWAIT],
                             closes="nobody")
        servers(record)


def sends_close(name):
    return name.startswith("close-") or name.endswith("/close")


def servers(record):
    """What servers break, and both ends are written by hand for."""
    def server(name, *frames, **options):
        record.by_hand(f"{name}/by-server", "server", frames, **options)

    closing = {"closes": ["client"]}
    close = encoded_frame("close", close_payload(1000))
    long_ago = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=b"what was said before")
    refers_back = long_ago.compress(b"what was said before") + long_ago.flush(zlib.Z_SYNC_FLUSH)

    server("masked-server-frame", encoded_frame("text", b"for your eyes only", key=KEY))
    server("reserved-bits", encoded_frame("binary", b"a", reserved=RSV1))
    server("reserved-opcode", encoded_frame(4, b""))
    server("length-not-minimal", encoded_frame("text", b"short", length_bytes=2))
    server("control-frame-too-long", encoded_frame("pong", b"p" * 126))
    server("fragmented-control-frame", encoded_frame("pong", b"p", fin=False))
    server("unexpected-continuation", encoded_frame("continuation", b"of nothing"))
    server("interleaved-message", encoded_frame("text", b"one ", fin=False),
           encoded_frame("binary", b"two"))
    server("invalid-utf8", encoded_frame("text", b"caf\xe9"))
    server("close-payload-length", encoded_frame("close", b"\x03"), **closing)
    server("close-code", encoded_frame("close", close_payload(1006, "it broke")), **closing)
    server("close-reason-utf8", encoded_frame("close", close_payload(1000) + b"\xff"), **closing)
    server("data-after-close", close, encoded_frame("text", b"one more"), **closing)
    server("control-after-close", close, encoded_frame("ping", b""), **closing)
    server("second-close", close, close, **closing)
    server("close-not-answered", encoded_frame("text", b"I never say good-bye"), **closing)
    server("compressed-control-frame", encoded_frame("pong", HELLO, reserved=RSV1), deflate=True)
    server("compressed-continuation", encoded_frame("text", HELLO[:3], fin=False, reserved=RSV1),
           encoded_frame("continuation", HELLO[3:], reserved=RSV1), deflate=True)
    server("corrupt-deflate", encoded_frame("text", HELLO[:4], reserved=RSV1), deflate=True)
    # Without a message before it, there is nothing to refer to.
    record.by_hand("corrupt-deflate/too-far-back", "server", [
        encoded_frame("text", refers_back[:-len(TAIL)], reserved=RSV1)], deflate=True)
    server("deflate-tail", encoded_frame("text", HELLO + TAIL, reserved=RSV1), deflate=True)
    # After such a length nobody can tell where the next frame would be.
    overflow = bytes([0x82, 0x7F]) + (1 << 63).to_bytes(8, "big") + b"and so on"
    server("frame-length-overflow", overflow, closes=[])
    record.by_hand("frame-length-overflow/by-client", "client", [
        bytes([0x82, 0xFF]) + ((1 << 64) - 1).to_bytes(8, "big") + KEY + b"and so on"], closes=[])
    server("ping-not-answered", *(encoded_frame("text", word) for word in (b"1", b"2", b"3")),
           other_frames=[masked("ping", b"there?")])
    # What the receiver has already, it does not look at again.
    record.by_hand("tcp-overlap-conflict/by-client", "client", [
        masked("text", b"Pay 10", key=KEY), OtherBytes(masked("text", b"Pay 99", key=KEY))])


if __name__ == "__main__":
    main(sys.argv[1])
