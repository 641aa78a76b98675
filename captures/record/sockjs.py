"""Record sockjs.pcap: SockJS over WebSocket."""

import sys

import node_programs

if __name__ == "__main__":
    node_programs.record(sys.argv[1], "sockjs.pcap", app="complete")
