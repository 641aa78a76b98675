"""Record node-client.pcap: the WebSocket that Node itself has, and a server with `ws`."""

import sys

import node_programs

if __name__ == "__main__":
    # Node 20 has it only when asked; later ones ignore the option.
    node_programs.record(sys.argv[1], "node-client.pcap", nanoseconds=True,
                         node_options=["--experimental-websocket", "--no-warnings"])
