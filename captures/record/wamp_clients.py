"""Crossbar.io as a router of WAMP, and clients of Autobahn that log what passes.

The router cannot tell what it sends, so the log is that of its clients. CROSSBAR says
where the router's program is: it wants other versions of libraries than the rest.
"""

import asyncio
import json
import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from autobahn.asyncio.wamp import ApplicationSession
from autobahn.asyncio.websocket import WampWebSocketClientFactory, WampWebSocketClientProtocol
from autobahn.wamp.exception import ApplicationError

from capturing import wait_until_listening

PATH = "/wamp"
SECONDS = 30
ALL = {"call": True, "register": True, "publish": True, "subscribe": True}


@contextmanager
def router(port, realm, permissions=(), pings=True):
    """Crossbar.io with one realm from an empty folder, open to all but for what
    `permissions` says of a URI."""
    rules = [{"uri": "", "match": "prefix", "allow": ALL}]
    rules += [{"uri": uri, "match": "prefix", "allow": allow} for uri, allow in permissions]
    configuration = {
        "version": 2,
        # Else its messages would tell the machine's name.
        "controller": {"id": "router"},
        "workers": [{
            "type": "router",
            "realms": [{"name": realm, "roles": [{"name": "anonymous", "permissions": rules}]}],
            "transports": [{
                "type": "websocket", "serializers": ["json", "msgpack", "cbor"],
                "endpoint": {"type": "tcp", "interface": "127.0.0.1", "port": port},
                "options": ({"auto_ping_interval": 1000, "auto_ping_timeout": 5000}
                            if pings else {})}],
        }],
    }
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch, "config.json").write_text(json.dumps(configuration))
        process = subprocess.Popen(
            [os.environ["CROSSBAR"], "start", "--cbdir", scratch],
            cwd=scratch, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until_listening(port, process)
            yield
        finally:
            process.terminate()
            process.wait(timeout=SECONDS)


async def connect(port, log, serializer, session, protocol=None):
    """A WebSocket with this session, which need not have joined yet."""
    factory = WampWebSocketClientFactory(
        lambda: session, url=f"ws://127.0.0.1:{port}{PATH}", serializers=[serializer])
    factory.protocol = lambda: (protocol or LoggedProtocol)(session, log)
    await asyncio.get_running_loop().create_connection(factory, "127.0.0.1", port)
    return session


async def fails(call):
    try:
        await call
    except ApplicationError:
        return
    raise AssertionError("no error came")


class Session(ApplicationSession):
    def __init__(self, realm):
        super().__init__()
        self.realm_to_join = realm
        self.joined, self.pinged, self.left = (asyncio.Event() for _ in range(3))

    def onConnect(self):
        self.join(self.realm_to_join)

    def onJoin(self, details):
        self.joined.set()

    def onDisconnect(self):
        self.left.set()


class LoggedProtocol(WampWebSocketClientProtocol):
    """All that passes goes through these methods, the library's own frames, too."""

    def __init__(self, session, log):
        super().__init__()
        self.session = session
        self.message_log = log

    def onConnect(self, response):
        self.client = self.transport.get_extra_info("sockname")
        server = self.transport.get_extra_info("peername")
        self.message_log.connection(self.client, server, PATH, response.protocol, end="closed")
        return super().onConnect(response)

    def sendMessage(self, payload, isBinary=False, **more):
        self.message_log.sent("client", self.client, "binary" if isBinary else "text", payload)
        super().sendMessage(payload, isBinary, **more)

    def onMessage(self, payload, isBinary):
        self.message_log.received("client", self.client, "binary" if isBinary else "text", payload)
        super().onMessage(payload, isBinary)

    def onPing(self, payload):
        self.message_log.received("client", self.client, "ping", payload)
        super().onPing(payload)
        self.session.pinged.set()

    def sendPong(self, payload=None):
        self.message_log.sent("client", self.client, "pong", payload or b"")
        super().sendPong(payload)

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        self.message_log.sent_close("client", self.client, code, (reasonUtf8 or b"").decode())
        super().sendCloseFrame(code, reasonUtf8, isReply)

    def onCloseFrame(self, code, reasonRaw):
        self.message_log.received_close("client", self.client, code, (reasonRaw or b"").decode())
        return super().onCloseFrame(code, reasonRaw)
