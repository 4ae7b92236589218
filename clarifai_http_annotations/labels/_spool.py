"""What was read and checked, kept in a temporary file until it is sent, so that nothing else can be sent.

A file that is read a second time may be another one by then.
"""

from __future__ import annotations

import marshal
import sqlite3
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self

from ..errors import ConfigurationError

MOST_ROWS = 512
"""Annotations of a block."""

MOST_BYTES = 1 << 20
"""Bytes of JSON of a block, from which on it is written."""


@contextmanager
def room() -> Iterator[None]:
    """Say what to do where a temporary file has no room.

    Raises:
        ConfigurationError: If a file cannot be made or written.
    """
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigurationError(
            f"What is read is kept in a temporary file, which cannot be written ({why}): make room, or set TMPDIR to "
            "a folder that has some."
        ) from None


class Spool:
    """Annotations in a temporary file, in the order in which they were added. Use it as a context manager."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self._size = 0
        with room():
            self._file = tempfile.TemporaryFile()  # noqa: SIM115 # closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # what it could not write is not wanted any more
            self._file.close()

    def add(self, tree: dict[str, Any], size: int) -> None:
        """Add an annotation.

        Args:
            tree: It, as exact dicts, lists and scalars.
            size: Bytes of its JSON, more or less.

        Raises:
            ConfigurationError: If there is no room.
        """
        self._rows.append(tree)
        self._size += size
        if len(self._rows) >= MOST_ROWS or self._size >= MOST_BYTES:
            self._write()

    def _write(self) -> None:
        block = zlib.compress(marshal.dumps(self._rows), 1)
        with room():
            self._file.write(len(block).to_bytes(8, "big") + block)
            self._file.flush()
        self._rows, self._size = [], 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield what was added.

        Raises:
            ConfigurationError: If there is no room for the last of it.
        """
        if self._rows:
            self._write()
        self._file.seek(0)
        while length := self._file.read(8):
            block = self._file.read(int.from_bytes(length, "big"))
            yield from marshal.loads(zlib.decompress(block))  # noqa: S302 # it was written by this process, above
