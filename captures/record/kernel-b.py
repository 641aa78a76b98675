"""Record kernel-b.pcap: the cells of kernel-a once more."""

import sys

import kernel_cells

if __name__ == "__main__":
    kernel_cells.record(sys.argv[1], "kernel-b.pcap")
