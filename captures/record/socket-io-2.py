"""Record socket-io-2.pcap: Socket.IO of version 2, whose clients send the pings."""

import sys

import node_programs

if __name__ == "__main__":
    node_programs.record(sys.argv[1], "socket-io-2.pcap", app="complete")
