"""Record json-rpc.pcapng: JSON-RPC 2.0 with three libraries for Node."""

import sys

import node_programs

if __name__ == "__main__":
    node_programs.record(sys.argv[1], "json-rpc.pcapng", app="complete")
