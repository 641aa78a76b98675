"""RFC 6455 over a bare socket, as people write it by hand: whole frames, no library.

It sends exactly the frames that it is told to and answers nothing by itself.
"""

import base64
import hashlib
import os
import socket
import struct
import threading

from capturing import Capture, free_port
from message_log import MessageLog

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
OPCODES = {"continuation": 0, "text": 1, "binary": 2, "close": 8, "ping": 9, "pong": 10}
NAMES = {number: name for name, number in OPCODES.items()}


def record(capture, serve, talk):
    """Capture what `serve(listener, log)` and `talk(port, log)` say to one another."""
    log = MessageLog(capture, control="complete")
    port = free_port()
    with Capture(capture, port), socket.create_server(("127.0.0.1", port)) as listener:
        server = threading.Thread(target=serve, args=(listener, log))
        server.start()
        talk(port, log)
        server.join()
    log.write()


def accept_for(key):
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()


def upgrade_request(path, server, key, *fields, version=13):
    host, port = server
    return head(f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Upgrade: websocket",
                "Connection: Upgrade", f"Sec-WebSocket-Key: {key}",
                f"Sec-WebSocket-Version: {version}", *fields)


def upgrade_response(key, *fields):
    return head("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
                f"Sec-WebSocket-Accept: {accept_for(key)}", *fields)


def head(*lines):
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def read_head(stream):
    """A request's or response's head up to its empty line: first line and fields."""
    first = stream.readline().decode().rstrip("\r\n")
    fields = {}
    while line := stream.readline().decode().rstrip("\r\n"):
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    return first, fields


class FrameSocket:
    """One end of a connection after its handshake; the client's end masks."""

    def __init__(self, connection, stream, masks):
        self.connection = connection
        self.stream = stream
        self.masks = masks

    def send_frame(self, opcode, payload, fin=True, reserved=0):
        self.connection.sendall(self.frame(opcode, payload, fin, reserved))

    def frame(self, opcode, payload, fin=True, reserved=0):
        key = os.urandom(4) if self.masks else None
        return encoded_frame(opcode, payload, fin, reserved, key)

    def read_frame(self):
        """(fin, opcode, payload), or None when the other side has ended the connection."""
        head = self.stream.read(2)
        if len(head) < 2:
            return None
        length = head[1] & 0x7F
        if length == 126:
            length, = struct.unpack(">H", self.stream.read(2))
        elif length == 127:
            length, = struct.unpack(">Q", self.stream.read(8))
        key = self.stream.read(4) if head[1] & 0x80 else None
        payload = self.stream.read(length)
        return bool(head[0] & 0x80), NAMES[head[0] & 0x0F], xor(payload, key) if key else payload

    def read_messages(self):
        """(opcode, payload) of each message, control frames where they came."""
        kind, parts = None, []
        while frame := self.read_frame():
            fin, opcode, payload = frame
            if opcode in ("ping", "pong", "close"):
                yield opcode, payload
                continue
            kind = kind if opcode == "continuation" else opcode
            parts.append(payload)
            if fin:
                yield kind, b"".join(parts)
                kind, parts = None, []


def encoded_frame(opcode, payload, fin=True, reserved=0, key=None, length_bytes=None):
    """A frame. `reserved` are the bits RSV1 to RSV3 as a number from 0 to 7, `opcode` is a
    name or a number, `length_bytes` how many bytes beyond the first the length takes: as
    few as it can unless given."""
    length = len(payload)
    if length_bytes is None:
        length_bytes = 0 if length < 126 else 2 if length < 1 << 16 else 8
    short_length = {0: length, 2: 126, 8: 127}[length_bytes]
    head = bytes([(0x80 if fin else 0) | reserved << 4 | OPCODES.get(opcode, opcode),
                  (0 if key is None else 0x80) | short_length])
    if length_bytes:
        head += length.to_bytes(length_bytes, "big")
    return head + payload if key is None else head + key + xor(payload, key)


def xor(payload, key):
    return bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))


def internet_checksum(data):
    """RFC 1071."""
    data += bytes(len(data) % 2)
    # All ones, which is nothing, divides 2^16k by one: the words add up at once.
    rest = int.from_bytes(data, "big") % 0xFFFF
    return 0xFFFF - rest


def close_payload(code, reason=""):
    return struct.pack(">H", code) + reason.encode()


def note(log_message, log_close, by, client, opcode, payload):
    """Write one message into the log, a Close frame with its code and reason."""
    if opcode == "close":
        code = int.from_bytes(payload[:2], "big") if payload else None
        log_close(by, client, code, payload[2:].decode())
    else:
        log_message(by, client, opcode, payload)
