"""``python -m clarifai_http_annotations.testing``: the emulator as a process, until SIGTERM or Ctrl-C."""

import signal
import sys
from contextlib import suppress

from ._command import main

if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        for number in (signal.SIGINT, signal.SIGTERM):  # a shell may have had SIGINT ignored
            signal.signal(number, signal.default_int_handler)
        sys.exit(main())
