"""Record ws-deflate.pcapng: npm's `ws` at both ends, with permessage-deflate."""

import sys

import node_programs

if __name__ == "__main__":
    node_programs.record(sys.argv[1], "ws-deflate.pcapng")
