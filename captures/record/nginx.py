"""Record nginx.pcap: WebSockets through nginx as a reverse proxy, from both its sides."""

import subprocess
import sys
import tempfile
from pathlib import Path

import node_programs
from capturing import Capture, free_port, wait_until_listening
from message_log import MessageLog

CONFIGURATION = """
daemon off;
master_process off;
pid {scratch}/nginx.pid;
error_log {scratch}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {scratch}/body;
    proxy_temp_path {scratch}/proxy;
    fastcgi_temp_path {scratch}/fastcgi;
    uwsgi_temp_path {scratch}/uwsgi;
    scgi_temp_path {scratch}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location /live/ {{
            proxy_pass http://127.0.0.1:{upstream_port}/;
            proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection "upgrade";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
}}
"""


def main(folder):
    capture = Path(folder) / "nginx.pcap"
    log = MessageLog(capture, control="complete")
    port, upstream_port = free_port(), free_port()
    with (tempfile.TemporaryDirectory() as scratch,
          # As one does on a server, where the two sides may be on different interfaces.
          Capture(capture, [port, upstream_port], nanoseconds=True, interface="any")):
        configuration = Path(scratch) / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(
            scratch=scratch, port=port, upstream_port=upstream_port))
        proxy = subprocess.Popen(["nginx", "-e", "stderr", "-p", scratch, "-c", configuration])
        try:
            wait_until_listening(port, proxy)
            lines = node_programs.run("nginx-ends.js", port, upstream_port)
        finally:
            proxy.terminate()
            proxy.wait(timeout=20)
    node_programs.add_lines(log, lines)
    log.write()


if __name__ == "__main__":
    main(sys.argv[1])
