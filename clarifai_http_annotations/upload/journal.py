"""Which annotations are confirmed to be in the app, in a file, so that an upload that was killed goes on.

1. What is in the journal was confirmed by the server before. What is not is sent again, under the same id.
2. A journal is of one server, user, app and rule of ids. Another one's, and what is no journal, is refused unchanged.
3. A confirmation is one transaction and outlives the process, however that ends. A power cut may lose the last
   ones (write-ahead log, ``synchronous=NORMAL``), which are then sent again and found there already.
4. Processes may share a journal: each sees what the others have confirmed. After a fork the child opens it for itself.
5. What is no journal is never removed or overwritten: neither the file itself, nor what stands where SQLite would
   keep its own files beside it.
6. A file that is deleted or replaced while it is open is noticed by the next call, which raises. What was
   confirmed in it is gone with it; it is sent again by the next upload and found there already.

An entry is 16 bytes of a hash over input and id and, if the caller chose the id, 16 of its content's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Self

from .._wire.ids import ALGORITHM
from ..config import Settings
from ..errors import ConfigurationError, JournalError

try:
    import sqlite3
except ImportError:  # whoever gives no journal= never comes here
    raise ConfigurationError("journal= needs sqlite3, which this Python was built without.") from None
if sqlite3.sqlite_version_info < (3, 9):
    raise ConfigurationError(f"journal= needs SQLite 3.9 or newer; this Python has {sqlite3.sqlite_version}.")

MARK = 0x436C6148  # "ClaH", where SQLite keeps whose file it is
HEAD = b"SQLite format 3\0"
BESIDE = {  # what SQLite keeps beside a file, and how each of them begins if it does not begin with zeros
    "-wal": (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"),
    "-shm": (b"\x18\xe2\x2d\x00", b"\x00\x2d\xe2\x18"),
    "-journal": (b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7",),
}
BUSY = 30.0  # seconds to wait for another process that writes
AT_ONCE = 500  # entries that one statement asks for; SQLite once took no more than 999
TABLES = "SELECT name FROM sqlite_master"
ADVICE = {
    sqlite3.SQLITE_BUSY: "Another process holds it: wait for that one, or end it.",
    sqlite3.SQLITE_FULL: "Free space on its disk and start again.",
    sqlite3.SQLITE_CORRUPT: "It is damaged: give the path of a new file.",
    sqlite3.SQLITE_NOTADB: "It is no journal, or damaged: give the path of a new file.",
}
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)  # the last of a table that is not there
Entry = tuple[str, str, str]  # input, id, digest of the content


@dataclass(frozen=True)
class Identity:
    """Whose journal it is: server, user, app, the rule by which ids are derived, and how the journal is written."""

    base_url: str
    user_id: str
    app_id: str
    ids: str = ALGORITHM
    format: int = 1

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the identity of the journals of a client."""
        return cls(settings.base_url, settings.user_id, settings.app_id)

    def __str__(self) -> str:
        # As it is kept, so in ASCII: what repr() takes for printable changes with Python.
        return f"app {self.app_id!a} of user {self.user_id!a} at {self.base_url} (ids by {self.ids})"


class Journal(AbstractContextManager["Journal"]):
    """A journal that is open, for one thread at a time. Every method raises a `JournalError` if it cannot be used."""

    def __init__(self, place: Path, identity: Identity) -> None:
        self._place, self._identity, self._pid = place, identity, os.getpid()
        self._connection = _connect(place, identity)
        self._names = str(place), os.path.realpath(place) + "-wal"
        self._files = [*map(_file, self._names)]

    @classmethod
    def open(cls, path: str | os.PathLike[str], identity: Identity) -> Self:
        """Open a journal, or begin one if there is no file or an empty one.

        Args:
            path: The file; a relative one is resolved now, and ``~`` is a letter like any other.
            identity: Whose it has to be.

        Raises:
            ConfigurationError: If it is another app's, no journal, or cannot be opened.
        """
        return cls(_place(path), identity)

    def known(self, entries: Sequence[Entry]) -> list[bool | None]:
        """Say of each annotation whether it is confirmed: ``None`` if not, ``False`` if with other content."""
        rows = [_row(entry) for entry in entries]
        found: dict[bytes, bytes | None] = {}
        with self._using() as connection:
            for start in range(0, len(rows), AT_ONCE):
                some = [key for key, _ in rows[start : start + AT_ONCE]]
                statement = f"SELECT * FROM confirmed WHERE key IN ({','.join('?' * len(some))})"  # noqa: S608 # marks
                found.update(connection.execute(statement, some).fetchall())
        return [found[key] == content if key in found else None for key, content in rows]

    def confirm(self, entries: Iterable[Entry]) -> None:
        """Write down that annotations are in the app; all of them or, after an error, none.

        When this has returned they outlive the process; after a power cut the last ones may be missing.
        What is confirmed again with other content has that from now on.
        """
        if rows := [_row(entry) for entry in entries]:
            with self._using() as connection, connection:
                connection.rollback()  # what Ctrl-C came into, between two steps of this
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT OR REPLACE INTO confirmed VALUES (?, ?)", rows)

    def __len__(self) -> int:
        """Return how many annotations are confirmed; it counts them, about 20 ms for a million."""
        with self._using() as connection:
            return int(connection.execute("SELECT count(*) FROM confirmed").fetchone()[0])

    def __bool__(self) -> bool:
        return True  # otherwise ``if journal`` would count

    def close(self) -> None:
        """Close the file; what is confirmed is in it already. Closing again does nothing."""
        self._connection.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        try:
            if os.getpid() != self._pid:
                self._check_files(1)  # its log may have ended with the parent
                self._connection.close()  # the locks are the parent's alone, and this leaves them be
                self._connection, self._pid = _connect(self._place, self._identity), os.getpid()
                self._files = [*map(_file, self._names)]
            self._check_files()  # before, so that nothing is written beside another file
            yield self._connection
            self._check_files()  # after, so that what is said to be kept is kept at this path
        except sqlite3.Error as error:
            raise self._error(error, _advice(error)) from error

    def _check_files(self, count: int = 2) -> None:
        if [*map(_file, self._names[:count])] != self._files[:count]:
            raise self._error("it, or the log beside it, was deleted or replaced while it was open", "Start again.")

    def _error(self, what: object, advice: str) -> JournalError:
        again = "What is stored and not in it is found there already when it is sent again."
        return JournalError(f"The journal {str(self._place)!r} cannot be used: {what}.", hint=f"{advice} {again}")


def _refused(place: Path, why: str, hint: str) -> ConfigurationError:
    return ConfigurationError(f"journal={str(place)!r} {why}.", hint=hint)


def _place(path: object) -> Path:
    """Return where a journal is or can be."""
    name = os.fspath(path) if isinstance(path, (str, os.PathLike)) else None
    if not isinstance(name, str) or not name.strip() or name == ":memory:" or "\0" in name:
        raise ConfigurationError(f"journal must be the path of a file, not {path!r}: it has to outlive the process.")
    place = Path(name)
    try:
        place = Path(os.path.realpath(place))  # beside which SQLite keeps its own files, also if it is a link
        os.fsencode(place)
        is_there, may = place.exists(), os.access
        wrong = {
            "is a folder": place.is_dir(),
            "is no ordinary file": is_there and not place.is_file(),
            f"cannot be begun: there is no folder {str(place.parent)!r}": not place.parent.is_dir(),
            "may not be read and written by this process": is_there and not may(place, os.R_OK | os.W_OK),
            "has a log beside it, in a folder that this process may not write": not may(place.parent, os.W_OK),
        }
        wrong |= {f"would have its log in {other!r}, a file of something else": True for other in beside(place)}
    except (OSError, ValueError) as error:  # too long, a lone surrogate, no current folder
        wrong = {f"cannot be opened: {error}": True}
    for why in (why for why, is_so in wrong.items() if is_so):
        raise _refused(place, why, "Give the path of a new file, or of a journal.")
    return place


def beside(place: Path) -> Iterator[str]:
    """Yield what stands where SQLite keeps its own files beside a file, and is none of them: it would delete it."""
    for ending, marks in BESIDE.items():
        other = Path(f"{place}{ending}")
        if other.exists():
            head = _head(other, 8) if other.is_file() else b"?"
            if head.strip(b"\0") and not any(head.startswith(mark[: len(head)]) for mark in marks):  # or cut short
                yield str(other)


def _head(place: Path, size: int) -> bytes:
    with place.open("rb") as file:
        return file.read(size)


def check_journal(path: str | os.PathLike[str]) -> Path:
    """Return where a journal is or can be begun; nothing is written.

    Raises:
        ConfigurationError: If what is there is no journal of this library, whosesoever, or there cannot be one.
    """
    place = _place(path)
    head = _head(place, 72) if place.exists() else b""
    if head and (head[:16] != HEAD or head[68:] != MARK.to_bytes(4, "big")):
        raise _refused(place, "is no journal, and is left as it is", "Give the path of a new file, or of a journal.")
    return place


def delete_journal(path: str | os.PathLike[str], identity: Identity) -> None:
    """Delete a journal and what SQLite keeps beside it, also if it is damaged; no file is no error, nor an empty one.

    Raises:
        ConfigurationError: If it is no journal, or another app's, or in use: then it is left as it is.
    """
    place = check_journal(path)
    if not place.exists() or not place.stat().st_size:
        return
    try:
        Journal.open(place, identity).close()
    except ConfigurationError as error:
        if getattr(error.__cause__, "sqlite_errorcode", None) not in DAMAGED:
            raise
    for ending in (*BESIDE, ""):  # its log goes first: without it the rest is still a journal
        Path(f"{place}{ending}").unlink(missing_ok=True)


def _connect(place: Path, identity: Identity) -> sqlite3.Connection:
    try:
        if place.exists() and place.stat().st_size:  # look without a trace: no lock, no log that is made or played back
            looking = sqlite3.connect(f"{place.as_uri()}?mode=ro&immutable=1", uri=True)
            with closing(looking), suppress(sqlite3.DatabaseError):  # which is raised again, if it is not half written
                _check_format(looking, place, identity)
        with ExitStack() as opening:
            connection = sqlite3.connect(place, timeout=BUSY, isolation_level=None, check_same_thread=False)
            opening.callback(connection.close)
            _begin(connection, place, identity)
            opening.pop_all()
    except (sqlite3.Error, OSError) as error:
        raise _refused(place, f"cannot be opened: {error}", _advice(error)) from error
    return connection


def _check_format(connection: sqlite3.Connection, place: Path, identity: Identity) -> None:
    mark, form = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    if (mark, form) != (MARK, identity.format):
        newer = f"is of format {form}, and this version of the library knows {identity.format}"
        raise _refused(place, newer if mark == MARK else "is a file of something else", "Give another path.")


def _begin(connection: sqlite3.Connection, place: Path, identity: Identity) -> None:
    """Check whose journal it is; write it down if it is new. It may be killed between any two lines."""
    connection.execute("PRAGMA page_size=1024")  # keys are hashes, each dirties a page: a third of what 4096 writes
    connection.execute(TABLES).fetchall()  # plays back what a killed process left
    if not place.stat().st_size:
        with connection:
            connection.execute("BEGIN IMMEDIATE")  # of two processes that begin it, one does, and the other sees it
            if not place.stat().st_size:  # the mark comes first, alone on its page: no journal is without it
                connection.execute(f"PRAGMA application_id={MARK}")
                connection.execute(f"PRAGMA user_version={identity.format}")
    _check_format(connection, place, identity)
    connection.execute("PRAGMA wal_autocheckpoint=4000")  # 4 MB, as usual
    connection.execute(f"PRAGMA synchronous={'NORMAL' if _write_ahead(connection) else 'FULL'}")
    if not connection.execute(TABLES).fetchall():
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            if not connection.execute(TABLES).fetchall():
                connection.execute("CREATE TABLE journal (whose)")
                connection.execute("CREATE TABLE confirmed (key BLOB PRIMARY KEY, content BLOB) WITHOUT ROWID")
                connection.execute("INSERT INTO journal VALUES (?)", [str(identity)])
    whose = connection.execute("SELECT max(whose) FROM journal").fetchone()[0]
    if whose != str(identity):
        hint = "Give another path, or make the client with the base_url=, user_id= and app_id= of before."
        raise _refused(place, f"is of {whose}, and this client is of {identity}", hint)


def _write_ahead(connection: sqlite3.Connection) -> bool:
    """Switch to a write-ahead log where the file system can; SQLite does not wait for others here by itself."""
    until = time.monotonic() + BUSY
    while True:
        try:
            return bool(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] == "wal")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _advice(error: Exception) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without what SQLite adds to its codes
    return ADVICE.get(code, "Put it on a local disk that can be written.")


def _file(name: str) -> tuple[int, int] | None:
    with suppress(OSError):
        found = os.stat(name)  # noqa: PTH116 # four times for each confirmation
        return found.st_dev, found.st_ino
    return None


def _row(entry: Entry) -> tuple[bytes, bytes | None]:
    """Return the key of an entry, and what is kept of its content: nothing, if the id says it."""
    input_id, id, digest = entry
    text = f"{len(input_id)}:{input_id}{id}".encode("utf-8", "surrogatepass")  # no two pairs make the same
    return blake2b(text, digest_size=16).digest(), None if id == digest else bytes.fromhex(digest)
