"""Record refused.pcap: what servers answer who do not want to become a WebSocket, or not yet.

Tornado answers 401 to who has no credentials, 426 to another version, 302 for a path
that has moved, 403 to another site's page; the first three are followed by a request
that is accepted, on the same TCP connection. The `websockets` library answers 403, 401
and 503, and closes.
"""

import asyncio
import http
import logging
import socket
import sys
from base64 import b64encode
from pathlib import Path

import aiohttp
import tornado.httpserver
import tornado.web
import tornado.websocket
import websockets
from websockets.asyncio.server import basic_auth

from capturing import Capture, free_port
from handwritten_socket import FrameSocket, close_payload, note, read_head, upgrade_request
from logged_channel import turned_away
from message_log import MessageLog

KEY = "V3RCRVhfXuO1kJ3mPGnp5g=="
USER = "demo"
# No secret: it opens a server that lives for a second.
PASSWORD = "demo"
CREDENTIALS = f"Basic {b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"


def main(folder):
    capture = Path(folder) / "refused.pcap"
    log = MessageLog(capture, control="complete")
    with_tornado, with_websockets = free_port(), free_port()
    with Capture(capture, [with_tornado, with_websockets]):
        asyncio.run(ask_tornado(with_tornado, log))
        asyncio.run(ask_websockets(with_websockets, log))
    log.write()


async def ask_tornado(port, log):
    application = tornado.web.Application([
        ("/private", Private, {"log": log}),
        ("/chat", Echo, {"log": log}),
        ("/old", Moved, {"log": log}),
    ])
    logging.getLogger("tornado.access").setLevel(logging.ERROR)
    server = tornado.httpserver.HTTPServer(application)
    server.listen(port, address="127.0.0.1")
    await asyncio.to_thread(credentials_at_second_try, port, log)
    await asyncio.to_thread(version_at_second_try, port, log)
    await follow_redirect(port, log)
    await turned_away(port, "/chat", log, status=403, origin="http://elsewhere.example")
    server.stop()
    await server.close_all_connections()


class Echo(tornado.websocket.WebSocketHandler):
    def initialize(self, log):
        self.log = log

    def open(self):
        stream = self.ws_connection.stream
        self.client = stream.socket.getpeername()
        self.log.connection(self.client, stream.socket.getsockname(), self.request.uri,
                            end="closed")

    def on_message(self, message):
        self.log.received("server", self.client, "text", message)
        self.log.sent("server", self.client, "text", message)
        self.write_message(message)


class Private(Echo):
    def prepare(self):
        if self.request.headers.get("Authorization") != CREDENTIALS:
            self.set_status(401)
            self.set_header("WWW-Authenticate", 'Basic realm="chat"')
            self.finish("Who are you?")


class Moved(tornado.web.RequestHandler):
    """Logs at the server: the client's library follows without a word."""

    def initialize(self, log):
        self.log = log

    def get(self):
        connection = self.request.connection.stream.socket
        self.log.connection(connection.getpeername(), connection.getsockname(),
                            self.request.uri, status=302)
        self.redirect("/chat")


def credentials_at_second_try(port, log):
    with Asking(port, log) as asking:
        asking.ask("/private", status=401)
        asking.ask("/private", f"Authorization: {CREDENTIALS}")
        asking.talk(b"It is me.")


def version_at_second_try(port, log):
    with Asking(port, log) as asking:
        fields = asking.ask("/chat", version=12, status=426)
        asking.ask("/chat", version=fields["sec-websocket-version"])
        asking.talk(b"Thirteen, then.")


class Asking:
    """A client by hand, which asks again on the same TCP connection."""

    def __init__(self, port, log):
        self.connection = socket.create_connection(("127.0.0.1", port))
        self.stream = self.connection.makefile("rb")
        self.log = log

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.connection.close()

    def ask(self, path, *fields, status=101, **version):
        """The fields of the answer. The server logs the upgrade that it accepts."""
        server = self.connection.getpeername()
        if status != 101:
            breaks = [("request-other-version", "client")] if version else ()
            self.log.connection(self.connection.getsockname(), server, path, status=status,
                                breaks=breaks)
        self.connection.sendall(upgrade_request(path, server, KEY, *fields, **version))
        first, answer = read_head(self.stream)
        assert int(first.split()[1]) == status, first
        self.stream.read(int(answer.get("content-length", 0)))
        return answer

    def talk(self, text):
        client = self.connection.getsockname()
        frames = FrameSocket(self.connection, self.stream, masks=True)
        messages = frames.read_messages()
        for opcode, payload in [("text", text), ("close", close_payload(1000))]:
            note(self.log.sent, self.log.sent_close, "client", client, opcode, payload)
            frames.send_frame(opcode, payload)
            note(self.log.received, self.log.received_close, "client", client, *next(messages))


async def follow_redirect(port, log):
    """aiohttp follows on the same connection."""
    async with (aiohttp.ClientSession() as session,
                session.ws_connect(f"http://127.0.0.1:{port}/old") as channel):
        client = channel.get_extra_info("sockname")
        log.sent("client", client, "text", "Moved?")
        await channel.send_str("Moved?")
        log.received("client", client, "text", await channel.receive_str())
        log.sent_close("client", client, 1000)
        await channel.close()
        log.received_close("client", client, channel.close_code)


async def ask_websockets(port, log):
    who_is_it = basic_auth("chat", (USER, PASSWORD))

    async def look_at(channel, request):
        if request.path == "/busy":
            return channel.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "Too many guests.\n")
        return await who_is_it(channel, request)

    known = {"additional_headers": {"Authorization": CREDENTIALS}}
    async with websockets.serve(lambda channel: channel.wait_closed(), "127.0.0.1", port,
                                process_request=look_at, origins=["http://here.example"]):
        await turned_away(port, "/busy", log, status=503)
        await turned_away(port, "/chat", log, status=401)
        await turned_away(port, "/chat", log, status=403, origin="http://elsewhere.example",
                          **known)


if __name__ == "__main__":
    main(sys.argv[1])
