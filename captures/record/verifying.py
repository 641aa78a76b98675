"""Hold a recording against tshark's count of it and against its own log."""

import json
import os
import re
import socket
import subprocess
from collections import Counter, defaultdict
from pathlib import Path

from capturing import packets, tcp_streams
from message_log import OPPOSITE

OPCODES = {"1": "text", "2": "binary", "8": "close", "9": "ping", "10": "pong"}
DATA = {"text", "binary"}


def verify(capture):
    """Raise AssertionError with the reason when the recording cannot be what it claims."""
    log_path = Path(capture).with_suffix(".jsonl")
    head, *lines = map(json.loads, log_path.read_text(encoding="utf-8").splitlines())
    no_client_is_twice(head)
    if "lost_packets" in head:
        nothing_else_is_lost(capture, head)
        shows_nothing_of_this_machine(log_path)
        return head, lines
    every_stream_is_whole(capture, head)
    if head.get("messages") == "not logged":
        # Of what breaks rules tshark makes this or that.
        every_stream_is_logged(capture, head)
    else:
        handshakes_are_as_logged(capture, head)
        # What passes inside WebSocket is not for tshark to judge.
        messages = [line for line in lines if "app" not in line]
        both_ends_agree(messages)
        every_message_is_logged(capture, head, messages)
    for path in (capture, log_path):
        shows_nothing_of_this_machine(path)
    return head, lines


def every_stream_is_whole(capture, head):
    begun_before = {int(port_of(client)) for client in inferred(head)}
    broken = [sorted(s.ports) for s in tcp_streams(capture)
              if not (s.closed() if s.ports & begun_before else s.whole())]
    assert not broken, f"not from SYN to the end: {broken}"


def nothing_else_is_lost(capture, head):
    """Packet for packet it is what it was made from."""
    original = packets(Path(capture).with_name(head["made_from"]))
    lost = set(head["lost_packets"])
    kept = [packet for number, packet in enumerate(original, start=1) if number not in lost]
    assert packets(capture) == kept, f"not {head['made_from']} without the packets that are lost"


def no_client_is_twice(head):
    """Lines name their connection by the client alone."""
    clients = Counter(c["client"] for c in upgraded(head))
    assert all(count == 1 for count in clients.values()), f"one client twice: {clients}"


def every_stream_is_logged(capture, head):
    found = Counter(frozenset(map(str, s.ports)) for s in tcp_streams(capture))
    logged = Counter(frozenset((port_of(c["client"]), port_of(c["server"])))
                     for c in head["connections"])
    assert found == logged, (
        f"streams only in the capture {found - logged}, only in the log {logged - found}")


def handshakes_are_as_logged(capture, head):
    """tshark's requests for an upgrade, each with the response to it, are the log's."""
    asked, found = {}, Counter()
    for stream, source, destination, method, *request, status, subprotocol, extensions in tshark(
            capture, head, "http", "tcp.stream", "tcp.srcport", "tcp.dstport",
            "http.request.method", "http.request.uri", "http.upgrade", "http.response.code",
            "http.sec_websocket_protocol", "http.sec_websocket_extensions"):
        if method:
            asked[stream] = request
        elif status:
            path, upgrade = asked[stream]
            if upgrade and (status == "101" or upgrade.lower() == "websocket"):
                found[destination, source, path, upgrade.lower(), status,
                      subprotocol, extensions] += 1

    logged = Counter(
        (port_of(c["client"]), port_of(c["server"]), c["path"], c.get("upgrade", "websocket"),
         str(c.get("status", 101)), c.get("subprotocol", ""), c.get("extensions", ""))
        for c in all_upgrades(head) if "inferred" not in c)
    assert found == logged, (
        f"handshakes only in the capture {found - logged}, only in the log {logged - found}")


def both_ends_agree(lines):
    """Where both applications logged a direction, data messages are the same, in order."""
    told = defaultdict(list)
    for line in lines:
        assert (line["from"] == line["by"]) == (line["logged"] != "received"), line
        if line["opcode"] in DATA and line["logged"] != "partly sent":
            what = line["opcode"], line["length"], line["sha256"]
            told[line["client"], line["from"], line["by"]].append(what)
    for (client, from_, by), messages in told.items():
        other = told.get((client, from_, OPPOSITE[by]))
        assert other in (None, messages), f"{client}: the ends differ on what {from_} sent"


def every_message_is_logged(capture, head, lines):
    """tshark's number of frames that begin a message, by direction and opcode, is the log's;
    without the handshake it sees none."""
    lines = [line for line in lines if line["client"] not in inferred(head)]
    found = frames_that_begin_a_message(capture, head)
    ends_are_as_logged(head, found)

    def key(line):
        return port_of(line["client"]), line["from"], line["opcode"]

    # tshark shows a message that was cut if its first frame was not.
    cut = Counter(key(line) for line in lines if line["logged"] == "partly sent")
    # A side may log only some control frames, so the side that logged most is taken.
    by_side = Counter((*key(line), line["by"]) for line in lines
                      if line["logged"] != "partly sent")
    logged = Counter()
    for (*what, _), count in by_side.items():
        logged[tuple(what)] = max(count, logged[tuple(what)])

    if head["control"] != "complete":
        found = Counter({k: n for k, n in found.items() if k[2] in DATA})
        logged = Counter({k: n for k, n in logged.items() if k[2] in DATA})
    assert not (found - logged - cut) and not (logged - found), (
        f"only in the capture {found - logged}, only in the log {logged - found}")


def frames_that_begin_a_message(capture, head):
    """Counted by the client's port, the side that sent, and opcode.

    Frames and not messages: tshark joins the fragments of both directions where both
    ends have the same address.
    """
    servers = {port_of(c["server"]) for c in head["connections"]}
    found = Counter()
    for source, destination, opcodes in tshark(
            capture, head, "websocket", "tcp.srcport", "tcp.dstport", "websocket.opcode"):
        from_server = source in servers
        client = destination if from_server else source
        for opcode in opcodes.split(","):
            if opcode in OPCODES:
                found[client, "server" if from_server else "client", OPCODES[opcode]] += 1
    # A frame in one segment with the request for the upgrade is no frame to tshark,
    # which takes it for more of HTTP.
    for client, segment in tshark(
            capture, head, 'http.request && lower(http.upgrade) == "websocket"',
            "tcp.srcport", "tcp.payload"):
        _, _, frame = bytes.fromhex(segment).partition(b"\r\n\r\n")
        if frame:
            found[client, "client", OPCODES[str(frame[0] & 0x0F)]] += 1
    return found


def ends_are_as_logged(head, found):
    for connection in upgraded(head):
        if "inferred" in connection:
            continue
        closes = [found[port_of(connection["client"]), side, "close"] for side in OPPOSITE]
        state = "closed" if all(closes) else "tcp-closed"
        assert connection.get("end", state) == state, f"{connection}: ended {state}"


def all_upgrades(head):
    return head["connections"] + head.get("other_upgrades", [])


def upgraded(head):
    return [c for c in head["connections"] if "status" not in c]


def inferred(head):
    """Clients of the connections whose handshake is not in the capture."""
    return {c["client"] for c in head["connections"] if "inferred" in c}


def shows_nothing_of_this_machine(path):
    """No name and no folder of the machine in any run of printable characters."""
    words = [socket.gethostname(), os.path.expanduser("~"), os.getcwd(), "/tmp/", "/home/", "/root"]
    name = re.compile("|".join(rf"(?<![\w.-]){re.escape(word)}(?![\w-])" if word.isalnum()
                               else re.escape(word) for word in words if word != "/"))
    for run in re.findall(rb"[\x20-\x7e]{8,}", Path(path).read_bytes()):
        assert not name.search(run.decode()), f"{Path(path).name} shows {run.decode()!r}"


def tshark(capture, head, display_filter, *fields):
    # Else a client's port that some protocol is known for decides what tshark sees.
    http_ports = {port_of(c["server"]) for c in all_upgrades(head)}
    rows = subprocess.run(
        ["tshark", "-r", str(capture), "-Y", display_filter, "-T", "fields",
         *(part for port in http_ports for part in ("-d", f"tcp.port=={port},http")),
         *(part for field in fields for part in ("-e", field))],
        check=True, capture_output=True, text=True).stdout
    return [tuple(row.split("\t")) for row in rows.splitlines()]


def port_of(address):
    return address.rpartition(":")[2]
