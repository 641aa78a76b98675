"""Record mosquitto.pcap: MQTT over WebSocket, through Mosquitto.

The broker cannot tell what it sends, so the log is that of its clients.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import node_programs
from capturing import Capture, free_port, wait_until_listening
from message_log import MessageLog


def main(folder):
    capture = Path(folder) / "mosquitto.pcap"
    log = MessageLog(capture, control="complete")
    port = free_port()
    with tempfile.TemporaryDirectory() as scratch, Capture(capture, port):
        configuration = Path(scratch) / "mosquitto.conf"
        # Mosquitto 2.0.11 does not start with a WebSocket listener alone.
        configuration.write_text(
            "allow_anonymous true\n"
            f"listener {free_port()} 127.0.0.1\n"
            f"listener {port} 127.0.0.1\nprotocol websockets\n")
        broker = subprocess.Popen(["mosquitto", "-c", configuration], stderr=subprocess.DEVNULL)
        try:
            wait_until_listening(port, broker)
            lines = node_programs.run("mosquitto-clients.js", port)
        finally:
            broker.terminate()
            broker.wait(timeout=20)
    node_programs.add_lines(log, lines)
    log.write()


if __name__ == "__main__":
    main(sys.argv[1])
