"""The journal of the command: where it is, whom it is held by, and that nothing else is ever written or deleted."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from clarifai_http_annotations import ConfigurationError
from clarifai_http_annotations.cli import _journal
from clarifai_http_annotations.cli._app import run as program
from clarifai_http_annotations.testing import Emulator, Server, serve
from clarifai_http_annotations.upload.journal import Identity, Journal

PAT = "0123456789abcdef0123456789abcdef"
CSV = "image_id,label,value\nin-1,tree,1\nin-1,water,0\nin-2,tree,0\n"


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the folder of the user's state; the command runs in another."""
    state, work = tmp_path / "state", tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(state))
    monkeypatch.setenv("HOME", str(state))  # where a system has another way
    monkeypatch.chdir(work)
    return state


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serve(Emulator(pat=PAT, inputs={"in-1"})) as server:
        for name, value in {"API_BASE": server.url, "PAT": PAT, "USER_ID": "emulator-user", "APP_ID": "app"}.items():
            monkeypatch.setenv(f"CLARIFAI_{name}", value)
        yield server


def call(*arguments: object) -> Result:
    result = CliRunner().invoke(program, [*map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def write(name: str, text: str | bytes) -> Path:
    path = Path(name)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def here() -> dict[str, bytes]:
    """Return what is in the folder in which the command runs."""
    return {path.name: path.read_bytes() for path in Path().iterdir()}


def ours(name: str, server: Server, *, app_id: str = "app") -> Path:
    """Write a journal of an app."""
    with Journal.open(name, Identity(server.url, "emulator-user", app_id)) as journal:
        journal.confirm([("in-1", "a" * 32, "a" * 32)])
    return Path(name)


# --- where it is -----------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other folders")
def test_the_journal_is_in_the_folder_for_state_and_nothing_else_is_left_there(server: Server, home: Path) -> None:
    path = write("a.csv", CSV)
    result = call("upload", path)
    assert result.exit_code == 3  # in-2 is not there
    [journal] = (home / "clarifai-annotations" / "journals").iterdir()
    assert f"journal: {journal}" in result.stderr
    assert [found for found in home.rglob("*") if found.is_file()] == [journal]


def test_what_is_held_is_locked_beside_the_journal_and_the_lock_goes_with_it(home: Path) -> None:
    journal = write("mine.journal", "").absolute()
    with _journal.held(journal):
        assert sorted(here()) == ["mine.journal", "mine.journal-lock"]
        with pytest.raises(ConfigurationError, match="is held by another upload"), _journal.held(Path("mine.journal")):
            raise AssertionError
    assert sorted(here()) == ["mine.journal"]
    with _journal.held(journal):
        pass
    assert not home.exists()


def test_an_upload_with_a_journal_of_its_own_needs_no_home(server: Server, home: Path, tmp_path: Path) -> None:
    home.write_text("a file where a folder would be made")
    refused = call("upload", write("a.csv", CSV))
    assert refused.exit_code == 2
    assert "give the path of another with --journal" in refused.stderr
    (tmp_path / "other").mkdir()
    assert call("upload", "a.csv", "--journal", tmp_path / "other" / "x").exit_code == 3
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["x"]


def test_a_lock_that_a_killed_upload_left_is_taken(server: Server) -> None:
    write("x-lock", "")
    assert call("upload", write("a.csv", CSV), "--journal", "x").exit_code == 3
    assert "x-lock" not in here()


@pytest.mark.parametrize("name", ["x-lock", "x-lock-journal"])
def test_a_file_where_the_lock_would_be_is_left_alone(server: Server, name: str) -> None:
    write(name, "mine")
    result = call("upload", write("a.csv", CSV), "--journal", "x")
    assert result.exit_code == 2
    assert "a file of something else" in result.stderr
    assert here()[name] == b"mine"
    assert not server.emulator.annotations


def test_two_that_want_one_lock_after_another_never_hold_it_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waited on a lock whose file is removed by then takes the new one."""
    connect, left = sqlite3.connect, [1]

    def removed(place: Any, **given: Any) -> Any:
        connection = connect(place, **given)
        if left:
            left.pop()
            Path(place).unlink()
        return connection

    monkeypatch.setattr(sqlite3, "connect", removed)
    refused = pytest.raises(ConfigurationError, match="is held by another")
    with _journal.held(Path("x")), refused, _journal.held(Path("x").absolute()):
        raise AssertionError


HOLDING = """
import sys
from pathlib import Path
from clarifai_http_annotations import ConfigurationError
from clarifai_http_annotations.cli._journal import held

for _ in range(100):
    while True:
        try:
            with held(Path("x")):
                with open("held", "x"):
                    Path("held").unlink()
            break
        except ConfigurationError as error:
            if "is held by another" not in str(error):
                raise
"""


def test_processes_that_take_and_leave_a_lock_at_once_never_hold_it_both() -> None:
    command = [sys.executable, "-c", HOLDING]
    children = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [(child.communicate()[1], child.returncode) for child in children] == [("", 0)] * 4
    assert here() == {}


def test_where_an_open_file_cannot_be_removed_the_lock_is_removed_once_it_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unlink, refused = Path.unlink, [PermissionError("it is open")]

    def as_windows(path: Path, missing_ok: bool = False) -> None:
        if refused:
            raise refused.pop()
        unlink(path, missing_ok)

    with _journal.held(Path("x")):
        monkeypatch.setattr(Path, "unlink", as_windows)
    assert here() == {}


# --- a dry run -------------------------------------------------------------------------------------


def test_a_dry_run_writes_nothing_and_needs_no_folder_that_can_be_written(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    path, journal = write("a.csv", CSV), write("notes.txt", "mine")
    monkeypatch.setattr(os, "access", lambda at, how: how != os.W_OK)  # root may write everywhere
    before = here()
    for options in ([], ["--fresh", "--journal", journal], ["--failures", "none/failures.jsonl"]):
        result = call("upload", path, "--dry-run", *options)
        assert result.exit_code == 0, result.output
    assert here() == before
    assert not home.exists()


# --- what is no journal ------------------------------------------------------------------------------


def other_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE confirmed (key)")
    connection.commit()
    connection.close()


FOREIGN: dict[str, Callable[[Path], Any]] = {
    "text": lambda path: path.write_text("my notes\n" * 100),
    "one letter": lambda path: path.write_text("x"),
    "zeros": lambda path: path.write_bytes(bytes(4096)),
    "a database": other_database,
    "the head of a database": lambda path: path.write_bytes(b"SQLite format 3\0"),
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("options", [[], ["--fresh"]], ids=["upload", "fresh"])
def test_what_is_no_journal_is_neither_deleted_nor_written(
    server: Server, make: Callable[[Path], Any], options: list[str]
) -> None:
    path = write("a.csv", CSV)
    make(Path("notes"))
    before = here()
    result = call("upload", path, "--journal", "notes", *options)
    assert result.exit_code == 2
    assert "is no journal, and is left as it is" in result.stderr
    assert here() == before
    assert not server.emulator.requests


@pytest.mark.parametrize("options", [[], ["--fresh"], ["--dry-run"]], ids=" ".join)
@pytest.mark.parametrize(
    "written",
    [["--journal", "a.csv"], ["--journal", "./a.csv"], ["--journal", "link"], ["--failures", "a.csv"]]
    + [["--journal", "map.csv"], ["--failures", "map.csv"], ["--journal", "a"], ["--journal", "empty.csv"]]
    + [["--journal", "new", "--failures", "new"], ["--journal", "new", "--failures", "new-lock"]],
    ids=" ".join,
)
def test_a_file_that_is_read_is_never_written_and_none_is_written_twice(
    server: Server, written: list[str], options: list[str]
) -> None:
    """Nor is one in whose place SQLite would keep the log of a journal."""
    files = [write(name, CSV) for name in ("a.csv", "a-wal")] + [write("empty.csv", "")]
    write("map.csv", "tree,baum\nwater,wasser\n")
    Path("link").symlink_to("a.csv")
    before = here()
    result = call("upload", *files, "--concept-map", "map.csv", *written, *options)
    assert result.exit_code == 2
    assert f"{written[-2]} {Path(written[-1])}: this file is read or written already: give a new one" in result.stderr
    assert here() == before
    assert not server.emulator.requests


def test_what_lies_beside_what_a_link_leads_to_is_left_alone(server: Server) -> None:
    Path("d").mkdir()
    for name in ("d/real-wal", "d/real-journal", "d/real-shm"):
        write(name, "the user's own")
    Path("link").symlink_to("d/real")
    assert call("upload", write("a.csv", CSV), "--fresh", "--journal", "link").exit_code == 2
    for name in ("d/real-wal", "d/real-journal", "d/real-shm"):
        assert Path(name).read_text() == "the user's own"
        Path(name).unlink()
    assert call("upload", write("b.csv", "input_id,concept,value\nin-1,tree,1\n"), "--journal", "link").exit_code == 0
    assert list(Path("d").iterdir()) == []


def test_failures_that_nobody_named_do_not_go_into_the_journal(server: Server) -> None:
    assert call("upload", write("a.csv", CSV), "--journal", "failures.jsonl").exit_code == 3
    assert "in-2" in Path("failures-2.jsonl").read_text()
    assert here()["failures.jsonl"].startswith(b"SQLite format 3")


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal"])
@pytest.mark.parametrize("options", [[], ["--fresh"]], ids=["upload", "fresh"])
def test_what_stands_where_sqlite_would_keep_its_log_is_left_alone(
    server: Server, ending: str, options: list[str]
) -> None:
    """SQLite would delete it."""
    write(f"x{ending}", "mine")
    result = call("upload", write("a.csv", CSV), "--journal", "x", *options)
    assert result.exit_code == 2
    assert f"would have its log in '{Path.cwd() / 'x'}{ending}', a file of something else" in result.stderr
    assert here() == {"a.csv": CSV.encode(), f"x{ending}": b"mine"}


def test_fresh_deletes_a_journal_of_this_app_alone(server: Server) -> None:
    path, own, other = write("a.csv", CSV), ours("own", server), ours("other", server, app_id="another")
    before = other.read_bytes()
    refused = call("upload", path, "--fresh", "--journal", other)
    assert refused.exit_code == 2
    assert "is of app 'another'" in refused.stderr
    assert other.read_bytes() == before
    assert call("upload", path, "--fresh", "--journal", own).exit_code == 3
    with Journal.open(own, Identity(server.url, "emulator-user", "app")) as journal:
        assert journal.known([("in-1", "a" * 32, "a" * 32)]) == [None]


def test_fresh_goes_on_after_a_journal_of_ours_that_is_damaged(server: Server) -> None:
    path, journal = write("a.csv", CSV), ours("x", server)
    journal.write_bytes(journal.read_bytes()[:100] + b"\xff" * 5000)
    refused = call("upload", path, "--journal", journal)
    assert refused.exit_code == 2
    assert "It is damaged" in refused.stderr
    assert call("upload", path, "--fresh", "--journal", journal).exit_code == 3


def test_an_empty_file_that_is_named_becomes_the_journal(server: Server) -> None:
    write("x", "")
    assert call("upload", write("a.csv", CSV), "--fresh", "--journal", "x").exit_code == 3
    assert here()["x"].startswith(b"SQLite format 3")
