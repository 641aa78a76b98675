"""Record autobahn-wamp.pcap: WAMP through Crossbar.io, with clients of Autobahn whose
messages are JSON, MessagePack and CBOR.

The router cannot tell what it sends, so the log is that of its clients. CROSSBAR says
where the router's program is: it wants other versions of libraries than the rest.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from autobahn.asyncio.wamp import ApplicationSession
from autobahn.asyncio.websocket import WampWebSocketClientFactory, WampWebSocketClientProtocol
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from autobahn.wamp.types import PublishOptions

from capturing import Capture, free_port, wait_until_listening
from message_log import MessageLog

REALM = "kitchen"
PATH = "/wamp"
SECONDS = 30


def main(folder):
    capture = Path(folder) / "autobahn-wamp.pcap"
    log = MessageLog(capture, control="complete")
    port = free_port()
    with Capture(capture, port), router(port):
        asyncio.run(asyncio.wait_for(talk(port, log), SECONDS))
    log.write()


@contextmanager
def router(port):
    """Crossbar.io with one realm, open to all, from an empty folder."""
    configuration = {
        "version": 2,
        # Else its messages would tell the machine's name.
        "controller": {"id": "router"},
        "workers": [{
            "type": "router",
            "realms": [{"name": REALM, "roles": [{"name": "anonymous", "permissions": [{
                "uri": "", "match": "prefix", "allow": {
                    "call": True, "register": True, "publish": True, "subscribe": True}}]}]}],
            "transports": [{
                "type": "websocket", "serializers": ["json", "msgpack", "cbor"],
                "endpoint": {"type": "tcp", "interface": "127.0.0.1", "port": port},
                "options": {"auto_ping_interval": 1000, "auto_ping_timeout": 5000}}],
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


async def talk(port, log):
    cook = await join(port, log, JsonSerializer())
    guest = await join(port, log, MsgPackSerializer())
    waiter = await join(port, log, CBORSerializer())

    def boil(minutes, egg):
        if egg == "🥚":
            return {"egg": "boiled", "minutes": minutes}
        raise ApplicationError("kitchen.error.no_egg", egg, wanted="🥚")

    await cook.register(boil, "kitchen.boil")
    served = asyncio.Event()
    await waiter.subscribe(lambda *_, **__: served.set(), "kitchen.served")

    await guest.call("kitchen.boil", 4, egg="🥚")
    await fails(guest.call("kitchen.boil", 4, egg="🥔"))
    await fails(guest.call("kitchen.fry"))
    await guest.publish("kitchen.served", "Spiegelei", picture=bytes(range(200)),
                        options=PublishOptions(acknowledge=True))
    await served.wait()
    # As JSON these bytes are a string.
    await cook.publish("kitchen.served", bytes(range(20)),
                       options=PublishOptions(acknowledge=True))
    await asyncio.gather(*(session.pinged.wait() for session in (cook, guest, waiter)))
    for session in (cook, guest, waiter):
        session.leave()
        await session.left.wait()


async def fails(call):
    try:
        await call
    except ApplicationError:
        return
    raise AssertionError("no error came")


async def join(port, log, serializer):
    session = Session()
    factory = WampWebSocketClientFactory(
        lambda: session, url=f"ws://127.0.0.1:{port}{PATH}", serializers=[serializer])
    factory.protocol = lambda: LoggedProtocol(session, log)
    await asyncio.get_running_loop().create_connection(factory, "127.0.0.1", port)
    await session.joined.wait()
    return session


class Session(ApplicationSession):
    def __init__(self):
        super().__init__()
        self.joined, self.pinged, self.left = (asyncio.Event() for _ in range(3))

    def onConnect(self):
        self.join(REALM)

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


if __name__ == "__main__":
    main(sys.argv[1])
