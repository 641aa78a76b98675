"""Record session-a.pcapng: a session of a shop, for the first time."""

import sys

import shop_session

if __name__ == "__main__":
    shop_session.record(sys.argv[1], "session-a.pcapng")
