"""The server that is tested: it takes orders over WebSocket, in JSON-RPC 2.0.

`python orders_server.py [PORT]` runs it. ORDERS_BUG breaks it in ways that the tests
beside it do not notice: `total-as-text` sends totals as text, `slow` takes a second
for each order, `sloppy-close` says goodbye with the code of an internal error.
"""

import json
import os
import sys
import time
import uuid
from datetime import datetime, timezone

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

PRICES = {"pizza": 9.5, "soup": 4.2, "tea": 2.8}
BUG = os.environ.get("ORDERS_BUG")


def start(port=0):
    """A server on loopback. Its `serve_forever` runs it, its `shutdown` stops it."""
    return serve(talk, "127.0.0.1", port, compression=None, subprotocols=["orders.v1"])


def talk(connection):
    user = None
    try:
        for message in connection:
            request = json.loads(message)
            answer = answer_to(request, user)
            if request["method"] == "login":
                user = request["params"]["user"]
            say(connection, id=request["id"], **answer)
            if request["method"] == "goodbye":
                connection.close(1011 if BUG == "sloppy-close" else 1000)
            elif "order" in answer.get("result", {}):
                say(connection, method="order.ready",
                    params={"order_id": answer["result"]["order"]["id"]})
    except ConnectionClosed:
        pass


def say(connection, **members):
    connection.send(json.dumps({"jsonrpc": "2.0", **members}))


def answer_to(request, user):
    method, params = request["method"], request.get("params", {})
    if method == "login":
        return {"result": {"welcome": params["user"]}}
    if user is None:
        return error(401, "who are you?")
    if method == "order.create":
        return order(params["items"])
    if method == "goodbye":
        return {"result": {"goodbye": user}}
    return error(-32601, f"no method {method}")


def order(items):
    missing = [item["name"] for item in items if item["name"] not in PRICES]
    if missing:
        return error(404, f"not on the menu: {', '.join(missing)}")
    if BUG == "slow":
        time.sleep(1)
    total = sum(PRICES[item["name"]] * item["count"] for item in items)
    return {"result": {"order": {
        "id": str(uuid.uuid4()), "created_at": datetime.now(timezone.utc).isoformat(),
        "items": items, "total": f"{total:.2f}" if BUG == "total-as-text" else total}}}


def error(code, message):
    return {"error": {"code": code, "message": message}}


if __name__ == "__main__":
    with start(int(sys.argv[1]) if len(sys.argv) > 1 else 8765) as server:
        server.serve_forever()
