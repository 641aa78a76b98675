"""One end of a connection of the `websockets` library, which logs what passes."""

import asyncio
import socket
from contextlib import suppress

import websockets
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.frames import CloseCode

from message_log import opcode_of

SECONDS = 30


class LoggedChannel:
    """`by` is the side that this end is."""

    def __init__(self, channel, by, log):
        self.channel = channel
        self.by = by
        self.log = log
        self.client = channel.local_address if by == "client" else channel.remote_address

    async def __aiter__(self):
        # A code that is neither 1000 nor 1001 is raised.
        with suppress(ConnectionClosedError):
            async for message in self.channel:
                self.log.received(self.by, self.client, opcode_of(message), message)
                yield message

    async def receive(self):
        message = await asyncio.wait_for(self.channel.recv(), SECONDS)
        self.log.received(self.by, self.client, opcode_of(message), message)

    async def send(self, message):
        self.log.sent(self.by, self.client, opcode_of(message), message)
        await self.channel.send(message)

    async def send_in_fragments(self, parts):
        """The library sends a frame for each part, and an empty one at the end."""
        message = parts[0][:0].join(parts)
        self.log.sent(self.by, self.client, opcode_of(message), message)
        await self.channel.send(parts)

    async def ping(self, data):
        self.log.sent(self.by, self.client, "ping", data)
        await asyncio.wait_for(await self.channel.ping(data), SECONDS)
        self.log.received(self.by, self.client, "pong", data)

    def log_closes(self):
        protocol = self.channel.protocol
        for log_close, close in [(self.log.sent_close, protocol.close_sent),
                                 (self.log.received_close, protocol.close_rcvd)]:
            # 1005 stands for a Close frame without a code.
            code = None if close.code == CloseCode.NO_STATUS_RCVD else close.code
            log_close(self.by, self.client, code, close.reason)


async def turned_away(port, path, log, status, **options):
    """Ask for a WebSocket that the server refuses with this status."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        log.connection(connection.getsockname(), connection.getpeername(), path, status=status)
        try:
            await websockets.connect(f"ws://127.0.0.1:{port}{path}", sock=connection,
                                     compression=None, **options)
        except InvalidStatus as refusal:
            assert refusal.response.status_code == status, refusal
        else:
            raise AssertionError(f"{path} was not refused")
