"""Record jupyter-kernel.pcapng: a kernel channel in Jupyter's default protocol.

Messages are JSON text frames; one with buffers is a binary frame.
"""

import json
import struct
import sys
from pathlib import Path

import websocket

from capturing import Capture, free_port
from jupyter_process import jupyter_server, rest
from kernel_messages import SESSION, answered, hold_conversation
from message_log import MessageLog

OPCODES = {websocket.ABNF.OPCODE_TEXT: "text", websocket.ABNF.OPCODE_BINARY: "binary",
           websocket.ABNF.OPCODE_PING: "ping", websocket.ABNF.OPCODE_PONG: "pong"}


def main(folder):
    capture = Path(folder) / "jupyter-kernel.pcapng"
    log = MessageLog(capture, control="complete")
    port = free_port()
    with Capture(capture, port), jupyter_server(port):
        kernel = rest(port, "POST", "/api/kernels", {"name": "python3"})["id"]
        talk(port, f"/api/kernels/{kernel}/channels?session_id={SESSION}", log)
        rest(port, "DELETE", f"/api/kernels/{kernel}")
    log.write()


def talk(port, path, log):
    channel = websocket.create_connection(f"ws://127.0.0.1:{port}{path}", timeout=60)
    client = channel.sock.getsockname()
    log.connection(client, channel.sock.getpeername(), path)
    received = []

    def receive():
        """One message; the server may send a Ping frame, which websocket-client answers."""
        opcode, data = channel.recv_data(control_frame=True)
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise RuntimeError(f"the server closed: {data!r}")
        log.received("client", client, OPCODES[opcode], data)
        if opcode in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY):
            received.append(decoded(data, opcode))
        return opcode

    def exchange(request, *awaited):
        payload, opcode = encoded(request)
        log.sent("client", client, OPCODES[opcode], payload)
        channel.send(payload, opcode)
        while (answers := answered(request, received, awaited)) is None:
            receive()
        return answers

    hold_conversation(exchange)

    log.sent("client", client, "ping", b"still there?")
    channel.ping(b"still there?")
    while receive() != websocket.ABNF.OPCODE_PONG:
        pass

    log.sent_close("client", client, 1000, "done")
    channel.send_close(1000, b"done")
    # recv_data would answer the server's Close frame with a second one of ours.
    frame = channel.recv_frame()
    assert frame.opcode == websocket.ABNF.OPCODE_CLOSE, frame
    code, reason = int.from_bytes(frame.data[:2], "big"), frame.data[2:].decode()
    log.received_close("client", client, code, reason)
    channel.shutdown()


def encoded(request):
    """Without buffers the JSON alone, with buffers offsets from the message's start before it."""
    if not request["buffers"]:
        return json.dumps(request, ensure_ascii=False), websocket.ABNF.OPCODE_TEXT
    document = {key: value for key, value in request.items() if key != "buffers"}
    parts = [json.dumps(document, ensure_ascii=False).encode(), *request["buffers"]]
    offsets, position = [], 4 * (len(parts) + 1)
    for part in parts:
        offsets.append(position)
        position += len(part)
    head = struct.pack(f">{len(parts) + 1}I", len(parts), *offsets)
    return head + b"".join(parts), websocket.ABNF.OPCODE_BINARY


def decoded(data, opcode):
    if opcode == websocket.ABNF.OPCODE_TEXT:
        return json.loads(data)
    count, = struct.unpack_from(">I", data)
    offsets = [*struct.unpack_from(f">{count}I", data, 4), len(data)]
    parts = [data[start:end] for start, end in zip(offsets, offsets[1:])]
    return json.loads(parts[0]) | {"buffers": parts[1:]}


if __name__ == "__main__":
    main(sys.argv[1])
