"""Record signalr.pcap: SignalR's client in its two protocols, and a server written by hand."""

import sys

import node_programs

if __name__ == "__main__":
    node_programs.record(sys.argv[1], "signalr.pcap", app="complete")
