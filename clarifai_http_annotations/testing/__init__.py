"""What you need to test code that annotates, without a key and without a network.

from clarifai_http_annotations.testing import Emulator

emulator = Emulator()
client = emulator.client()                           # or httpx.MockTransport(emulator)
respx.route().mock(side_effect=emulator)             # for code that builds its own client
with serve(emulator) as server:                      # on a socket: server.url, server.client()
$ python -m clarifai_http_annotations.testing        # for programs in any language
Emulator(faults=["reset_after", None, "http_503_before"])  # what goes wrong: `Fault`, `Faults`
"""

from collections.abc import Iterator
from contextlib import contextmanager

from .. import _retry
from ._emulator import Emulator
from ._faults import Fault
from ._schedule import Faults
from ._serve import Server, serve
from ._state import Recorded

__all__ = ["Emulator", "Fault", "Faults", "Recorded", "Server", "no_waiting", "serve"]


@contextmanager
def no_waiting() -> Iterator[None]:
    """Retry without waiting, in every client of this process, as long as the context is open."""
    before = _retry.set_waiting(False)
    try:
        yield
    finally:
        _retry.set_waiting(before)
