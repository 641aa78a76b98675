"""Record graphql-ops.pcap: operations of GraphQL in its two subprotocols, several at once."""

import sys

import node_programs

if __name__ == "__main__":
    node_programs.record(sys.argv[1], "graphql-ops.pcap", app="complete")
