"""Record kubernetes-exec.pcapng: commands that Kubernetes' client libraries for Python and
for Node run in a pod.

The pod is written by hand over the library `websockets`: it runs the commands with a shell
here. One pod is of an older Kubernetes, which does not let a client end its input.
"""

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import websockets
from kubernetes import client, stream

import node_programs
from capturing import Capture, free_port
from logged_channel import LoggedChannel, SECONDS
from message_log import MessageLog
from pty_program import ENVIRONMENT, PtyProgram

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
NAMES = {STDIN: "stdin", STDOUT: "stdout", STDERR: "stderr", ERROR: "error", RESIZE: "resize"}
PODS = {"oven": "v5.channel.k8s.io", "old-oven": "v4.channel.k8s.io"}
# A command's output is cut where this many bytes are there, also within a character.
READ_BYTES = 40

BAKE = """\
echo 'Brötchen: 12'
read what
echo "in the oven: $what" >&2
printf '\\377\\376\\n'
exit 3
"""


def main(folder):
    capture = Path(folder) / "kubernetes-exec.pcapng"
    log = MessageLog(capture, control="complete", app="complete")
    port = free_port()
    with Capture(capture, port):
        lines = asyncio.run(asyncio.wait_for(record(port, log), SECONDS))
    # The pods have told of the connections.
    for line in map(json.loads, lines.splitlines()):
        log.add_line(line)
    log.write()


async def record(port, log):
    async def serve(channel):
        await Pod(LoggedChannel(channel, "server", log)).run()

    def choose(channel, offered):
        pod = urlsplit(channel.request.path).path.split("/")[-2]
        assert PODS[pod] in offered, offered
        return PODS[pod]

    async with websockets.serve(serve, "127.0.0.1", port, compression=None,
                                select_subprotocol=choose):
        await asyncio.to_thread(run_commands, port, log)
        return await asyncio.to_thread(node_programs.run, "kubernetes-exec.js", port)


class Pod:
    """One command that is run, after what Kubernetes says of its channels."""

    def __init__(self, wire):
        self.wire = wire
        self.query = parse_qs(urlsplit(wire.channel.request.path).query)
        wire.log.connection(wire.client, wire.channel.local_address, wire.channel.request.path,
                            wire.channel.subprotocol, end="closed")

    async def run(self):
        # So does Kubernetes, for the client to know that it is there.
        await self.say(STDOUT, b"")
        if "true" in self.query.get("tty", []):
            status = await self.run_in_a_terminal()
        else:
            status = await self.run_with_pipes()
        await self.say(ERROR, json.dumps(status).encode())
        await self.wire.channel.close()
        self.wire.log_closes()

    async def say(self, channel, data):
        app = {"type": NAMES[channel], "channel": channel}
        self.wire.log.said("server", self.wire.client, app | told(channel, data))
        await self.wire.send(bytes([channel]) + data)

    async def hear(self, write, end, resize=None):
        async for message in self.wire:
            data = message.encode() if isinstance(message, str) else message
            channel, data = data[0], data[1:]
            if channel == CLOSE:
                self.wire.log.heard("server", self.wire.client, {"type": "close"})
                end()
                continue
            app = {"type": NAMES[channel], "channel": channel}
            self.wire.log.heard("server", self.wire.client, app | told(channel, data))
            if channel == STDIN:
                write(data)
            elif resize is not None:
                size = {name.lower(): value for name, value in json.loads(data).items()}
                resize(size["height"], size["width"])

    async def run_with_pipes(self):
        process = await asyncio.create_subprocess_exec(
            *self.query["command"], env=ENVIRONMENT, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        hearing = asyncio.create_task(self.hear(process.stdin.write, process.stdin.close))
        await asyncio.gather(self.pass_on(STDOUT, process.stdout.read),
                             self.pass_on(STDERR, process.stderr.read))
        return await self.status(process, hearing)

    async def run_in_a_terminal(self):
        program = await PtyProgram.start(*self.query["command"])
        hearing = asyncio.create_task(
            self.hear(program.type, program.end_input, program.resize))
        await self.pass_on(STDOUT, program.read)
        return await self.status(program, hearing)

    async def pass_on(self, channel, read):
        while data := await read(READ_BYTES):
            await self.say(channel, data)

    async def status(self, program, hearing):
        code = await program.wait()
        hearing.cancel()
        if code == 0:
            return {"metadata": {}, "status": "Success"}
        return {"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
                "message": f"command terminated with non-zero exit code: exit status {code}",
                "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]}}


def told(channel, data):
    if channel in (ERROR, RESIZE):
        return {"json": json.loads(data)}
    # Else the reader has to decide what it is.
    with suppress(UnicodeDecodeError):
        return {"text": data.decode()}
    return {}


def run_commands(port, log):
    """The client for Python."""
    api = client.CoreV1Api(client.ApiClient(client.Configuration(f"http://127.0.0.1:{port}")))
    options = {"stdin": True, "stdout": True, "stderr": True, "tty": False,
               "_preload_content": False}

    def say(pod, channel, data):
        app = {"type": NAMES[channel], "channel": channel}
        data_told = told(channel, data if isinstance(data, bytes) else data.encode())
        log.said("client", pod.sock.sock.getsockname(), app | data_told)
        pod.write_channel(channel, data)

    # Text goes as text messages, bytes as binary ones.
    pod = stream.stream(api.connect_get_namespaced_pod_exec, "old-oven", "kitchen",
                        command=["sh", "-c", BAKE], **options)
    assert pod.readline_stdout(timeout=SECONDS) == "Brötchen: 12"
    say(pod, RESIZE, json.dumps({"Width": 40, "Height": 10}))
    say(pod, STDIN, "Äpfel und ")
    say(pod, STDIN, "Nüsse\n".encode())
    pod.run_forever(timeout=SECONDS)
    assert pod.returncode == 3
    # The library has answered the Close frame, and keeps the socket.
    pod.sock.shutdown()

    pod = stream.stream(api.connect_get_namespaced_pod_exec, "oven", "kitchen",
                        command=["sort"], **options)
    say(pod, STDIN, "Salz\nButter\nMehl\n")
    log.said("client", pod.sock.sock.getsockname(), {"type": "close"})
    pod.close_channel(STDIN)
    pod.run_forever(timeout=SECONDS)
    assert pod.returncode == 0
    pod.sock.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
