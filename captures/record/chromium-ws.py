"""Record chromium-ws.pcapng: a page in Chromium and a server with npm's `ws`."""

import sys

import chromium_page

if __name__ == "__main__":
    chromium_page.record(sys.argv[1], "chromium-ws.pcapng", "updates")
