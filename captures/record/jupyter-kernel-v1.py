"""Record jupyter-kernel-v1.pcap: a kernel channel with the subprotocol
v1.kernel.websocket.jupyter.org, in which every message is a binary frame of
little-endian offsets and the parts that they point to.
"""

import json
import struct
import sys
from pathlib import Path

from websockets.sync.client import connect

from capturing import Capture, free_port
from jupyter_process import jupyter_server, rest
from kernel_messages import SESSION, answered, hold_conversation
from message_log import MessageLog

SUBPROTOCOL = "v1.kernel.websocket.jupyter.org"
DOCUMENTS = ("header", "parent_header", "metadata", "content")


def main(folder):
    capture = Path(folder) / "jupyter-kernel-v1.pcap"
    log = MessageLog(capture, control="complete")
    port = free_port()
    with Capture(capture, port), jupyter_server(port):
        kernel = rest(port, "POST", "/api/kernels", {"name": "python3"})["id"]
        talk(port, f"/api/kernels/{kernel}/channels?session_id={SESSION}", log)
        rest(port, "DELETE", f"/api/kernels/{kernel}")
    log.write()


def talk(port, path, log):
    # The client offers permessage-deflate, as this library does by default; the server declines.
    with connect(f"ws://127.0.0.1:{port}{path}", subprotocols=[SUBPROTOCOL]) as channel:
        client = channel.local_address
        assert channel.subprotocol == SUBPROTOCOL
        log.connection(client, channel.remote_address, path, channel.subprotocol)
        received = []

        def exchange(request, *awaited):
            payload = encoded(request)
            log.sent("client", client, "binary", payload)
            channel.send(payload)
            while (answers := answered(request, received, awaited)) is None:
                data = channel.recv(timeout=60)
                log.received("client", client, "binary", data)
                received.append(decoded(data))
            return answers

        hold_conversation(exchange)
        channel.close(1000, "done")
        for log_close, close in [(log.sent_close, channel.protocol.close_sent),
                                 (log.received_close, channel.protocol.close_rcvd)]:
            log_close("client", client, close.code, close.reason)


def encoded(request):
    parts = [request["channel"].encode(),
             *(json.dumps(request[name], ensure_ascii=False).encode() for name in DOCUMENTS),
             *request["buffers"]]
    # One offset for each part and one for the end, each of eight bytes, after their number.
    offsets, position = [], 8 * (len(parts) + 2)
    for part in [*parts, b""]:
        offsets.append(position)
        position += len(part)
    return struct.pack(f"<{len(offsets) + 1}Q", len(offsets), *offsets) + b"".join(parts)


def decoded(data):
    count, = struct.unpack_from("<Q", data)
    offsets = struct.unpack_from(f"<{count}Q", data, 8)
    parts = [data[start:end] for start, end in zip(offsets, offsets[1:])]
    documents = dict(zip(DOCUMENTS, map(json.loads, parts[1:5])))
    return documents | {"channel": parts[0].decode(), "buffers": parts[5:]}


if __name__ == "__main__":
    main(sys.argv[1])
