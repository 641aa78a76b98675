"""Start and stop a Jupyter server that shows nothing of the machine that it runs on."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager

START_SECONDS = 60
STOP_SECONDS = 20


@contextmanager
def jupyter_server(port, *options):
    """A server on 127.0.0.1 with an empty home folder, no token and no password."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.defpath]),
            "HOME": home, "USER": "demo", "LOGNAME": "demo",
            "LANG": "C.UTF-8", "TERM": "xterm-256color", "PS1": "demo$ ",
        }
        command = [
            sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser",
            "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
            "--IdentityProvider.token=", "--ServerApp.password=",
            "--ServerApp.disable_check_xsrf=True", "--ServerApp.allow_origin=*",
            f"--ServerApp.root_dir={home}", *options,
        ]
        with open(os.path.join(home, "server.log"), "w+") as output:
            process = subprocess.Popen(command, env=environment, cwd=home,
                                       stdin=subprocess.DEVNULL, stdout=output, stderr=output)
            try:
                wait_until_ready(process, output)
                yield
            finally:
                process.terminate()
                process.wait(timeout=STOP_SECONDS)


def wait_until_ready(process, output):
    """Read what the server says; a probing connection would be in the capture."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        output.seek(0)
        said = output.read()
        if "is running at" in said:
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the Jupyter server did not start:\n{said}")
        time.sleep(0.1)


def rest(port, method, path, body=None):
    """One call of the REST API, on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
    headers = {"Connection": "close", "Content-Type": "application/json"}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    if response.status >= 300:
        raise RuntimeError(f"{method} {path}: {response.status} {answer!r}")
    return json.loads(answer) if answer else None
