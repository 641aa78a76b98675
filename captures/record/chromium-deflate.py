"""Record chromium-deflate.pcapng: a page in Chromium and a server with npm's `ws`,
with permessage-deflate."""

import sys

import chromium_page

if __name__ == "__main__":
    chromium_page.record(sys.argv[1], "chromium-deflate.pcapng", "prices")
