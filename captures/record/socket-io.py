"""Record socket-io.pcapng: a Socket.IO server and its clients."""

import sys

import node_programs

if __name__ == "__main__":
    node_programs.record(sys.argv[1], "socket-io.pcapng")
