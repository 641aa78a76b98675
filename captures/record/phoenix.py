"""Record phoenix.pcap: Phoenix' client for JavaScript, and a server written by hand."""

import sys

import node_programs

if __name__ == "__main__":
    node_programs.record(sys.argv[1], "phoenix.pcap", app="complete")
