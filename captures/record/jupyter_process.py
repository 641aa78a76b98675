"""Start and stop a Jupyter server that shows nothing of the machine that it runs on."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager

from capturing import wait_until_listening

REST_SECONDS = 60
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
            "--log-level=ERROR", "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
            "--IdentityProvider.token=", "--ServerApp.password=",
            "--ServerApp.disable_check_xsrf=True", "--ServerApp.allow_origin=*",
            f"--ServerApp.root_dir={home}", *options,
        ]
        process = subprocess.Popen(command, env=environment, cwd=home, stdin=subprocess.DEVNULL)
        try:
            wait_until_listening(port, process)
            yield
        finally:
            process.terminate()
            process.wait(timeout=STOP_SECONDS)


def rest(port, method, path, body=None):
    """One call of the REST API, on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=REST_SECONDS)
    headers = {"Connection": "close", "Content-Type": "application/json"}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    if response.status >= 300:
        raise RuntimeError(f"{method} {path}: {response.status} {answer!r}")
    return json.loads(answer) if answer else None
