"""Record graphql.pcap: GraphQL over WebSocket in its two subprotocols."""

import sys

import node_programs

if __name__ == "__main__":
    node_programs.record(sys.argv[1], "graphql.pcap")
