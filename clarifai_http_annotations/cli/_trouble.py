"""That requests of an upload fail, said while it goes on: it tries again for minutes, and silence looks like a hang."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..client import Client
from ..errors import APIConnectionError, AuthenticationError, ClarifaiError, InvalidResponseError, NotFoundError
from ._screen import Screen, number

EVERY = 10.0
"""Seconds between two notices."""

LOGGER = logging.getLogger("clarifai_http_annotations")


def reach(client: Client) -> None:
    """Ask for one annotation: a wrong address, key or app is said within seconds, before anything is sent.

    Raises:
        APIConnectionError: If the server cannot be reached.
        AuthenticationError: If the key is refused.
        NotFoundError: If there is no such app.
    """
    try:
        next(iter(client.list(per_page=1)), None)
    except InvalidResponseError:
        pass  # the upload itself knows better what to do about these
    except (APIConnectionError, AuthenticationError, NotFoundError):
        raise
    except ClarifaiError:
        pass  # such as of a key that may write alone


class Troubles(logging.Handler):
    """Takes what the client logs of requests of an upload that failed."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(logging.DEBUG)
        self._screen = screen
        self._failed = 0
        self._said = -EVERY

    def emit(self, record: logging.LogRecord) -> None:
        """Count a failure, and say it if nothing was said for a while."""
        message = record.getMessage()
        if not message.startswith("upload: a request of"):
            return
        self._failed += 1
        if time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            why = message.rpartition("(")[2].rstrip(")")
            self._screen.notice(
                f"{number(self._failed, 'request')} failed so far, the last by {why}: what is in them is sent again"
            )


@contextmanager
def heard(screen: Screen) -> Iterator[None]:
    """Say what goes wrong as long as the context is open."""
    handler, level = Troubles(screen), LOGGER.level
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        LOGGER.setLevel(level)
        LOGGER.removeHandler(handler)
