"""A program that runs in a terminal of its own."""

import asyncio
import fcntl
import os
import signal
import struct
import termios
from contextlib import suppress

# It shows nothing of the machine.
ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8", "TERM": "xterm-256color", "PS1": "oven$ "}


class PtyProgram:
    @classmethod
    async def start(cls, *command):
        program = cls()
        program.terminal, inside = os.openpty()
        program.process = await asyncio.create_subprocess_exec(
            *command, env=ENVIRONMENT, stdin=inside, stdout=inside, stderr=inside,
            start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(inside)
        return program

    async def read(self, size):
        """What the program shows; nothing once it is over, which is an error of the terminal."""
        readable = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self.terminal, readable.set)
        try:
            await readable.wait()
        finally:
            loop.remove_reader(self.terminal)
        with suppress(OSError):
            return os.read(self.terminal, size)

    def type(self, data):
        os.write(self.terminal, data)

    def end_input(self):
        self.type(b"\x04")

    def resize(self, rows, columns):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self):
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGHUP)

    async def wait(self):
        """Its exit code."""
        code = await self.process.wait()
        os.close(self.terminal)
        return code
