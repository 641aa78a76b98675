"""Topics on µWebSockets, through socketify: who subscribes to one hears what is published.

A message is a command, such as `publish tin 32.75`; binary ones are published to the
topic `pictures`. Arguments: port, and the file that gets a line of JSON for each message.
The library does not tell a client's port, so lines have the name that the client gave.
"""

import json
import sys
from collections import defaultdict

from socketify import App, OpCode

NAMES = {OpCode.TEXT: "text", OpCode.BINARY: "binary"}
KICKED = 4002


class Topics:
    def __init__(self, app, log):
        self.app = app
        self.log = log
        self.subscribers = defaultdict(set)

    def behavior(self):
        return {"compression": 0, "upgrade": self.upgrade, "open": self.open,
                "message": self.message, "ping": self.ping, "pong": self.pong,
                "close": self.close}

    def note(self, name, what, opcode, payload, code=None):
        data = payload.encode() if isinstance(payload, str) else payload
        print(json.dumps([name, what, opcode, data.hex(), code]), file=self.log, flush=True)

    def upgrade(self, response, request, context):
        name = request.get_query("name")
        response.upgrade(request.get_header("sec-websocket-key"),
                         request.get_header("sec-websocket-protocol"), "", context, name)

    def open(self, channel):
        self.say(channel, f"hello {channel.get_user_data()}")

    def message(self, channel, message, opcode):
        name = channel.get_user_data()
        self.note(name, "received", NAMES[opcode], message)
        if opcode == OpCode.BINARY:
            self.publish("pictures", message, opcode)
            return
        command, _, rest = message.partition(" ")
        if command == "subscribe":
            channel.subscribe(rest)
            self.subscribers[rest].add(name)
            self.say(channel, f"you hear {rest}")
        elif command == "publish":
            topic, _, news = rest.partition(" ")
            self.publish(topic, news, opcode)
        elif command == "ping":
            self.note(name, "sent", "ping", rest)
            channel.send(rest, OpCode.PING)
        elif command == "pieces":
            self.send_in_fragments(channel, int(rest))
        elif command == "leave":
            self.note(name, "sent", "close", rest, KICKED)
            channel.end(KICKED, rest)

    def say(self, channel, text):
        self.note(channel.get_user_data(), "sent", "text", text)
        channel.send(text, OpCode.TEXT)

    def publish(self, topic, message, opcode):
        for name in self.subscribers[topic]:
            self.note(name, "sent", NAMES[opcode], message)
        self.app.publish(topic, message, opcode)

    def send_in_fragments(self, channel, length):
        first, middle, last = (bytes([number]) * length for number in range(3))
        self.note(channel.get_user_data(), "sent", "binary", first + middle + last)
        channel.send_first_fragment(first, OpCode.BINARY)
        channel.send_fragment(middle)
        channel.send_last_fragment(last)

    def ping(self, channel, data):
        self.note(channel.get_user_data(), "received", "ping", data)

    def pong(self, channel, data):
        self.note(channel.get_user_data(), "received", "pong", data)

    def close(self, channel, code, reason):
        name = channel.get_user_data()
        for subscribers in self.subscribers.values():
            subscribers.discard(name)
        # This is called for the server's own Close frame too.
        if code != KICKED:
            self.note(name, "received", "close", reason or "", code)


def main(port, log_path):
    app = App()
    with open(log_path, "a", encoding="utf-8") as log:
        app.ws("/*", Topics(app, log).behavior())
        app.listen({"host": "127.0.0.1", "port": int(port)})
        app.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
