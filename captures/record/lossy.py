"""Make lossy.pcap of json-session.pcap in the same folder: three of a hundred packets are
left out, by chance, but of the handshakes none. What is kept stays as it is.
"""

import json
import random
import sys
from pathlib import Path

from capturing import PACKET_HEADER, PCAP_HEADER, packets

SHARE = 0.03
SEED = 4711
# Positions in a packet: after 14 bytes of Ethernet and 20 of IPv4.
TCP = PACKET_HEADER + 34
SYN = 0x02


def main(folder):
    session, capture = Path(folder) / "json-session.pcap", Path(folder) / "lossy.pcap"
    chance = random.Random(SEED)
    kept, lost = [session.read_bytes()[:PCAP_HEADER]], []
    for number, packet in enumerate(packets(session), start=1):
        if chance.random() < SHARE and not is_of_a_handshake(packet):
            lost.append(number)
        else:
            kept.append(packet)
    capture.write_bytes(b"".join(kept))

    head, *lines = session.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()
    head = json.loads(head) | {
        "capture": capture.name, "made_from": session.name, "lost_packets": lost}
    text = "\n".join([json.dumps(head, ensure_ascii=False), *lines]) + "\n"
    capture.with_suffix(".jsonl").write_text(text, encoding="utf-8")


def is_of_a_handshake(packet):
    header_length = packet[TCP + 12] >> 4 << 2
    payload = packet[TCP + header_length:]
    return packet[TCP + 13] & SYN or payload.startswith((b"GET ", b"HTTP/"))


if __name__ == "__main__":
    main(sys.argv[1])
