"""Where the journal of an upload is: a file for each server, user and app, which one upload holds at a time."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import blake2b
from pathlib import Path

import click

from ..config import Settings
from ..errors import ConfigurationError

PROGRAM = "clarifai-annotations"


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
    return _home() / "journals" / f"{names}-{digest}.journal"


def _home() -> Path:
    return Path(click.get_app_dir(PROGRAM))


@contextmanager
def held(journal: Path) -> Iterator[None]:
    """Hold a journal, so that nobody else who asks for it here deletes it meanwhile.

    Raises:
        ConfigurationError: If another upload holds it, or there can be no such file.
    """
    home = _home()
    name = blake2b(os.fsencode(journal.resolve()), digest_size=8).hexdigest()
    try:
        (home / "locks").mkdir(parents=True, exist_ok=True)
        if journal.parent == home / "journals":
            journal.parent.mkdir(exist_ok=True)
        lock = sqlite3.connect(home / "locks" / name, timeout=0, isolation_level=None)  # a lock on every system
    except (OSError, sqlite3.Error) as error:
        raise ConfigurationError(
            f"The journal {journal} cannot be kept ({error}): give another with --journal."
        ) from None
    with closing(lock):
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            raise ConfigurationError(
                f"The journal {journal} is held by another upload to this app ({error}): wait for it, or give this "
                "one a journal of its own with --journal."
            ) from None
        yield


def remove(journal: Path) -> None:
    """Delete a journal and what SQLite keeps beside it."""
    for ending in ("", "-wal", "-shm"):
        Path(f"{journal}{ending}").unlink(missing_ok=True)
