"""Record terminals.pcapng: JupyterLab's library for Node and terminals of a Jupyter server,
as terminado speaks to it.
"""

import json
import sys
from pathlib import Path

import node_programs
from capturing import Capture, free_port
from jupyter_process import jupyter_server
from message_log import MessageLog

# A shell without startup files shows the prompt of its environment and nothing of the machine.
SHELL = ["/bin/bash", "--norc", "--noprofile"]


def main(folder):
    capture = Path(folder) / "terminals.pcapng"
    log = MessageLog(capture, control="complete", app="complete")
    port = free_port()
    settings = f"--ServerApp.terminado_settings={json.dumps({'shell_command': SHELL})}"
    with Capture(capture, port), jupyter_server(port, settings):
        lines = node_programs.run("terminals.js", port)
    node_programs.add_lines(log, lines)
    log.write()


if __name__ == "__main__":
    main(sys.argv[1])
