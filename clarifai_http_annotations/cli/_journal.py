"""Where the journal of an upload is: a file for each server, user and app, which one upload holds at a time."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

from platformdirs import user_state_path

from ..config import Settings
from ..errors import ConfigurationError
from ..upload.journal import beside

PROGRAM = "clarifai-annotations"

AGAIN = 100
"""How often a lock is tried whose file was removed by who had it before."""


def journal_of(settings: Settings) -> Path:
    """Return the path of the journal for a client's server, user and app.

    The names are in it for people, a hash of them for what may differ. ``me`` is whoever has the key, so a hash
    of the key, from which nobody gets it back, is in it then.
    """
    said = [settings.base_url, settings.user_id, settings.app_id]
    if settings.user_id == "me":
        said.append(settings.key.reveal())
    digest = blake2b("\0".join(said).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    names = re.sub(r"[^A-Za-z0-9-]+", "-", f"{settings.user_id}-{settings.app_id}")[:60]
    return _home() / f"{names}-{digest}.journal"


def _home() -> Path:
    return user_state_path(PROGRAM, appauthor=False) / "journals"


@contextmanager
def held(journal: Path) -> Iterator[None]:
    """Hold a journal, so that nobody else who asks for it here deletes it meanwhile.

    The lock is an empty file beside the journal, which is removed in the end. It is for one upload a process.

    Raises:
        ConfigurationError: If another upload holds it, or there can be no such file.
    """
    place = Path(f"{os.path.realpath(journal)}-lock")
    try:
        if journal.parent == _home():
            journal.parent.mkdir(parents=True, exist_ok=True)
        lock = _locked(place)
    except (OSError, sqlite3.Error) as error:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            raise ConfigurationError(
                f"The journal {journal} is held by another upload to this app: wait for it, or give this one a journal "
                "of its own with --journal."
            ) from None
        raise ConfigurationError(
            f"The journal {journal} cannot be kept ({error}): give the path of another with --journal, in a folder "
            "that can be written."
        ) from None
    with lock:
        try:
            yield
        finally:
            try:
                place.unlink(missing_ok=True)  # while it is locked: who waits for it sees that it is gone
            except PermissionError:  # Windows removes no file that is open, nor this one if another has it open
                lock.close()
                with suppress(OSError):
                    place.unlink()


def _locked(place: Path) -> ExitStack:
    """Lock a file, which SQLite can on every system, until what is returned is closed."""
    for _ in range(AGAIN):
        with ExitStack() as opened:
            file = os.open(place, os.O_CREAT | os.O_RDWR, 0o666)
            opened.callback(os.close, file)  # after the lock; and while it is open no other file has its number
            found = os.fstat(file)
            if found.st_size or not stat.S_ISREG(found.st_mode) or [*beside(place)]:
                raise OSError(f"{place} is a file of something else")
            lock = sqlite3.connect(place, timeout=0, isolation_level=None)
            opened.callback(lock.close)
            try:
                lock.execute("PRAGMA journal_mode=MEMORY")  # no file of its own
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.Error:
                if _is_at(place, found):
                    raise
                continue  # who had it removed it meanwhile
            if _is_at(place, found):
                return opened.pop_all()
    raise OSError(f"{place} is removed again and again")


def _is_at(place: Path, found: os.stat_result) -> bool:
    """Tell whether an open file is still the one at a place."""
    with suppress(FileNotFoundError):
        return os.path.samestat(place.stat(), found)
    return False
