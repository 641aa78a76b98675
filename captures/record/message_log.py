"""What the applications say that they sent and received, as JSON lines.

Nothing here is taken from a capture: each line is written where a program hands
a message to its WebSocket library or gets one from it.
"""

import hashlib
import json
import threading
from pathlib import Path

OPPOSITE = {"client": "server", "server": "client"}


def address(name):
    """As a socket names it: a host and a port, and more over IPv6."""
    host, port, *_ = name
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def opcode_of(message):
    return "text" if isinstance(message, str) else "binary"


class MessageLog:
    def __init__(self, capture_path, control, app=None):
        """`control` is "complete" when every ping, pong and Close frame is logged by a side;
        `app` when a side that logs a type of the protocol inside logs all of that type."""
        self.path = Path(capture_path).with_suffix(".jsonl")
        self.head = {"capture": Path(capture_path).name, "control": control}
        if app:
            self.head["app"] = app
        self.head["connections"] = []
        self.messages = []
        # Messages before the capture began are left out.
        self.capturing = True
        self.lock = threading.Lock()

    def connection(self, client, server, path, subprotocol=None, accept="valid",
                   status=None, end=None, cut=(), extensions=None, inferred=False, breaks=()):
        """A handshake: `status` is that of a refusal, `end` how the connection will end,
        `cut` names the sides whose last message a RST cuts. `extensions` is what the
        response says of them; `inferred` says that the capture begins after the
        handshake; `breaks` are the rules that are broken, each with the side that does."""
        entry = {"client": address(client), "server": address(server), "path": path}
        if subprotocol:
            entry["subprotocol"] = subprotocol
        if extensions:
            entry["extensions"] = extensions
        entry |= {"accept": accept} if status is None else {"status": status}
        if inferred:
            entry["inferred"] = True
        if end:
            entry["end"] = end
        if cut:
            entry["cut"] = [{"from": side} for side in cut]
        if breaks:
            entry["breaks"] = [{"rule": rule, "from": side} for rule, side in breaks]
        with self.lock:
            self.head["connections"].append(entry)

    def other_upgrade(self, client, server, path, upgrade):
        """A connection that became another protocol than WebSocket."""
        entry = {"client": address(client), "server": address(server), "path": path,
                 "upgrade": upgrade}
        with self.lock:
            self.head.setdefault("other_upgrades", []).append(entry)

    def sent(self, by, client, opcode, payload, **more):
        """`client` is the client's address: with it every line names its connection.
        `more` may say `compressed=True` where the application knows."""
        self._add(client, by, "sent", by, described(opcode, payload) | more)

    def received(self, by, client, opcode, payload, **more):
        self._add(client, OPPOSITE[by], "received", by, described(opcode, payload) | more)

    def partly_sent(self, by, client, opcode, beginning):
        """The last message of a side, of which only `beginning` went out."""
        self._add(client, by, "partly sent", by, described(opcode, beginning))

    def sent_close(self, by, client, code=None, reason=""):
        self._add(client, by, "sent", by, described_close(code, reason))

    def received_close(self, by, client, code=None, reason=""):
        self._add(client, OPPOSITE[by], "received", by, described_close(code, reason))

    def said(self, by, client, app, answers=None):
        """What a side says in the terms of the protocol inside WebSocket; `answers` is what
        it knows of the request."""
        self._add(client, by, "sent", by, described_app(app, answers))

    def heard(self, by, client, app, answers=None):
        self._add(client, OPPOSITE[by], "received", by, described_app(app, answers))

    def _add(self, client, from_, logged, by, what):
        line = {"client": address(client), "from": from_, "logged": logged, "by": by} | what
        self.add_line(line)

    def add_line(self, line):
        """A line that a program in another language wrote in this same form."""
        if self.capturing:
            with self.lock:
                self.messages.append(line)

    def write(self):
        lines = [self.head, *self.messages]
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        self.path.write_text(text, encoding="utf-8")


def described(opcode, payload):
    data = payload.encode() if isinstance(payload, str) else bytes(payload)
    return {"opcode": opcode, "length": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def described_app(app, answers):
    return {"app": app} | ({"answers": answers} if answers else {})


def described_close(code, reason):
    # A Close frame without a code has an empty payload.
    payload = b"" if code is None else code.to_bytes(2, "big") + reason.encode()
    told = {} if code is None else {"code": code, "reason": reason}
    return described("close", payload) | told
