"""Which keys came before: told exactly, however many there are.

A list of the API shifts while others write: with the newest first, as real apps were seen to list, what is added
meanwhile moves what was listed to the next page, where it comes again.
"""

from __future__ import annotations

import os
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ._scratch import open_scratch
from .errors import ClarifaiError

if TYPE_CHECKING:
    import sqlite3

MOST_IN_MEMORY = 100_000
"""Keys that are kept in memory, some 15 MB; beyond that all are in a temporary database."""


class SeenKeys:
    """The keys that came before. It may hold a temporary file: use it as a context manager.

    Where there is no SQLite, or no room for a file, keys stay in memory.
    """

    def __init__(self) -> None:
        self._keys: set[bytes] = set()
        self._file: sqlite3.Connection | None = None
        self._most, self._pid = MOST_IN_MEMORY, os.getpid()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Forget everything, and delete the file if there is one."""
        self._keys.clear()
        if self._file is not None:
            self._file.close()
            self._file = None

    __del__ = close  # of a generator that nobody ends, as in an event loop that was closed before it

    def add(self, *names: str) -> bool:
        """Remember a key, which is one or several texts; tell whether it is new.

        Raises:
            ClarifaiError: If the temporary file cannot be written any longer, or is another process's.
        """
        key = "".join(f"{len(name)}:{name}" for name in names).encode("utf-8", "surrogatepass")
        if key in self._keys:
            return False
        if self._file is not None:
            return self._write(self._file, key)
        self._keys.add(key)
        if len(self._keys) > self._most:
            self._file = self._spill()
        return True

    def _write(self, file: sqlite3.Connection, key: bytes) -> bool:
        from sqlite3 import Error

        if self._pid != os.getpid():  # two processes would write into one file, each without the other's knowledge
            raise ClarifaiError(
                "A list that began before this process was forked goes on in the process that began it only.",
                hint="Begin it again here.",
            )
        try:
            return file.execute("INSERT OR IGNORE INTO seen VALUES (?)", (key,)).rowcount == 1
        except Error as error:  # such as a disk that has become full; what was in the file is lost with it
            raise ClarifaiError(
                f"The temporary file that tells what is listed twice cannot be used: {error}.",
                hint="Make room in the folder for temporary files, or name another in SQLITE_TMPDIR or TMPDIR.",
            ) from error

    def _spill(self) -> sqlite3.Connection | None:
        """Move all keys into a temporary database, if there can be one."""
        self._most = 2 * len(self._keys)  # when to try again, should there be none
        try:
            file = open_scratch()
        except ImportError:
            return None
        from sqlite3 import Error

        try:
            file.execute("CREATE TABLE seen (key BLOB PRIMARY KEY) WITHOUT ROWID")
            file.executemany("INSERT INTO seen VALUES (?)", ((key,) for key in self._keys))
            file.commit()
        except Error:
            file.close()
            return None
        self._keys.clear()
        return file
