"""Record socket-io-binary.pcap: Socket.IO with attachments of every kind."""

import sys

import node_programs

if __name__ == "__main__":
    node_programs.record(sys.argv[1], "socket-io-binary.pcap", app="complete")
