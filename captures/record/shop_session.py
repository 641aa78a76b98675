"""One session of a shop: two tills, a kitchen and a printer, over server and clients of
the `websockets` library. It is recorded twice, as session-a and session-b: what is said is
the same, but for what differs from run to run as it does in real programs: ids,
tokens, times and durations. In session-c the shop has changed: tea costs more, and the
tills no longer ask for the stock.
"""

import asyncio
import json
import secrets
import time
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

import websockets

from capturing import Capture, free_port
from logged_channel import LoggedChannel, SECONDS
from message_log import MessageLog

SUBPROTOCOL = "orders.v1"
PRICES = {"pizza": 9.5, "soup": 4.2, "tea": 2.8}
NEW_PRICES = PRICES | {"tea": 3.1}
LOGO = bytes((row * 37 ^ column * 11) & 0xFF for row in range(16) for column in range(24))


def record(folder, name, has_changed=False):
    capture = Path(folder) / name
    log = MessageLog(capture, control="complete")
    port = free_port()
    with Capture(capture, port, nanoseconds=True):
        asyncio.run(hold_session(port, log, has_changed))
    log.write()


async def hold_session(port, log, has_changed):
    shop = Shop(log, NEW_PRICES if has_changed else PRICES)
    options = {"compression": None, "ping_interval": None}
    async with websockets.serve(shop.serve, "127.0.0.1", port, subprotocols=[SUBPROTOCOL],
                                **options):
        def connect(path):
            return websockets.connect(f"ws://127.0.0.1:{port}{path}",
                                      subprotocols=[SUBPROTOCOL], **options)
        async with connect("/kitchen") as kitchen:
            cooking = asyncio.create_task(cook(Caller(kitchen, log)))
            async with connect("/printer") as printer:
                await print_logo(Caller(printer, log))
            async with connect("/orders?lang=en") as till:
                await sell(Caller(till, log), asks_for_stock=not has_changed)
            async with connect("/orders?lang=en") as till:
                await sell_in_a_hurry(Caller(till, log))
            await asyncio.wait_for(cooking, SECONDS)


def now():
    return datetime.now(timezone.utc)


def rounded_ms(since):
    return round((time.monotonic() - since) * 1000, 3)


class Shop:
    """The server."""

    def __init__(self, log, prices):
        self.log = log
        self.prices = prices
        self.kitchen = None
        self.numbers = 0
        self.waiting = {}

    async def serve(self, channel):
        guest = LoggedChannel(channel, "server", self.log)
        self.log.connection(guest.client, channel.local_address, channel.request.path,
                            channel.subprotocol, end="closed")
        if channel.request.path == "/kitchen":
            self.kitchen = guest
        async for message in guest:
            if isinstance(message, bytes):
                await guest.send(message[::-1])
                continue
            began = time.monotonic()
            request = json.loads(message)
            answer = self.answer_to(request, guest)
            if "result" in answer:
                answer["result"]["took_ms"] = rounded_ms(began)
            await guest.send(json.dumps({"jsonrpc": "2.0", "id": request["id"], **answer}))
            await self.tell_others(request, answer, guest)
        guest.log_closes()

    def answer_to(self, request, guest):
        method, params = request["method"], request.get("params", {})
        if method == "login":
            return {"result": {
                "user": params["user"], "token": secrets.token_urlsafe(24),
                "session_id": str(uuid.uuid4()), "roles": ["cook" if guest is self.kitchen
                                                           else "seller"],
                "expires_at": (now() + timedelta(hours=8)).isoformat()}}
        if method == "order.create":
            return self.order(params, guest)
        if method == "order.ready":
            return {"result": {"noted": True}}
        if method == "stock":
            return {"result": {"items": sorted(self.prices), "timestamp": time.time_ns() // 1_000_000}}
        return {"error": {"code": -32601, "message": f"no method {method}"}}

    def order(self, params, guest):
        missing = [item["name"] for item in params["items"] if item["name"] not in self.prices]
        if missing:
            return {"error": {"code": 404, "message": "not on the menu",
                              "data": {"items": missing, "trace_id": secrets.token_hex(16)}}}
        self.numbers += 1
        total = sum(self.prices[item["name"]] * item["count"] for item in params["items"])
        order = {"id": str(uuid.uuid4()), "number": self.numbers, "items": params["items"],
                 "total": round(total, 2), "created_at": now().isoformat()}
        self.waiting[order["id"]] = (guest, time.monotonic())
        return {"result": {"order": order, "status": "queued"}}

    async def tell_others(self, request, answer, guest):
        if request["method"] == "order.create" and "error" not in answer:
            order = answer["result"]["order"]
            await self.notify(self.kitchen, "order.placed",
                              {"order": order, "queued_at": time.time()})
        elif request["method"] == "order.ready":
            order = request["params"]["order_id"]
            till, since = self.waiting.pop(order)
            await self.notify(till, "order.ready", {"order_id": order,
                                                    "number": request["params"]["number"],
                                                    "waited_ms": rounded_ms(since)})

    async def notify(self, guest, method, params):
        await guest.send(json.dumps({"jsonrpc": "2.0", "method": method, "params": params}))


class Caller:
    """A client."""

    def __init__(self, channel, log):
        self.guest = LoggedChannel(channel, "client", log)

    async def call(self, method, **params):
        """Says it and waits for the answer."""
        request = {"jsonrpc": "2.0", "id": str(uuid.uuid4()), "method": method, "params": params}
        await self.guest.send(json.dumps(request, ensure_ascii=False))
        answer = await self.next()
        assert answer["id"] == request["id"], answer
        return answer

    async def next(self):
        message = await asyncio.wait_for(self.guest.channel.recv(), SECONDS)
        opcode = "text" if isinstance(message, str) else "binary"
        self.guest.log.received("client", self.guest.client, opcode, message)
        return json.loads(message) if opcode == "text" else message

    async def close(self, code, reason=""):
        await self.guest.channel.close(code, reason)
        self.guest.log_closes()


async def cook(kitchen):
    """Each order takes a while."""
    await kitchen.call("login", user="kitchen")
    for _ in range(3):
        placed = await kitchen.next()
        order = placed["params"]["order"]
        began = time.monotonic()
        await asyncio.sleep(0.02 * order["number"])
        await kitchen.call("order.ready", order_id=order["id"], number=order["number"],
                           duration=rounded_ms(began) / 1000)
    await kitchen.close(1000, "kitchen closed")


async def print_logo(printer):
    """Bytes, which come back in the other direction."""
    await printer.guest.send(LOGO)
    assert await printer.next() == LOGO[::-1]
    await printer.close(1001)


async def sell(till, asks_for_stock):
    """Two orders, and what is not on the menu."""
    await till.call("login", user="Zoë")
    if asks_for_stock:
        await till.call("stock")
    for items in ([{"name": "pizza", "count": 2}],
                  [{"name": "soup", "count": 1}, {"name": "tea", "count": 1}]):
        await till.call("order.create", items=items, request_id=str(uuid.uuid4()))
        ready = await till.next()
        assert ready["method"] == "order.ready", ready
    await till.call("order.create", items=[{"name": "oysters", "count": 12}],
                    request_id=str(uuid.uuid4()))
    await till.call("order.cancel", order_id=str(uuid.uuid4()))
    await till.guest.ping(b"till 1")
    await till.close(1000)


async def sell_in_a_hurry(till):
    await till.call("login", user="Ali")
    await till.call("order.create", items=[{"name": "tea", "count": 4}],
                    request_id=str(uuid.uuid4()))
    await till.next()
    await till.guest.ping(b"till 2")
    await till.close(4000, "out of paper")
