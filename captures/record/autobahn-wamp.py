"""Record autobahn-wamp.pcap: WAMP through Crossbar.io, with clients of Autobahn whose
messages are JSON, MessagePack and CBOR.
"""

import asyncio
import sys
from pathlib import Path

# This comes first: it chooses asyncio for Autobahn.
from wamp_clients import SECONDS, Session, connect, fails, router

from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from autobahn.wamp.types import PublishOptions

from capturing import Capture, free_port
from message_log import MessageLog

REALM = "kitchen"


def main(folder):
    capture = Path(folder) / "autobahn-wamp.pcap"
    log = MessageLog(capture, control="complete")
    port = free_port()
    with Capture(capture, port), router(port, REALM):
        asyncio.run(asyncio.wait_for(talk(port, log), SECONDS))
    log.write()


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


async def join(port, log, serializer):
    session = await connect(port, log, serializer, Session(REALM))
    await session.joined.wait()
    return session


if __name__ == "__main__":
    main(sys.argv[1])
