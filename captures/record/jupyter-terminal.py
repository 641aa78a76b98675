"""Record jupyter-terminal.pcap: a terminal of a Jupyter server, as terminado speaks it."""

import asyncio
import json
import sys
from pathlib import Path

from tornado.websocket import websocket_connect

from capturing import Capture, free_port
from jupyter_process import jupyter_server, rest
from message_log import MessageLog

# A shell without startup files shows the prompt of its environment and nothing of the machine.
SHELL = '--ServerApp.terminado_settings={"shell_command": ["/bin/bash", "--norc", "--noprofile"]}'
PROMPT = "demo$ "
COMMANDS = [
    r"printf '\033[1;32mgreen\033[0m and \033[4munderlined\033[0m\n'",
    "echo 'Grüße ✓ 日本語'",
    r"printf '\033]0;a title\007'; seq 1 5 | tr '\n' ' '; echo",
]


def main(folder):
    capture = Path(folder) / "jupyter-terminal.pcap"
    # Tornado's client answers the server's Close frame out of the application's sight.
    log = MessageLog(capture, control="partial")
    port = free_port()
    with Capture(capture, port), jupyter_server(port, SHELL):
        name = rest(port, "POST", "/api/terminals")["name"]
        asyncio.run(talk(port, f"/terminals/websocket/{name}", log))
    log.write()


async def talk(port, path, log):
    terminal = await websocket_connect(f"ws://127.0.0.1:{port}{path}", connect_timeout=30)
    stream = terminal.protocol.stream
    client = stream.socket.getsockname()
    log.connection(client, stream.socket.getpeername(), path)
    shown = ""

    async def send(*message):
        payload = json.dumps(message, ensure_ascii=False)
        log.sent("client", client, "text", payload)
        await terminal.write_message(payload)

    async def receive():
        payload = await asyncio.wait_for(terminal.read_message(), timeout=30)
        if payload is not None:
            log.received("client", client, "text", payload)
        return payload

    async def wait_for_prompts(count):
        nonlocal shown
        while shown.count(PROMPT) < count:
            message = json.loads(await receive())
            if message[0] == "stdout":
                shown += message[1]

    await send("set_size", 24, 80, 480, 640)
    await wait_for_prompts(1)
    for number, command in enumerate(COMMANDS, start=2):
        await send("stdin", command + "\r")
        await wait_for_prompts(number)
    await send("stdin", "exit\r")
    # The shell's end closes the connection from the server's side.
    while await receive() is not None:
        pass
    log.received_close("client", client, terminal.close_code, terminal.close_reason or "")


if __name__ == "__main__":
    main(sys.argv[1])
