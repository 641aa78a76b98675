"""A page in Chromium and a server with npm's `ws`.

Both log: the server on its standard output, the page with a request to a port
that is not in the capture. NODE_PATH says where `ws` is installed.
"""

import http.server
import json
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from capturing import Capture, free_port, wait_until_listening
from message_log import MessageLog

HERE = Path(__file__).parent
SECONDS = 60
CHROMIUM = [
    "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
    "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-default-apps", "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


def record(folder, capture, conversation):
    """`conversation` is the one of those in the page and the server to hold."""
    capture = Path(folder) / capture
    # The page does not see the Pong and Close frames that Chromium answers with; the
    # server logs them.
    log = MessageLog(capture, control="complete")
    port = free_port()
    collector = http.server.HTTPServer(("127.0.0.1", 0), PageLog)
    collector.timeout = SECONDS
    with Capture(capture, port):
        server = subprocess.Popen(
            ["node", str(HERE / "chromium-page-server.js"), str(port),
             str(HERE / "chromium-page.html"), conversation],
            stdout=subprocess.PIPE, text=True)
        try:
            wait_until_listening(port, server)
            query = f"log={collector.server_port}&conversation={conversation}"
            with browser(f"http://127.0.0.1:{port}/?{query}"):
                collector.handle_request()
        finally:
            server.terminate()
            server_lines, _ = server.communicate(timeout=SECONDS)
    if PageLog.said is None:
        raise RuntimeError("the page did not tell its log")
    join_logs(log, server_lines, PageLog.said)
    log.write()


@contextmanager
def browser(url, *options):
    """Chromium with an empty profile, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [*CHROMIUM, *options, f"--user-data-dir={profile}", url],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(timeout=SECONDS)


class PageLog(http.server.BaseHTTPRequestHandler):
    said = None

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        PageLog.said = json.loads(body)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def join_logs(log, server_lines, page):
    """The page cannot know its own port: the server tells it, by the path of the request."""
    for line in map(json.loads, server_lines.splitlines()):
        if "path" in line:
            assert (line["path"], line["subprotocol"]) == (page["path"], page["subprotocol"])
            client = line["client"]
            log.head["connections"].append(line | {"accept": "valid"})
        else:
            log.add_line(line)
    for line in page["log"]:
        from_ = "client" if line["logged"] == "sent" else "server"
        log.add_line({"client": client, "from": from_, "logged": line.pop("logged"),
                      "by": "client"} | line)
