"""Record stomp.pcapng: STOMP over WebSocket, through RabbitMQ.

The broker cannot tell what it sends, so the log is that of its clients.
"""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import node_programs
from capturing import Capture, free_port, wait_until_listening
from message_log import MessageLog

RABBITMQ = "/usr/lib/rabbitmq/bin/rabbitmq-server"
CONFIGURATION = """[
    {{rabbit, [{{tcp_listeners, []}}]}},
    {{rabbitmq_stomp, [{{tcp_listeners, []}}]}},
    {{rabbitmq_web_stomp, [{{ws_frame, {opcode}}},
                           {{tcp_config, [{{ip, "127.0.0.1"}}, {{port, {port}}}]}}]}}
].
"""


def main(folder):
    capture = Path(folder) / "stomp.pcapng"
    log = MessageLog(capture, control="complete")
    port = free_port()
    with Capture(capture, port), broker(port):
        lines = node_programs.run("stomp-clients.js", port)
    node_programs.add_lines(log, lines)
    log.write()


@contextmanager
def broker(port, opcode="text"):
    """RabbitMQ with nothing but this port, from an empty folder; all that it sends has
    this opcode."""
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch, "rabbitmq.config").write_text(CONFIGURATION.format(port=port, opcode=opcode))
        Path(scratch, "plugins").write_text("[rabbitmq_web_stomp].\n")
        environment = os.environ | {
            "HOME": scratch,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(free_port()),
            "RABBITMQ_CONF_ENV_FILE": f"{scratch}/none",
            "RABBITMQ_CONFIG_FILE": f"{scratch}/rabbitmq.config",
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{scratch}/plugins",
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_MNESIA_BASE": scratch,
            # The machine's name is in none of it.
            "RABBITMQ_NODENAME": "broker@localhost",
            "RABBITMQ_PID_FILE": f"{scratch}/pid",
        }
        process = subprocess.Popen([RABBITMQ], env=environment, cwd=scratch,
                                   stdout=subprocess.DEVNULL, start_new_session=True)
        try:
            wait_until_listening(port, process)
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=60)
            # Erlang's port mapper, which was started along, outlives the broker.
            subprocess.run(["epmd", "-kill"], env=environment, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main(sys.argv[1])
