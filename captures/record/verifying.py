"""Hold a recording against tshark's count of it and against its own log."""

import json
import os
import re
import socket
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

from capturing import tcp_streams
from message_log import OPPOSITE

OPCODES = {"1": "text", "2": "binary", "8": "close", "9": "ping", "10": "pong"}
DATA = {"text", "binary"}


def verify(capture):
    """Raise AssertionError with the reason when the recording cannot be what it claims."""
    log_path = Path(capture).with_suffix(".jsonl")
    head, *lines = map(json.loads, log_path.read_text(encoding="utf-8").splitlines())
    every_stream_is_whole(capture)
    handshakes_are_as_logged(capture, head)
    both_ends_agree(lines)
    every_message_is_logged(capture, head, lines)
    for path in (capture, log_path):
        shows_nothing_of_this_machine(path)
    return head, lines


def every_stream_is_whole(capture):
    broken = [sorted(s.ports) for s in tcp_streams(capture) if not s.whole()]
    assert not broken, f"not from SYN to the end: {broken}"


def handshakes_are_as_logged(capture, head):
    responses = tshark(capture, "http.response.code == 101", "tcp.dstport",
                       "http.sec_websocket_protocol", "http.sec_websocket_extensions")
    logged = [(port_of(c["client"]), c.get("subprotocol", ""), "") for c in head["connections"]]
    assert responses == logged, f"handshakes: capture {responses}, log {logged}"


def both_ends_agree(lines):
    """Where both applications logged a direction, data messages are the same, in order."""
    told = defaultdict(list)
    for line in lines:
        assert (line["from"] == line["by"]) == (line["logged"] == "sent"), line
        if line["opcode"] in DATA:
            what = line["opcode"], line["length"], line["sha256"]
            told[line["client"], line["from"], line["by"]].append(what)
    for (client, from_, by), messages in told.items():
        other = told.get((client, from_, OPPOSITE[by]))
        assert other in (None, messages), f"{client}: the ends differ on what {from_} sent"


def every_message_is_logged(capture, head, lines):
    """tshark's number of frames that begin a message, by direction and opcode, is the log's."""
    servers = {port_of(c["server"]) for c in head["connections"]}
    found = Counter()
    for source, destination, opcodes in tshark(
            capture, "websocket", "tcp.srcport", "tcp.dstport", "websocket.opcode"):
        from_server = source in servers
        client = destination if from_server else source
        for opcode in opcodes.split(","):
            if opcode in OPCODES:
                found[client, "server" if from_server else "client", OPCODES[opcode]] += 1

    # A side may log only some control frames, so the side that logged most is taken.
    by_side = Counter((port_of(m["client"]), m["from"], m["opcode"], m["by"]) for m in lines)
    logged = Counter()
    for (*what, _), count in by_side.items():
        logged[tuple(what)] = max(count, logged[tuple(what)])

    if head["control"] != "complete":
        found = Counter({k: n for k, n in found.items() if k[2] in DATA})
        logged = Counter({k: n for k, n in logged.items() if k[2] in DATA})
    assert found == logged, (
        f"only in the capture {found - logged}, only in the log {logged - found}")


def shows_nothing_of_this_machine(path):
    """No name and no folder of the machine in any run of printable characters."""
    words = [socket.gethostname(), os.path.expanduser("~"), os.getcwd(), "/tmp/", "/home/", "/root"]
    name = re.compile("|".join(rf"(?<![\w.-]){re.escape(word)}(?![\w-])" if word.isalnum()
                               else re.escape(word) for word in words if word != "/"))
    for run in re.findall(rb"[\x20-\x7e]{8,}", Path(path).read_bytes()):
        assert not name.search(run.decode()), f"{Path(path).name} shows {run.decode()!r}"


def tshark(capture, display_filter, *fields):
    rows = subprocess.run(
        ["tshark", "-r", str(capture), "-Y", display_filter, "-T", "fields",
         *(part for field in fields for part in ("-e", field))],
        check=True, capture_output=True, text=True).stdout
    return [tuple(row.split("\t")) for row in rows.splitlines()]


def port_of(address):
    return address.rpartition(":")[2]
