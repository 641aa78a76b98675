"""Record wamp.pcap: WAMP through Crossbar.io, with clients of Autobahn that tell each
message that they send and get.
"""

import asyncio
import sys
from pathlib import Path

# This comes first: it chooses asyncio for Autobahn.
from wamp_clients import SECONDS, LoggedProtocol, Session, connect, fails, router

from autobahn.wamp import message
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from autobahn.wamp.types import CallOptions, PublishOptions, RegisterOptions

from capturing import Capture, free_port
from message_log import MessageLog

REALM = "printshop"
CLOSED = "printshop.office"
NAMES = ("session", "request", "topic", "procedure", "subscription", "registration",
         "publication", "error", "reason")
ANSWERS = {"WELCOME": "HELLO", "ABORT": "HELLO", "RESULT": "CALL", "SUBSCRIBED": "SUBSCRIBE",
           "UNSUBSCRIBED": "UNSUBSCRIBE", "PUBLISHED": "PUBLISH", "REGISTERED": "REGISTER",
           "UNREGISTERED": "UNREGISTER", "YIELD": "INVOCATION"}
REQUESTS = {kind.MESSAGE_TYPE: kind.__name__.upper() for kind in (
    message.Call, message.Subscribe, message.Unsubscribe, message.Publish, message.Register,
    message.Unregister, message.Invocation)}


def main(folder):
    capture = Path(folder) / "wamp.pcap"
    log = MessageLog(capture, control="complete", app="complete")
    port = free_port()
    nobody = {"call": False, "register": False, "publish": False, "subscribe": False}
    with Capture(capture, port), router(port, REALM, [(CLOSED, nobody)], pings=False):
        asyncio.run(asyncio.wait_for(talk(port, log), SECONDS))
    log.write()


async def talk(port, log):
    printer = await join(port, log, JsonSerializer())
    for serializer in (MsgPackSerializer(), CBORSerializer()):
        await order(printer, await join(port, log, serializer))
    printer.leave()
    await printer.left.wait()
    # The router ends this itself.
    stranger = await connect(port, log, JsonSerializer(), ToldSession("bakery"), ToldProtocol)
    await stranger.left.wait()


async def order(printer, customer):
    async def print_pages(count, colour=None, details=None):
        for page in range(1, count):
            await asyncio.sleep(0.005)
            if details.progress:
                details.progress(page)
        if colour == "grün":
            raise ApplicationError("printshop.error.no_ink", colour, left=["schwarz", "青"])
        return {"pages": count, "cost": 0.05 * count}

    async def cut(seconds):
        await asyncio.sleep(seconds)
        return seconds

    printing = await printer.register(
        print_pages, "printshop.print", RegisterOptions(details_arg="details"))
    cutting = await customer.register(cut, "printshop.cut")
    ready = asyncio.Queue()
    subscription = await customer.subscribe(
        lambda *what, **more: ready.put_nowait(what), "printshop.ready")

    await customer.call("printshop.print", 1)
    await customer.call("printshop.print", 3,
                        options=CallOptions(on_progress=lambda page: None))
    await fails(customer.call("printshop.print", 2, colour="grün"))
    await fails(customer.call("printshop.bind"))
    # Two at once, the second of which is answered first.
    await asyncio.gather(printer.call("printshop.cut", 0.03), printer.call("printshop.cut", 0.01))

    acknowledged = PublishOptions(acknowledge=True)
    await printer.publish("printshop.ready", "Plakat", 2, pages=[1, -70000, None, 2.5],
                          options=acknowledged)
    printer.publish("printshop.ready", "without acknowledgement")
    # Not all of it can be read as JSON.
    await printer.publish("printshop.ready", b"\x00\x01\xff", options=acknowledged)
    for _ in range(3):
        await ready.get()
    await fails(customer.subscribe(print, f"{CLOSED}.safe"))
    await fails(customer.publish(f"{CLOSED}.safe", "open", options=acknowledged))
    await fails(customer.register(cut, "printshop.print"))

    await subscription.unsubscribe()
    await cutting.unregister()
    await printing.unregister()
    customer.leave("printshop.goodbye", "until tomorrow")
    await customer.left.wait()


async def join(port, log, serializer):
    session = await connect(port, log, serializer, ToldSession(REALM), ToldProtocol)
    await session.joined.wait()
    return session


class ToldSession(Session):
    def onMessage(self, told):
        self._transport.tell("heard", told)
        return super().onMessage(told)


class ToldProtocol(LoggedProtocol):
    """Every message goes through here as an object."""

    said_goodbye = False

    def send(self, told):
        self.tell("said", told)
        super().send(told)

    def tell(self, how, told):
        kind = type(told).__name__.upper()
        app = {"type": kind}
        for name in NAMES:
            if (value := getattr(told, name, None)) is not None:
                app[name] = value
        if kind == "HELLO":
            app["realm"] = told.realm
        answers = None
        if kind == "ERROR":
            answers = {"type": REQUESTS[told.request_type], "request": told.request}
        elif kind in ANSWERS:
            request = {"request": told.request} if hasattr(told, "request") else {}
            answers = {"type": ANSWERS[kind]} | request
        elif kind == "GOODBYE":
            if self.said_goodbye:
                answers = {"type": kind}
            self.said_goodbye = True
        if how == "said" and kind in ("CALL", "YIELD", "PUBLISH") and not self.is_json():
            app["message"] = told.marshal()
        getattr(self.message_log, how)("client", self.client, app, answers)

    def is_json(self):
        return isinstance(self._serializer, JsonSerializer)


if __name__ == "__main__":
    main(sys.argv[1])
