"""Record short-connections.pcap: two hundred connections with one message each way, up to
four at a time. The client closes the even ones, the server the odd ones.
"""

import asyncio
import sys
from pathlib import Path

import websockets

from capturing import Capture, free_port
from logged_channel import LoggedChannel
from message_log import MessageLog

COUNT = 200
AT_A_TIME = 4


def main(folder):
    capture = Path(folder) / "short-connections.pcap"
    # The clients alone log, and see all there is.
    log = MessageLog(capture, control="complete")
    port = free_port()
    with Capture(capture, port):
        asyncio.run(record(port, log))
    log.write()


async def record(port, log):
    turns = asyncio.Semaphore(AT_A_TIME)
    async with websockets.serve(square, "127.0.0.1", port, compression=None, server_header=None):
        await asyncio.gather(*(ask(port, number, turns, log) for number in range(COUNT)))


async def square(channel):
    number = int(await channel.recv())
    await channel.send(str(number * number))
    if number % 2 == 0:
        await channel.wait_closed()


async def ask(port, number, turns, log):
    path = f"/{number}"
    async with turns, websockets.connect(f"ws://127.0.0.1:{port}{path}", compression=None,
                                         user_agent_header=None) as channel:
        client = LoggedChannel(channel, "client", log)
        log.connection(client.client, channel.remote_address, path, end="closed")
        await client.send(str(number))
        await client.receive()
        if number % 2 == 0:
            await channel.close()
        await channel.wait_closed()
        client.log_closes()


if __name__ == "__main__":
    main(sys.argv[1])
