"""What a client of the shop does. None of it is about what passes on the wire: that is
judged by wsdump-check.toml, once all tests are over."""

import json
from itertools import count

import pytest
from websockets.sync.client import connect

SECONDS = 10


class Client:
    """A client that waits for the answer to each request."""

    def __init__(self, connection):
        self.connection = connection
        self.ids = count(1)

    def call(self, method, **params):
        request = {"jsonrpc": "2.0", "id": next(self.ids), "method": method, "params": params}
        self.connection.send(json.dumps(request))
        return self.next()

    def next(self):
        return json.loads(self.connection.recv(timeout=SECONDS))


@pytest.fixture
def client(orders_server):
    with connect(orders_server, subprotocols=["orders.v1"]) as connection:
        client = Client(connection)
        assert client.call("login", user="Zoë")["result"]["welcome"] == "Zoë"
        yield client
        assert client.call("goodbye")["result"]["goodbye"] == "Zoë"


def test_an_order_is_taken(client):
    answer = client.call("order.create", items=[{"name": "pizza", "count": 2}])
    assert float(answer["result"]["order"]["total"]) == 19
    assert client.next()["method"] == "order.ready"


def test_several_orders_are_told_apart(client):
    first, second = (order_of(client, "soup"), order_of(client, "tea"))
    assert first["id"] != second["id"]


def test_what_is_not_on_the_menu_is_refused(client):
    answer = client.call("order.create", items=[{"name": "oysters", "count": 12}])
    assert answer["error"]["code"] == 404


def order_of(client, name):
    order = client.call("order.create", items=[{"name": name, "count": 1}])["result"]["order"]
    assert client.next()["params"]["order_id"] == order["id"]
    return order
