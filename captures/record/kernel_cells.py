"""Two cells of a notebook executed by a Jupyter kernel. It is recorded twice, as kernel-a
and kernel-b: the cells are the same, ids, dates and the kernel's own differ.

What a kernel sends has an order on each of its channels alone, and the WebSocket carries
them all. For two recordings to be alike in order, make them again until they are.
"""

import json
from pathlib import Path

from websockets.sync.client import connect

from capturing import Capture, free_port
from jupyter_process import jupyter_server, rest
from kernel_messages import SESSION, answered, execute_request
from message_log import MessageLog, opcode_of

CELLS = ['print("Hello from the kernel")', "6 * 7"]
SECONDS = 60


def record(folder, name):
    capture = Path(folder) / name
    log = MessageLog(capture, control="complete")
    port = free_port()
    with Capture(capture, port), jupyter_server(port):
        kernel = rest(port, "POST", "/api/kernels", {"name": "python3"})["id"]
        execute(port, f"/api/kernels/{kernel}/channels?session_id={SESSION}", log)
        rest(port, "DELETE", f"/api/kernels/{kernel}")
    log.write()


def execute(port, path, log):
    with connect(f"ws://127.0.0.1:{port}{path}", compression=None, ping_interval=None) as channel:
        client = channel.local_address
        log.connection(client, channel.remote_address, path)
        for cell in CELLS:
            request, received = execute_request(cell), []
            text = json.dumps({key: value for key, value in request.items() if key != "buffers"})
            log.sent("client", client, opcode_of(text), text)
            channel.send(text)
            while answered(request, received, ["execute_reply"]) is None:
                message = channel.recv(timeout=SECONDS)
                log.received("client", client, opcode_of(message), message)
                received.append(json.loads(message))
        log.sent_close("client", client, 1000, "")
        channel.close()
        close = channel.protocol.close_rcvd
        log.received_close("client", client, close.code, close.reason)
