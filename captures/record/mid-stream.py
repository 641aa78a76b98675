"""Record mid-stream.pcap: of two connections, the first was there before the capture."""

import sys
from pathlib import Path

import joining_late

if __name__ == "__main__":
    joining_late.record(Path(sys.argv[1]) / "mid-stream.pcap", before=8, after=16, rounds=6)
