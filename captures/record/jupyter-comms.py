"""Record jupyter-comms.pcap: JupyterLab's library for Node and a Jupyter server's kernel
in the forms that their messages have: text, text with buffers in binary messages, and the
subprotocol v1.kernel.websocket.jupyter.org.
"""

import sys
from pathlib import Path

import node_programs
from capturing import Capture, free_port
from jupyter_process import jupyter_server
from message_log import MessageLog


def main(folder):
    capture = Path(folder) / "jupyter-comms.pcap"
    log = MessageLog(capture, control="complete", app="complete")
    port = free_port()
    with Capture(capture, port), jupyter_server(port):
        lines = node_programs.run("jupyter-comms.js", port)
    node_programs.add_lines(log, lines)
    log.write()


if __name__ == "__main__":
    main(sys.argv[1])
