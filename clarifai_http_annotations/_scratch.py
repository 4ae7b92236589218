"""A temporary database, for what may be more than fits into memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


def open_scratch() -> sqlite3.Connection:
    """Return an empty database that goes when it is closed; in memory where no file can be made.

    SQLite makes a file only when its cache is full. Where it cannot, as on a filesystem that is read-only, that
    would be an error in the middle of the work, so it is tried before.

    Raises:
        ImportError: If this Python has no ``sqlite3``, as some versions of Pyodide.
    """
    import sqlite3
    import tempfile

    try:
        with tempfile.TemporaryFile():
            name = ""  # a temporary file, which SQLite deletes
    except OSError:
        name = ":memory:"
    return sqlite3.connect(name, check_same_thread=False)  # a generator may go on in another thread than it began
