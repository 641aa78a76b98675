"""Record engine-io.pcap: Engine.IO without Socket.IO."""

import sys

import node_programs

if __name__ == "__main__":
    node_programs.record(sys.argv[1], "engine-io.pcap", app="complete")
