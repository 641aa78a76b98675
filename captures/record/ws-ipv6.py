"""Record ws-ipv6.pcapng: npm's `ws` as server and clients over IPv6."""

import sys

import node_programs

if __name__ == "__main__":
    node_programs.record(sys.argv[1], "ws-ipv6.pcapng", host="::1")
