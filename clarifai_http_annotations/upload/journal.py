"""Which annotations are confirmed to be in the app, in a file, so that an upload that was killed goes on.

Rules:

1. What is in the journal was confirmed by the server before. What is not is sent again, under the same id.
2. A journal belongs to one server, user, app and rule of ids; another one's is refused, and so is
   any file that is no journal. Neither is changed.
3. A confirmation is one transaction. It outlives the process (write-ahead log, ``synchronous=NORMAL``); a
   power cut may lose the last ones, which are then sent again and found there already.
4. Processes may share a journal: each sees what the others have confirmed.

An entry is 16 bytes of a hash over input and id and, if the caller chose the id, 16 of its content's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .._wire.ids import ALGORITHM
from ..errors import ConfigurationError, JournalError

FORMAT = "clarifai-http-annotations journal 1"

BUSY = 30.0
"""Seconds to wait for another process that writes."""

AT_ONCE = 500
"""Entries that one statement asks for."""

Entry = tuple[str, str, str]
"""Input, id, digest of the content."""


@dataclass(frozen=True)
class Identity:
    """Whose journal it is.

    Attributes:
        base_url: The server.
        user_id: Owner of the app.
        app_id: The app.
        ids: The rule by which ids are derived.
        format: How the journal is written.
    """

    base_url: str
    user_id: str
    app_id: str
    ids: str = ALGORITHM
    format: str = FORMAT

    def __str__(self) -> str:
        return f"app {self.app_id!r} of user {self.user_id!r} at {self.base_url} ({self.ids}, {self.format})"


class Journal:
    """A journal that is open. Used by one thread at a time."""

    def __init__(self, path: Path, connection: Any) -> None:
        self._path = path
        self._connection = connection
        self._file = _file_of(path)

    @classmethod
    def open(cls, path: str | os.PathLike[str], identity: Identity) -> Self:
        """Open a journal, or begin one if there is no file, or an empty one.

        Raises:
            ConfigurationError: If it is another app's, no journal, or cannot be opened.
        """
        try:
            import sqlite3
        except ImportError:
            raise ConfigurationError("journal= needs sqlite3, which this Python was built without.") from None
        name = os.fspath(path)
        if not isinstance(name, str) or not name.strip() or name == ":memory:":
            raise ConfigurationError(f"journal must be the path of a file, not {path!r}.")
        place = Path(name).absolute()
        _check_place(place)
        connection = None
        try:
            connection = sqlite3.connect(place, timeout=BUSY, isolation_level=None, check_same_thread=False)
            _begin(connection, place, identity)
        except sqlite3.Error as error:
            _close(connection)
            raise ConfigurationError(
                f"journal={str(place)!r} cannot be opened: {error}.",
                hint="Give the path of a new file, or of a journal.",
            ) from error
        except BaseException:
            _close(connection)
            raise
        return cls(place, connection)

    def known(self, entries: Sequence[Entry]) -> list[bool | None]:
        """Say of each annotation whether it is confirmed: ``None`` if not, ``False`` if with other content.

        Raises:
            JournalError: If the journal cannot be read.
        """
        keys = [_key(entry) for entry in entries]
        found: dict[bytes, bytes | None] = {}
        with self._errors():
            for start in range(0, len(keys), AT_ONCE):
                some = keys[start : start + AT_ONCE]
                marks = ",".join("?" * len(some))
                statement = f"SELECT key, content FROM confirmed WHERE key IN ({marks})"  # noqa: S608 # question marks
                found.update(self._connection.execute(statement, some))
        return [
            found[key] == _content(entry) if key in found else None for key, entry in zip(keys, entries, strict=True)
        ]

    def confirm(self, entries: Iterable[Entry]) -> None:
        """Write down that annotations are in the app.

        Raises:
            JournalError: If the journal cannot be written.
        """
        rows = [(_key(entry), _content(entry)) for entry in entries]
        with self._errors():
            if _file_of(self._path) != self._file:
                raise JournalError(self._said("it was deleted or replaced while it was open"), hint=_ADVICE)
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany("INSERT OR REPLACE INTO confirmed VALUES (?, ?)", rows)
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(Exception):
                    self._connection.execute("ROLLBACK")
                raise

    def __len__(self) -> int:
        """Return how many annotations are confirmed."""
        with self._errors():
            count: int = self._connection.execute("SELECT count(*) FROM confirmed").fetchone()[0]
        return count

    def close(self) -> None:
        """Close the file."""
        _close(self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def _said(self, what: object) -> str:
        return f"The journal {str(self._path)!r} cannot be used: {what}."

    @contextmanager
    def _errors(self) -> Iterator[None]:
        import sqlite3

        try:
            yield
        except sqlite3.Error as error:
            raise JournalError(self._said(error), hint=_ADVICE) from error


_ADVICE = (
    "What was stored since is found there already when it is sent again; begin a new journal if this one is broken."
)


def _check_place(place: Path) -> None:
    if place.is_dir():
        raise ConfigurationError(f"journal={str(place)!r} is a folder; give the path of a file in it.")
    if not place.parent.is_dir():
        raise ConfigurationError(f"journal={str(place)!r} cannot be begun: there is no folder {str(place.parent)!r}.")


def _begin(connection: Any, place: Path, identity: Identity) -> None:
    """Check whose journal it is; write it down if it is new."""
    is_new = _tables(connection) == set()
    if is_new:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("BEGIN IMMEDIATE")  # of two processes that begin it, one does, and one sees it
        if _tables(connection) == set():
            connection.execute("CREATE TABLE journal (base_url, user_id, app_id, ids, format)")
            connection.execute("CREATE TABLE confirmed (key BLOB PRIMARY KEY, content BLOB) WITHOUT ROWID")
            connection.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", astuple(identity))
        connection.execute("COMMIT")
    if not _tables(connection) >= {"journal", "confirmed"}:
        raise ConfigurationError(
            f"journal={str(place)!r} is a database of something else.",
            hint="Give the path of a new file, or of a journal.",
        )
    columns = [row[1] for row in connection.execute("PRAGMA table_info(journal)")]
    rows = connection.execute("SELECT * FROM journal").fetchall()
    if columns != list(identity.__dataclass_fields__) or len(rows) != 1 or Identity(*rows[0]) != identity:
        whose = str(Identity(*rows[0])) if len(rows) == 1 and len(columns) == 5 else "a later version of this library"
        raise ConfigurationError(
            f"journal={str(place)!r} is of {whose}, and this upload is to {identity}.",
            hint="Give each server, user and app a journal of its own.",
        )
    connection.execute("PRAGMA synchronous=NORMAL")


def _tables(connection: Any) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _close(connection: Any) -> None:
    if connection is not None:
        with suppress(Exception):
            connection.close()


def _file_of(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _key(entry: Entry) -> bytes:
    return blake2b(f"{entry[0]}\0{entry[1]}".encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _content(entry: Entry) -> bytes | None:
    """Return what is kept of the content: nothing, if the id says it."""
    return None if entry[1] == entry[2] else bytes.fromhex(entry[2])
