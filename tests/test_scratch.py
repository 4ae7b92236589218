"""Temporary databases where there is no room for them: a disk that is full, none at all, a Python without SQLite."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from typing import Any, NoReturn

import pytest

from clarifai_http_annotations import _seen as seen_module
from clarifai_http_annotations._scratch import open_scratch
from clarifai_http_annotations._seen import SeenKeys
from clarifai_http_annotations.labels._tally import Tally

KEYS = 40_000  # more than the cache of SQLite holds, so that it writes

USE = f"""
import resource, sys, tempfile
from clarifai_http_annotations import ClarifaiError, _seen

_seen.MOST_IN_MEMORY = 20_000
full_at, knows_a_folder = int(sys.argv[1]), sys.argv[2] == "True"
knows_a_folder and tempfile.gettempdir()
with _seen.SeenKeys() as seen:
    try:
        for number in range({KEYS}):
            if number == full_at:
                resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # from now on no file of this process grows
            assert seen.add(f"input-{{number * 7919 % 1_000_003:0120}}", str(number))
        assert not any(seen.add(f"input-{{n * 7919 % 1_000_003:0120}}", str(n)) for n in range({KEYS}))
        print("told apart", "in memory" if seen._keys else "in a database")
    except ClarifaiError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of a file")
@pytest.mark.parametrize(
    ("full_at", "knows_a_folder", "said"),
    [
        (-1, True, "told apart in a database"),
        (0, False, "told apart in a database"),  # there is no folder to write in, so the database is in memory
        (0, True, "told apart in memory"),  # the folder was there when somebody looked
        (30_000, True, "The temporary file that tells what is listed twice cannot be used: "),
    ],
)
def test_a_full_disk_is_made_up_for_or_is_an_error_that_says_so(full_at: int, knows_a_folder: bool, said: str) -> None:
    command = [sys.executable, "-c", USE, str(full_at), str(knows_a_folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.startswith(said)


@pytest.mark.parametrize("use", [open_scratch, lambda: Tally()._file], ids=["list", "tally"])
def test_without_a_place_for_files_a_temporary_database_is_in_memory(
    monkeypatch: pytest.MonkeyPatch, use: Callable[[], Any]
) -> None:
    def refuse() -> NoReturn:
        raise FileNotFoundError("No usable temporary directory found")

    def may_use_a_file(database: Any) -> bool:
        """Tell whether SQLite would have a journal, as it has of files only."""
        return str(database.execute("PRAGMA journal_mode").fetchone()[0]) != "memory"

    with closing(use()) as database:
        assert may_use_a_file(database)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with closing(use()) as database:
        assert not may_use_a_file(database)


def test_without_sqlite_keys_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    monkeypatch.setattr(seen_module, "MOST_IN_MEMORY", 3)
    with SeenKeys() as seen:
        assert [seen.add(str(number % 30)) for number in range(60)] == [True] * 30 + [False] * 30
