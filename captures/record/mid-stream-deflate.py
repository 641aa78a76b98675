"""Record mid-stream-deflate.pcapng: of two connections with permessage-deflate, the first was
there before the capture. Its messages refer to some that the capture does not have, until
more than a window of 32 KiB has passed.
"""

import sys
from pathlib import Path

from websockets.extensions.permessage_deflate import (ClientPerMessageDeflateFactory,
                                                      ServerPerMessageDeflateFactory)

import joining_late

if __name__ == "__main__":
    joining_late.record(
        Path(sys.argv[1]) / "mid-stream-deflate.pcapng", before=100, after=320, rounds=20,
        extensions=([ServerPerMessageDeflateFactory()], [ClientPerMessageDeflateFactory()]))
