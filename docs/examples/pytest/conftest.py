"""Records what the tests say to the server, and judges it when they are over.

WSDUMP names the program, where it is not `wsdump`; it needs the right to capture (see
README.md). WSDUMP_REPORTS is the folder for the recording and the reports.
"""

import os
import subprocess
import threading
from pathlib import Path

import pytest

import orders_server as server_of_orders

HERE = Path(__file__).resolve().parent
WSDUMP = os.environ.get("WSDUMP", "wsdump")
LOOPBACK = "lo" if os.uname().sysname == "Linux" else "lo0"
SECONDS = 60


@pytest.fixture(scope="session")
def orders_server():
    """The URL of a server that runs as long as the tests."""
    with server_of_orders.start() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/orders"
        server.shutdown()
        thread.join(SECONDS)


@pytest.fixture(scope="session", autouse=True)
def recorded_traffic(orders_server, tmp_path_factory):
    """Records the server's port from before the first test until after the last."""
    folder = Path(os.environ.get("WSDUMP_REPORTS") or tmp_path_factory.mktemp("wsdump"))
    folder.mkdir(parents=True, exist_ok=True)
    capture = folder / "traffic.pcapng"
    port = orders_server.rpartition(":")[2].partition("/")[0]
    recorder = start_recording(capture, port)
    try:
        yield capture
    finally:
        # What the kernel has captured until now is still written.
        recorder.terminate()
        recorder.wait(SECONDS)
    check(capture, folder)


def start_recording(capture, port):
    """`wsdump -w` keeps the packets of WebSocket connections. It says when it captures."""
    # Else root's wsdump becomes who called sudo, and that user may not write here.
    user = ["--user", "root"] if os.geteuid() == 0 else []
    recorder = subprocess.Popen(
        [WSDUMP, "-i", LOOPBACK, "--port", port, "-w", str(capture), *user],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = ""
    for line in recorder.stderr:
        said += line
        if "capturing on" in line:
            # It goes on telling what it sees.
            threading.Thread(target=recorder.stderr.read, daemon=True).start()
            return recorder
    pytest.exit(f"the traffic cannot be recorded: {said}", returncode=2)


def check(capture, folder):
    """Fails when the traffic is not as wsdump-check.toml says, or breaks the protocol."""
    checked = subprocess.run(
        [WSDUMP, "check", str(capture), "--expect", str(HERE / "wsdump-check.toml"),
         "--report", "human", "--report", f"junit={folder / 'wsdump-junit.xml'}",
         "--report", f"sarif={folder / 'wsdump.sarif'}"],
        capture_output=True, text=True)
    if checked.returncode != 0:
        pytest.fail(f"the recorded traffic does not pass:\n{checked.stdout}{checked.stderr}",
                    pytrace=False)
