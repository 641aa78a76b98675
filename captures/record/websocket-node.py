"""Record websocket-node.pcapng: WebSocket-Node (npm's `websocket`) at both ends, which
sends its messages in fragments.
"""

import sys

import node_programs

if __name__ == "__main__":
    node_programs.record(sys.argv[1], "websocket-node.pcapng")
