"""Capture what passes over TCP ports of the loopback interface into a file.

The suffix chooses the program and with it the format: `.pcapng` is written by
dumpcap, `.pcap` by tcpdump.
"""

import os
import pwd
import re
import signal
import socket
import struct
import subprocess
import threading
import time
from pathlib import Path

START_SECONDS = 60
CLOSE_SECONDS = 20


def free_port(host="127.0.0.1"):
    """A port that nothing listens on now; the server that is started next takes it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as probe:
        return probe.getsockname()[1]


def wait_until_listening(port, process):
    """Look into the kernel's table: a connection made to try would be in the capture."""
    listening = re.compile(rf":{port:04X} [0-9A-F:]+ 0A ")
    deadline = time.monotonic() + START_SECONDS
    tables = [Path("/proc/net/tcp"), Path("/proc/net/tcp6")]
    while not any(listening.search(table.read_text()) for table in tables):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args[0]} does not listen")
        time.sleep(0.02)


class Capture:
    """`with Capture(path, port):` has every packet of the connections opened inside,
    over IPv4 and IPv6. `ports` is one port or several.

    Leaving the block waits until each TCP connection of the file is over in the
    file too, so every connection must have been closed by then.
    """

    def __init__(self, path, ports, nanoseconds=False, interface="lo"):
        self.path = Path(path)
        ports = [ports] if isinstance(ports, int) else ports
        bpf = " or ".join(f"tcp port {port}" for port in ports)
        if self.path.suffix == ".pcapng":
            self.command = ["dumpcap", "-q", "-i", interface, "-f", bpf, "-w", str(self.path)]
            # dumpcap says "Capturing on" before the interface is open, "File:" after.
            self.ready = "File: "
        else:
            precision = "nano" if nanoseconds else "micro"
            # Debian's tcpdump gives up root before it opens its file; -Z keeps the user.
            # In immediate mode every packet takes a place of full length in the buffer.
            self.command = ["tcpdump", "-i", interface, "-n", "-U", "--immediate-mode",
                            "--buffer-size=65536",
                            f"--time-stamp-precision={precision}",
                            "-Z", pwd.getpwuid(os.getuid()).pw_name,
                            "-w", str(self.path), bpf]
            self.ready = "listening on"

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, text=True)
        self.messages = []
        started = threading.Event()

        def read_stderr():
            for line in self.process.stderr:
                self.messages.append(line)
                if self.ready in line:
                    started.set()

        self.reader = threading.Thread(target=read_stderr, daemon=True)
        self.reader.start()
        if not started.wait(START_SECONDS):
            self.process.kill()
            raise RuntimeError(f"{self.command[0]} did not start: {''.join(self.messages)}")
        return self

    def __exit__(self, kind, error, trace):
        try:
            if error is None:
                self._wait_for_the_last_packets()
        finally:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=START_SECONDS)
            self.reader.join()
        if error is None:
            self._no_packet_was_dropped()
            if self.path.suffix == ".pcapng":
                remove_machine_details(self.path)
            self.path.chmod(0o644)

    def _wait_for_the_last_packets(self):
        deadline = time.monotonic() + CLOSE_SECONDS
        while not (streams := tcp_streams(self.path)) or not all(s.closed() for s in streams):
            if time.monotonic() > deadline:
                still_open = [sorted(s.ports) for s in streams if not s.closed()]
                raise RuntimeError(f"{self.path.name}: still open: {still_open}")
            time.sleep(0.1)

    def _no_packet_was_dropped(self):
        said = "".join(self.messages)
        dropped = (re.search(r"(\d+) packets dropped by kernel", said)
                   or re.search(r"received/dropped on interface .*?: \d+/(\d+)", said))
        if dropped is None or int(dropped[1]):
            raise RuntimeError(f"{self.path.name}: packets were dropped: {said}")


class TcpStream:
    """How a TCP connection began and ended, for the file to be known as whole."""

    def __init__(self):
        self.ports = set()
        self.opened_by = set()
        self.reset = False
        self.fin_ends = {}
        self.acknowledged = set()

    def add(self, source, destination, seq, length, ack, syn, fin, reset):
        self.ports |= {source, destination}
        if syn:
            self.opened_by.add(source)
        if fin:
            self.fin_ends[source] = (seq + length + 1) % 2**32
        self.reset |= reset
        self.acknowledged.add((destination, ack))

    def closed(self):
        """A FIN each way, both acknowledged, or a RST, after which nothing follows."""
        acknowledged = all(fin in self.acknowledged for fin in self.fin_ends.items())
        return self.reset or (len(self.fin_ends) == 2 and acknowledged)

    def whole(self):
        return len(self.opened_by) == 2 and self.closed()


def tcp_streams(path):
    """The TCP connections of a capture file, which may still be growing."""
    fields = ["tcp.stream", "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.len",
              "tcp.ack_raw", "tcp.flags.syn", "tcp.flags.fin", "tcp.flags.reset"]
    # The exit code is left aside: a file that grows may end inside a packet.
    rows = subprocess.run(["tshark", "-r", str(path), "-T", "fields",
                           *(part for field in fields for part in ("-e", field))],
                          capture_output=True, text=True).stdout
    streams = {}
    for row in rows.splitlines():
        values = row.split("\t")
        if all(values):
            stream, source, destination, *rest = map(int, values)
            seq, length, ack, syn, fin, reset = rest
            streams.setdefault(stream, TcpStream()).add(
                source, destination, seq, length, ack, bool(syn), bool(fin), bool(reset))
    return list(streams.values())


PCAP_HEADER, PACKET_HEADER = 24, 16


def packets(path):
    """The packets of a pcap file of this machine's byte order, each with its header."""
    data = Path(path).read_bytes()
    position, found = PCAP_HEADER, []
    while position < len(data):
        captured, = struct.unpack_from("=I", data, position + 8)
        end = position + PACKET_HEADER + captured
        found.append(data[position:end])
        position = end
    return found


SECTION_HEADER = 0x0A0D0D0A
INTERFACE_DESCRIPTION = 1
# Options that name the processor and the kernel of whoever records.
MACHINE_OPTIONS = {SECTION_HEADER: {2, 3}, INTERFACE_DESCRIPTION: {12}}
OPTIONS_START = {SECTION_HEADER: 24, INTERFACE_DESCRIPTION: 16}


def remove_machine_details(path):
    """Drop what dumpcap notes about the machine; every packet block stays byte for byte."""
    data = path.read_bytes()
    kept = bytearray()
    position = 0
    while position < len(data):
        block_type, length = struct.unpack_from("<II", data, position)
        block = data[position:position + length]
        position += length
        if block_type in MACHINE_OPTIONS:
            start = OPTIONS_START[block_type]
            options = without(block[start:-4], MACHINE_OPTIONS[block_type])
            length = start + len(options) + 4
            block = (block[:4] + struct.pack("<I", length) + block[8:start]
                     + options + struct.pack("<I", length))
        kept += block
    path.write_bytes(kept)


def without(options, codes):
    kept = bytearray()
    position = 0
    while position < len(options):
        code, length = struct.unpack_from("<HH", options, position)
        end = position + 4 + (length + 3) // 4 * 4
        if code not in codes:
            kept += options[position:end]
        position = end
    return bytes(kept)
