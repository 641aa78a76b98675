"""Record session-c.pcapng: the session of session-a after the shop has changed."""

import sys

import shop_session

if __name__ == "__main__":
    shop_session.record(sys.argv[1], "session-c.pcapng", has_changed=True)
