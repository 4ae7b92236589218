"""What you need to test code that annotates, without a key and without a network.

from clarifai_http_annotations.testing import Emulator

emulator = Emulator()
client = emulator.client()                           # or httpx.MockTransport(emulator)
respx.route().mock(side_effect=emulator)             # for code that builds its own client
"""

from collections.abc import Iterator
from contextlib import contextmanager

from .. import _retry
from ._emulator import Emulator
from ._state import Recorded

__all__ = ["Emulator", "Recorded", "no_waiting"]


@contextmanager
def no_waiting() -> Iterator[None]:
    """Retry without waiting, in every client of this process, as long as the context is open."""
    before = _retry.set_waiting(False)
    try:
        yield
    finally:
        _retry.set_waiting(before)
