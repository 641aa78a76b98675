"""A room of Django Channels that daphne serves: who says something is heard by all.

Arguments: port, and the file that gets a line of JSON for each message.
"""

import json
import sys

import django
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from daphne.server import Server
from django.conf import settings
from django.urls import path


class Room(AsyncJsonWebsocketConsumer):
    async def connect(self):
        self.room = self.scope["url_route"]["kwargs"]["room"]
        if self.room == "locked":
            await self.close()  # before it is accepted: the handshake is refused
            return
        await self.channel_layer.group_add(self.room, self.channel_name)
        await self.accept(self.scope["subprotocols"][0])
        await self.send_json({"welcome": self.room})

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.room, self.channel_name)

    async def receive(self, text_data=None, bytes_data=None):
        self.note("received", text_data, bytes_data)
        if bytes_data is not None:
            await self.tell_everyone({"type": "picture", "bytes": bytes_data})
        else:
            await super().receive(text_data=text_data)

    async def receive_json(self, content):
        if "leave" in content:
            await self.close(content["leave"])
        else:
            await self.tell_everyone({"type": "talk", "text": content["say"]})

    async def tell_everyone(self, event):
        await self.channel_layer.group_send(self.room, event)

    async def talk(self, event):
        await self.send_json({"said": event["text"]})

    async def picture(self, event):
        await self.send(bytes_data=event["bytes"])

    async def send_json(self, content, close=False):
        # Through this class's own send, which notes it.
        await self.send(text_data=await self.encode_json(content), close=close)

    async def send(self, text_data=None, bytes_data=None, close=False):
        self.note("sent", text_data, bytes_data)
        await super().send(text_data, bytes_data, close)

    def note(self, what, text, data):
        opcode, payload = ("text", text.encode()) if data is None else ("binary", data)
        line = [self.scope["client"], what, opcode, payload.hex()]
        print(json.dumps(line), file=self.log, flush=True)


def main(port, log_path):
    settings.configure(CHANNEL_LAYERS={
        "default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
    django.setup()
    with open(log_path, "a", encoding="utf-8") as Room.log:
        rooms = URLRouter([path("rooms/<room>/", Room.as_asgi())])
        Server(ProtocolTypeRouter({"websocket": rooms}),
               endpoints=[f"tcp:port={port}:interface=127.0.0.1"]).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
