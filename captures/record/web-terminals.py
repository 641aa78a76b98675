"""Record web-terminals.pcapng: a shell in terminals as GoTTY and ttyd show them on the web.

Of their programs none can be had as a library. The servers are written by hand over the
library `websockets`, and so are the clients but for the one of gotty-py. ttyd has changed
the characters that its messages begin with: one connection is as it was in version 1.5.
"""

import asyncio
import base64
import http
import json
import logging
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import websockets
from gotty_py import GottyWebSocketClient

from capturing import Capture, free_port
from logged_channel import LoggedChannel, SECONDS
from message_log import MessageLog
from pty_program import PtyProgram

PROMPT = "oven$ "
TITLE = "sh (Küche)"
PREFERENCES = {"fontSize": 14, "theme": {"background": "#202020"}}
COLOURS = r"printf '\033[1;32mgrün\033[0m \033]0;Käse\007日本語 👩‍🍳\r\n'"
READ_BYTES = 1024


def main(folder):
    # Else the library warns that nothing is encrypted here.
    logging.getLogger("gotty_py").setLevel(logging.CRITICAL)
    capture = Path(folder) / "web-terminals.pcapng"
    log = MessageLog(capture, control="complete", app="complete")
    port = free_port()
    with Capture(capture, port):
        asyncio.run(asyncio.wait_for(record(port, log), SECONDS))
    log.write()


async def record(port, log):
    servers = {"/ws": {"webtty": GottyServer, "tty": TtydServer},
               "/older/ws": {"tty": OldTtydServer}}

    async def serve(channel):
        server = servers[channel.request.path][channel.subprotocol]
        await server(LoggedChannel(channel, "server", log)).run()

    # gotty-py looks first whether there is a page.
    def page(channel, request):
        if request.path == "/":
            return channel.respond(http.HTTPStatus.OK, "Terminal\n")

    async with websockets.serve(serve, "127.0.0.1", port, compression=None,
                                subprotocols=["webtty", "tty"], process_request=page):
        await asyncio.to_thread(use_gotty_py, port, log)
        for path, client in [("/ws", GottyClient), ("/ws", TtydClient),
                             ("/older/ws", OldTtydClient)]:
            async with websockets.connect(f"ws://127.0.0.1:{port}{path}", compression=None,
                                          subprotocols=[client.subprotocol]) as channel:
                await client(LoggedChannel(channel, "client", log)).run()


class Terminal:
    """A server's end. What is to be told of a message is known where it is put together."""

    def __init__(self, wire):
        self.wire = wire
        wire.log.connection(wire.client, wire.channel.local_address, wire.channel.request.path,
                            wire.channel.subprotocol, end="closed")

    async def run(self):
        messages = aiter(self.wire)
        self.hear(await anext(messages))
        await self.introduce()
        self.program = await PtyProgram.start("sh")
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        hearing = asyncio.create_task(self.hear_all(messages))
        while data := await self.program.read(READ_BYTES):
            await self.goes_on.wait()
            await self.show(data)
        hearing.cancel()
        code = await self.program.wait()
        await self.wire.channel.close(1011 if code else 1000)
        self.wire.log_closes()

    async def hear_all(self, messages):
        async for message in messages:
            answer = self.hear(message)
            if answer is not None:
                await answer
        self.program.hang_up()

    async def say(self, message, app, answers=None):
        self.wire.log.said("server", self.wire.client, app, answers)
        await self.wire.send(message)

    def heard(self, app):
        self.wire.log.heard("server", self.wire.client, app)

    def type(self, command, data):
        self.heard({"type": "input", "command": command} | shown(data))
        self.program.type(data)

    def resize(self, command, size):
        size = json.loads(size)
        self.heard({"type": "resize", "command": command} | size)
        self.program.resize(size["rows"], size["columns"])


def shown(data):
    """As text, if it is not cut within a character."""
    with suppress(UnicodeDecodeError):
        return {"text": data.decode()}
    return {}


class GottyServer(Terminal):
    in_base64 = False

    async def introduce(self):
        await self.say("3" + TITLE, {"type": "window_title", "command": "3", "text": TITLE})
        await self.say("61024", {"type": "buffer_size", "command": "6", "bytes": 1024})
        await self.say("510", {"type": "reconnect", "command": "5", "seconds": 10})
        await self.say("4" + json.dumps(PREFERENCES),
                       {"type": "preferences", "command": "4", "json": PREFERENCES})

    async def show(self, data):
        await self.say("1" + base64.b64encode(data).decode(),
                       {"type": "output", "command": "1"} | shown(data))

    def hear(self, message):
        command, rest = message[0], message[1:]
        if command == "{":
            self.heard({"type": "init"})
        elif command == "1":
            self.type(command, base64.b64decode(rest) if self.in_base64 else rest.encode())
        elif command == "2":
            ping = {"type": "ping", "command": "2"}
            self.heard(ping)
            return self.say("2", {"type": "pong", "command": "2"}, ping)
        elif command == "3":
            self.resize(command, rest)
        elif command == "4":
            self.heard({"type": "encoding", "command": "4"})
            self.in_base64 = rest == "base64"


class TtydServer(Terminal):
    """As ttyd 1.6 and later."""

    title, preferences = "1", "2"

    async def introduce(self):
        await self.say((self.title + TITLE).encode(), self.told_title())
        await self.say((self.preferences + json.dumps(PREFERENCES)).encode(),
                       {"type": "preferences", "command": self.preferences, "json": PREFERENCES})

    def told_title(self):
        return {"type": "window_title", "command": self.title, "text": TITLE}

    async def show(self, data):
        await self.say(b"0" + data, {"type": "output", "command": "0"} | shown(data))

    def hear(self, message):
        data = message.encode() if isinstance(message, str) else message
        command, rest = data[:1].decode(), data[1:]
        if command == "{":
            self.heard({"type": "init"})
        elif command == "0":
            self.type(command, rest)
        else:
            return self.hear_more(command, rest)

    def hear_more(self, command, rest):
        if command == "1":
            self.resize(command, rest)
        elif command == "2":
            self.heard({"type": "pause", "command": command})
            self.goes_on.clear()
        elif command == "3":
            self.heard({"type": "resume", "command": command})
            self.goes_on.set()


class OldTtydServer(TtydServer):
    """As ttyd 1.5. What its characters mean otherwise is left to the reader."""

    title, preferences = "2", "3"

    async def introduce(self):
        await super().introduce()
        await self.say(b"410", {"command": "4"})

    def told_title(self):
        return {"command": self.title}

    def hear_more(self, command, rest):
        if command == "1":
            self.heard({"command": command})
            return self.say(b"1", {"command": "1"})
        if command == "2":
            self.resize(command, rest)


class Screen:
    """A client's end, which tells what it shows and types."""

    def __init__(self, wire):
        self.wire = wire
        self.messages = aiter(wire)
        self.shown = ""
        self.seen = asyncio.Event()

    async def run(self):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.show_all())
            await self.talk()
        self.wire.log_closes()

    async def show_all(self):
        async for message in self.messages:
            self.hear(message)
            self.seen.set()

    async def shows(self, text):
        """Until this was shown, since last time."""
        while text not in self.shown:
            self.seen.clear()
            await self.seen.wait()
        self.shown = self.shown.partition(text)[2]

    async def say(self, message, app):
        self.wire.log.said("client", self.wire.client, app)
        await self.wire.send(message)

    def output(self, command, data):
        self.wire.log.heard("client", self.wire.client,
                            {"type": "output", "command": command} | shown(data))
        self.shown += data.decode(errors="replace")


class GottyClient(Screen):
    """As GoTTY's page."""

    subprotocol = "webtty"

    async def talk(self):
        self.pong = asyncio.Event()
        await self.say(json.dumps({"Arguments": "?arg=Zo%C3%AB", "AuthToken": ""}),
                       {"type": "init"})
        await self.say("4base64", {"type": "encoding", "command": "4"})
        await self.resize(24, 80)
        await self.shows(PROMPT)
        await self.type(COLOURS + "\r")
        await self.shows(PROMPT)
        await self.say("2", {"type": "ping", "command": "2"})
        await self.pong.wait()
        # One key at a time, as a person types; the last byte of the cheese comes later.
        for key in "echo ":
            await self.type(key)
        cheese = "🧀\r".encode()
        for part in (cheese[:3], cheese[3:]):
            await self.say("1" + base64.b64encode(part).decode(), {"type": "input", "command": "1"})
        await self.shows("\n🧀\r\n")
        await self.resize(50, 132)
        await self.type("\x04")

    async def type(self, text):
        await self.say("1" + base64.b64encode(text.encode()).decode(),
                       {"type": "input", "command": "1", "text": text})

    async def resize(self, rows, columns):
        size = {"columns": columns, "rows": rows}
        await self.say("3" + json.dumps(size), {"type": "resize", "command": "3"} | size)

    def hear(self, message):
        if message[0] == "1":
            self.output("1", base64.b64decode(message[1:]))
        elif message[0] == "2":
            ping = {"type": "ping", "command": "2"}
            self.wire.log.heard("client", self.wire.client, {"type": "pong", "command": "2"}, ping)
            self.pong.set()


class TtydClient(Screen):
    """As the page of ttyd 1.7."""

    subprotocol = "tty"

    async def talk(self):
        await self.say(json.dumps({"AuthToken": "", "columns": 80, "rows": 24}).encode(),
                       {"type": "init"})
        await self.shows(PROMPT)
        await self.type(COLOURS + "\r")
        await self.shows(PROMPT)
        await self.say(b"2", {"type": "pause", "command": "2"})
        await self.type("seq 3\r")
        await asyncio.sleep(0.05)
        await self.say(b"3", {"type": "resume", "command": "3"})
        await self.shows("3\r\n" + PROMPT)
        await self.resize(50, 132)
        await self.type("stty size\r")
        await self.shows("50 132")
        # A character of a later version.
        await self.say(b"9?", {"command": "9"})
        await self.type("exit 4\r")

    async def type(self, text):
        await self.say(b"0" + text.encode(), {"type": "input", "command": "0", "text": text})

    async def resize(self, rows, columns):
        size = {"columns": columns, "rows": rows}
        await self.say(b"1" + json.dumps(size).encode(), {"type": "resize", "command": "1"} | size)

    def hear(self, message):
        if message[:1] == b"0":
            self.output("0", message[1:])


class OldTtydClient(TtydClient):
    """As the page of ttyd 1.5, whose messages are text."""

    async def talk(self):
        await self.say(json.dumps({"AuthToken": ""}), {"type": "init"})
        size = {"columns": 80, "rows": 24}
        await self.shows(PROMPT)
        await self.say("2" + json.dumps(size), {"type": "resize", "command": "2"} | size)
        await self.say("1", {"command": "1"})
        await self.type("echo Brötchen\r")
        await self.shows("\nBrötchen")
        await self.type("exit\r")

    async def type(self, text):
        await self.say("0" + text, {"type": "input", "command": "0", "text": text})


def use_gotty_py(port, log):
    """A client for scripts, which tells what it gets and is given."""
    terminal = GottyWebSocketClient(f"http://127.0.0.1:{port}/", "demo", "demo")
    shown, seen = [], threading.Event()

    def show(text):
        log.heard("client", terminal.websocket.local_address, {"type": "output", "text": text})
        shown.append(text)
        if text.endswith(PROMPT):
            seen.set()

    def run(command):
        log.said("client", terminal.websocket.local_address,
                 {"type": "input", "text": command + "\n"})
        assert terminal.send_command(command)

    terminal.add_output_callback(show)
    assert terminal.connect()
    for command in ["echo Grüße", "ls -d /nowhere"]:
        assert seen.wait(SECONDS)
        seen.clear()
        run(command)
    assert seen.wait(SECONDS)
    run("exit 0")
    # It would close what the server has closed.
    while terminal.connected:
        time.sleep(0.01)


if __name__ == "__main__":
    main(sys.argv[1])
