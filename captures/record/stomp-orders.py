"""Record stomp-orders.pcapng: STOMP through RabbitMQ, which sends binary messages here.

The broker cannot tell what it sends, so the log is that of its clients.
"""

import sys
from pathlib import Path

import node_programs
from capturing import Capture, free_port
from message_log import MessageLog
from stomp import broker


def main(folder):
    capture = Path(folder) / "stomp-orders.pcapng"
    log = MessageLog(capture, control="complete", app="complete")
    port = free_port()
    with Capture(capture, port), broker(port, opcode="binary"):
        lines = node_programs.run("stomp-orders-clients.js", port)
    node_programs.add_lines(log, lines)
    log.write()


if __name__ == "__main__":
    main(sys.argv[1])
