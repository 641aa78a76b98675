"""Record session-b.pcapng: the session of session-a once more."""

import sys

import shop_session

if __name__ == "__main__":
    shop_session.record(sys.argv[1], "session-b.pcapng")
