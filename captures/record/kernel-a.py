"""Record kernel-a.pcap: two cells in a Jupyter kernel, for the first time."""

import sys

import kernel_cells

if __name__ == "__main__":
    kernel_cells.record(sys.argv[1], "kernel-a.pcap")
