"""Programs for Node, whose log `message-log.js` writes. NODE_PATH says where their
libraries are installed.
"""

import json
import subprocess
from collections import defaultdict
from pathlib import Path

from capturing import Capture, free_port
from message_log import MessageLog

HERE = Path(__file__).parent
SECONDS = 30


def record(folder, capture, host="127.0.0.1", node_options=(), app=None, **capturing):
    """Record a program that is server and client and has the name of the capture."""
    capture = Path(folder) / capture
    log = MessageLog(capture, control="complete", app=app)
    port = free_port(host)
    with Capture(capture, port, **capturing):
        lines = run(f"{capture.stem}.js", port, node_options=node_options)
    add_lines(log, lines)
    log.write()


def run(program, *arguments, node_options=()):
    """What the program prints until it ends by itself."""
    return subprocess.run(
        ["node", *node_options, str(HERE / program), *map(str, arguments)],
        check=True, stdout=subprocess.PIPE, text=True, timeout=SECONDS).stdout


def add_lines(log, printed):
    """Put lines of `message-log.js` into the log, with what they say of each end together."""
    closed_by = defaultdict(set)
    connections = []
    for line in map(json.loads, printed.splitlines()):
        if "path" in line:
            connections.append(line)
        else:
            log.add_line(line)
            if line.get("opcode") == "close":
                closed_by[line["client"]].add(line["from"])
    for connection in connections:
        end = "closed" if len(closed_by[connection["client"]]) == 2 else "tcp-closed"
        log.head["connections"].append(connection | {"accept": "valid", "end": end})
