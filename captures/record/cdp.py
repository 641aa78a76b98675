"""Record cdp.pcapng: Chromium, told what to do over its DevTools protocol by programs for
Node, the browser as a whole and a page of it.
"""

import json
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlparse

import node_programs
from capturing import Capture, free_port, wait_until_listening
from chromium_page import browser
from message_log import MessageLog


def main(folder):
    capture = Path(folder) / "cdp.pcapng"
    log = MessageLog(capture, control="complete", app="complete")
    port = free_port()
    with (Capture(capture, port),
          browser("about:blank", f"--remote-debugging-port={port}") as chromium):
        wait_until_listening(port, chromium)
        lines = node_programs.run("cdp.js", port, browser_path(port))
    node_programs.add_lines(log, lines)
    log.write()


def browser_path(port):
    """Chromium tells everyone the path that stands for the whole browser."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/version") as answer:
        return urlparse(json.load(answer)["webSocketDebuggerUrl"]).path


if __name__ == "__main__":
    main(sys.argv[1])
