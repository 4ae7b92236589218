"""The journal of an upload: what it keeps, whose it is, and what it outlives."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clarifai_http_annotations import ConfigurationError, JournalError
from clarifai_http_annotations.upload import journal as module
from clarifai_http_annotations.upload.journal import Entry, Identity, Journal, delete_journal

OURS = Identity("https://api.clarifai.com", "u", "a")
A, B, C = ("in-1", "a" * 32, "a" * 32), ("in-1", "b" * 32, "b" * 32), ("in-2", "mine", "c" * 32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal.open(path, OURS) as opened:
        yield opened


def known_in(path: Path, *entries: Entry) -> list[bool | None]:
    with Journal.open(path, OURS) as opened:
        return opened.known(entries)


def refusal(path: Any, identity: Identity = OURS) -> str:
    with pytest.raises(ConfigurationError) as caught:
        Journal.open(path, identity)
    return str(caught.value)


# --- what it keeps -------------------------------------------------------------------------------


def test_what_is_confirmed_is_known_at_once_and_after_it_was_opened_again(path: Path, journal: Journal) -> None:
    journal.confirm([A, C])
    assert journal.known([A, B, C, A]) == [True, None, True, True]
    journal.close()
    assert known_in(path, A, B, C) == [True, None, True]


def test_other_content_under_an_id_is_neither_known_nor_new(journal: Journal) -> None:
    journal.confirm([A, C])
    assert journal.known([("in-2", "mine", "d" * 32), ("in-1", "a" * 32, "d" * 32)]) == [False, False]


def test_the_last_word_about_an_id_counts(journal: Journal) -> None:
    journal.confirm([C])
    journal.confirm([("in-2", "mine", "d" * 32)])
    assert journal.known([C, ("in-2", "mine", "d" * 32)]) == [False, True]
    assert len(journal) == 1


def test_nothing_is_confirmed_by_nothing(journal: Journal) -> None:
    journal.confirm([])
    assert journal.known([]) == []
    assert len(journal) == 0


def test_a_journal_is_true_even_if_it_is_empty(journal: Journal) -> None:
    assert journal


def test_thousands_are_answered_in_order(journal: Journal) -> None:
    entries = [(f"in-{n}", f"{n:032x}", f"{n:032x}") for n in range(3_003)]
    journal.confirm(entries[::2])
    assert journal.known(entries) == [None if n % 2 else True for n in range(3_003)]
    assert len(journal) == 1_502


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("a\0b", "c"), ("a", "b\0c"), id="a zero byte"),
        pytest.param(("a", "bc"), ("ab", "c"), id="where one ends"),
        pytest.param(("1", "1:a"), ("11", ":a"), id="what looks like a length"),
        pytest.param(("\ud83d\ude00", "x"), ("\U0001f600", "x"), id="surrogates"),
        pytest.param(("x" * 100_000, "y"), ("x" * 100_000, "z"), id="very long"),
    ],
)
def test_two_annotations_are_never_taken_for_one(
    one: tuple[str, str], other: tuple[str, str], journal: Journal
) -> None:
    journal.confirm([(*one, "c" * 32)])
    assert journal.known([(*one, "c" * 32), (*other, "c" * 32)]) == [True, None]


def test_a_confirmation_that_fails_half_way_leaves_nothing(journal: Journal) -> None:
    with pytest.raises(ValueError, match="hex"):
        journal.confirm([A, ("in-2", "mine", "no digest")])
    assert journal.known([A]) == [None]
    journal.confirm([A])


def test_an_entry_is_small(path: Path) -> None:
    with Journal.open(path, OURS) as journal:
        for start in range(0, 20_000, 2_000):
            ids = [f"{random.getrandbits(128):032x}" for _ in range(2_000)]
            journal.confirm((f"in-{start}", id, id) for id in ids)
    assert path.stat().st_size < 20_000 * 40


words = st.text(st.sampled_from("ab:1\0\ud800"), max_size=3)
entries = st.lists(
    st.tuples(words, st.sampled_from(["x", "a" * 32]), st.sampled_from(["a" * 32, "b" * 32])), max_size=6
)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(["known", "confirm", "reopen"]), entries), max_size=12))
def test_it_is_a_dictionary_that_lasts(tmp_path_factory: Any, steps: list[tuple[str, list[Entry]]]) -> None:
    path, model = tmp_path_factory.mktemp("model") / "journal", dict[tuple[str, str], str]()
    journal = Journal.open(path, OURS)
    for what, some in steps:
        if what == "confirm":
            journal.confirm(some)
            model.update({(input_id, id): digest for input_id, id, digest in some})
        elif what == "reopen":
            journal.close()
            journal = Journal.open(path, OURS)
        said = [model[e[:2]] == e[2] if e[:2] in model else None for e in some]
        assert journal.known(some) == said
        assert len(journal) == len(model)
    journal.close()


# --- where it is ---------------------------------------------------------------------------------


def test_an_empty_file_is_a_new_journal(path: Path) -> None:
    path.touch()
    with Journal.open(str(path), OURS) as journal:
        journal.confirm([A])
    assert known_in(path, A) == [True]


def test_a_relative_path_is_resolved_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    with Journal.open("journal", OURS) as journal:
        monkeypatch.chdir("/")
        journal.confirm([A])
    assert known_in(path, A) == [True]


@pytest.mark.parametrize("name", ["~", "file:x?mode=memory", "a b%20#?", "\udc80", "ä"])
def test_no_letter_of_a_path_means_anything(name: str, tmp_path: Path) -> None:
    for _ in range(2):
        with Journal.open(tmp_path / name, OURS) as journal:
            journal.confirm([A])
    assert [found.name for found in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["", " ", ":memory:", "a\0b", 3, None, b"journal"], ids=repr)
def test_what_is_no_path_is_refused(name: object) -> None:
    assert "the path of a file" in refusal(name)


def test_a_path_that_cannot_be_is_refused(tmp_path: Path) -> None:
    for name in ("x" * 300, "\ud800"):
        assert "cannot be opened" in refusal(tmp_path / name)


def test_a_folder_a_pipe_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is a folder" in refusal(tmp_path)
    assert "no ordinary file" in refusal(tmp_path / "pipe")
    assert "no folder" in refusal(tmp_path / "missing" / "journal")


def test_a_link_to_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "missing" / "journal")
    assert "cannot be begun: there is no folder" in refusal(tmp_path / "link")


@pytest.mark.parametrize(
    ("mode", "of", "why"), [(0o444, "file", "read and written"), (0o555, "folder", "may not write")]
)
def test_what_may_not_be_written_is_refused(
    mode: int, of: str, why: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.touch()
    target = path if of == "file" else path.parent
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda at, how: at != target and allowed(at, how))  # root may everything
    assert why in refusal(path)


def database(path: Path, *statements: str) -> bool:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return True


def marked(path: Path) -> bool:
    Journal.open(path, OURS).close()
    return True


FOREIGN: dict[str, Callable[[Path], Any]] = {
    "text": lambda path: path.write_text("hello\n" * 1000),
    "one letter": lambda path: path.write_text("x"),
    "an image": lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20),
    "zeros": lambda path: path.write_bytes(bytes(8192)),
    "a database": lambda path: database(path, "CREATE TABLE t (x)", "INSERT INTO t VALUES (1)"),
    "a database with a log": lambda path: database(path, "PRAGMA journal_mode=WAL", "CREATE TABLE t (x)"),
    "a database of views": lambda path: database(path, "CREATE VIEW v AS SELECT 1"),
    "a database of nothing": lambda path: database(path, "PRAGMA user_version=1"),
    "half a journal": lambda path: marked(path) and path.write_bytes(path.read_bytes()[:1500]),
    "a damaged journal": lambda path: marked(path) and path.write_bytes(path.read_bytes()[:100] + b"\xff" * 5000),
    "a journal without a table": lambda path: marked(path) and database(path, "DROP TABLE journal"),
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_what_is_no_journal_is_refused_and_left_as_it_is(make: Callable[[Path], Any], path: Path) -> None:
    make(path)
    before = path.read_bytes()
    assert str(path) in refusal(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal"])
@pytest.mark.parametrize("is_empty", [False, True], ids=["no file", "an empty file"])
def test_what_stands_where_sqlite_would_keep_its_own_files_is_left_alone(
    path: Path, ending: str, is_empty: bool
) -> None:
    """SQLite deletes it without a word."""
    if is_empty:
        path.touch()
    other = Path(f"{path}{ending}")
    for content in (b"mine", b"m", b"{}" * 1000):
        other.write_bytes(content)
        assert f"would have its log in {str(other)!r}, a file of something else" in refusal(path)
        assert other.read_bytes() == content
    other.unlink()
    other.mkdir()
    assert "a file of something else" in refusal(path)


def test_what_sqlite_itself_has_left_beside_a_journal_is_no_hindrance(path: Path) -> None:
    with Journal.open(path, OURS) as journal:
        journal.confirm([A])
        left = {ending: Path(f"{path}{ending}").read_bytes() for ending in ("-wal", "-shm")}
    shm = left["-shm"]
    for content in (left["-wal"], left["-wal"][:2], bytes(8)):
        for cut in (shm, shm[:3], b""):  # SQLite cuts it to 3 bytes when it is opened anew
            Path(f"{path}-wal").write_bytes(content)
            Path(f"{path}-shm").write_bytes(cut)
            assert known_in(path, A) == [True]


# --- what is deleted -----------------------------------------------------------------------------


def test_a_journal_is_deleted_with_all_that_is_beside_it(path: Path) -> None:
    with Journal.open(path, OURS) as journal:
        journal.confirm([A])
        held = {found: found.read_bytes() for found in path.parent.iterdir()}
    for found, content in held.items():
        found.write_bytes(content)  # as a process that was killed leaves it
    assert len(held) == 3
    delete_journal(path, OURS)
    assert list(path.parent.iterdir()) == []


def test_to_delete_no_journal_or_an_empty_file_does_nothing(path: Path) -> None:
    delete_journal(path, OURS)
    path.touch()
    delete_journal(path, OURS)
    assert path.exists()


@pytest.mark.parametrize("name", [name for name in FOREIGN if "journal" not in name])
def test_what_is_no_journal_is_not_deleted(name: str, path: Path) -> None:
    FOREIGN[name](path)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="is no journal, and is left as it is"):
        delete_journal(path, OURS)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", [name for name in FOREIGN if "journal" in name])
def test_a_damaged_journal_is_deleted(name: str, path: Path) -> None:
    FOREIGN[name](path)
    delete_journal(path, OURS)
    assert list(path.parent.iterdir()) == []


def test_a_journal_of_another_is_not_deleted(path: Path) -> None:
    Journal.open(path, Identity("https://api.clarifai.com", "u", "b")).close()
    with pytest.raises(ConfigurationError, match="is of app 'b'"):
        delete_journal(path, OURS)
    assert path.exists()


def test_a_journal_that_another_process_writes_is_not_deleted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY", 0.0)
    with Journal.open(path, OURS) as journal:
        journal.confirm([A])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ConfigurationError, match="locked"):
        delete_journal(path, OURS)
    other.close()
    assert known_in(path, A) == [True]


# --- whose it is ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [
        Identity("https://other.example", "u", "a"),
        Identity("https://api.clarifai.com", "me", "a"),
        Identity("https://api.clarifai.com", "u", "b\ud800"),
        Identity("https://api.clarifai.com", "u", "a", ids="another rule"),
    ],
    ids=["server", "user", "app", "rule"],
)
def test_a_journal_of_another_is_refused_and_both_are_named(other: Identity, path: Path) -> None:
    with Journal.open(path, other) as journal:
        journal.confirm([A])
    said = refusal(path)
    assert str(OURS) in said
    assert str(other) in said
    with Journal.open(path, other) as journal:
        assert journal.known([A]) == [True]


def test_a_journal_of_a_later_version_is_refused(path: Path) -> None:
    Journal.open(path, Identity("https://api.clarifai.com", "u", "a", format=2)).close()
    assert "is of format 2" in refusal(path)


# --- what it outlives ----------------------------------------------------------------------------

CHILD = """
import sys
from clarifai_http_annotations.upload.journal import Identity, Journal
name, size = sys.argv[2], int(sys.argv[3])
with Journal.open(sys.argv[1], Identity("https://api.clarifai.com", "u", "a")) as journal:
    for number in range(int(sys.argv[4])):
        ids = [f"{number * size + n:032x}" for n in range(size)]
        journal.confirm((name, id, id) for id in ids)
        print(number, flush=True)
"""


def start(path: Path, name: str, size: int, times: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", CHILD, str(path), name, str(size), str(times)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def confirmed_by(name: str, size: int, times: int) -> list[Entry]:
    return [(name, f"{n:032x}", f"{n:032x}") for n in range(size * times)]


def test_what_a_killed_process_has_confirmed_is_known(path: Path) -> None:
    seed = random.randrange(1_000_000)
    print("seed", seed)
    chance = random.Random(seed)
    for round in range(10):
        child = start(path, f"in-{round}", 64, 100_000)
        if round % 2:  # else in the beginning, which is while it is made
            assert child.stdout is not None
            child.stdout.readline()
        timer = threading.Timer(chance.uniform(0, 0.3), child.kill)
        timer.start()
        out, _ = child.communicate()
        timer.join()
        whole = out[: out.rfind("\n") + 1].split()
        times = int(whole[-1]) + 1 if whole else round % 2
        with Journal.open(path, OURS) as journal:
            assert set(journal.known(confirmed_by(f"in-{round}", 64, times))) <= {True}
            half = journal.known(
                [(f"in-{round}", f"{times * 64 + n:032x}", f"{times * 64 + n:032x}") for n in range(64)]
            )
            assert len(set(half)) == 1, "a confirmation is whole or not there"


def test_processes_that_begin_a_journal_at_once_and_write_at_once_lose_nothing(path: Path) -> None:
    children = [start(path, f"in-{n}", 16, 40) for n in range(4)]
    assert [(child.communicate()[1], child.returncode) for child in children] == [("", 0)] * 4
    with Journal.open(path, OURS) as journal:
        assert len(journal) == 4 * 16 * 40
        assert all(set(journal.known(confirmed_by(f"in-{n}", 16, 40))) == {True} for n in range(4))
    check = sqlite3.connect(path)
    assert check.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    check.close()


@pytest.mark.parametrize("killed_at", range(1, 13))
def test_a_process_that_is_killed_while_it_begins_a_journal_leaves_none_or_one(killed_at: int, path: Path) -> None:
    code = f"""
import os, signal, sqlite3
from clarifai_http_annotations.upload import journal
left = [{killed_at}]
class Dying(sqlite3.Connection):
    def execute(self, *args):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(*args)
connect = sqlite3.connect
sqlite3.connect = lambda *args, **kwargs: connect(*args, **kwargs, factory=Dying)
journal.Journal.open({str(path)!r}, journal.Identity("https://api.clarifai.com", "u", "a"))
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    with Journal.open(path, OURS) as journal:
        journal.confirm([A])
    assert known_in(path, A) == [True]


def test_two_in_one_process_see_what_the_other_has_confirmed(path: Path, journal: Journal) -> None:
    with Journal.open(path, OURS) as other:
        other.confirm([A])
    assert journal.known([A]) == [True]


def test_another_thread_may_use_it(journal: Journal) -> None:
    thread = threading.Thread(target=journal.confirm, args=([A],))
    thread.start()
    thread.join()
    assert journal.known([A]) == [True]


FORK = """
import os, sys
from clarifai_http_annotations.upload.journal import Identity, Journal
A, B, C = [("in", letter * 32, letter * 32) for letter in "abc"]
with Journal.open(sys.argv[1], Identity("https://api.clarifai.com", "u", "a")) as journal:
    journal.confirm([A])
    inherited = journal._connection
    if not (child := os.fork()):
        journal.confirm([B])
        assert journal._connection is not inherited
        assert journal.known([A, B]) == [True, True]
        os._exit(0)
    journal.confirm([C])
    assert os.waitpid(child, 0)[1] == 0
    assert os.path.exists(sys.argv[1] + "-wal")
    assert journal.known([A, B, C]) == [True, True, True]
"""


def test_after_a_fork_the_child_has_a_connection_of_its_own(path: Path) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", FORK, str(path)], check=True)
    assert known_in(path, ("in", "b" * 32, "b" * 32)) == [True]


def test_another_process_id_means_another_connection(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    inherited = journal._connection
    monkeypatch.setattr(os, "getpid", lambda: -1)
    journal.confirm([A])
    assert journal._connection is not inherited
    assert journal.known([A]) == [True]


def test_a_child_does_not_write_into_another_file(
    path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.rename(path.with_name("moved"))
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(JournalError, match="deleted or replaced"):
        journal.confirm([A])
    assert not path.exists()


# --- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["journal", "journal-wal"])
@pytest.mark.parametrize(
    "use", [lambda j: j.confirm([A]), lambda j: j.known([A]), len], ids=["confirm", "known", "len"]
)
def test_a_file_that_is_deleted_while_it_is_open_is_noticed(name: str, use: Any, path: Path, journal: Journal) -> None:
    path.with_name(name).unlink()
    with pytest.raises(JournalError, match="deleted or replaced") as caught:
        use(journal)
    assert str(path) in str(caught.value)


def test_a_file_that_is_replaced_while_it_is_open_is_noticed_and_left_alone(path: Path, journal: Journal) -> None:
    path.with_name("other").write_text("other")
    path.with_name("other").replace(path)
    with pytest.raises(JournalError, match="deleted or replaced"):
        journal.confirm([A])
    journal.close()
    assert path.read_text() == "other"


def test_a_file_that_is_deleted_in_the_middle_of_a_confirmation_is_noticed(path: Path, journal: Journal) -> None:
    journal._connection.set_trace_callback(lambda said: path.unlink(missing_ok=True) if said == "COMMIT" else None)
    with pytest.raises(JournalError, match="deleted or replaced"):
        journal.confirm([A])


def test_a_full_disk_is_a_journal_error_and_what_was_confirmed_before_stays(path: Path, journal: Journal) -> None:
    journal.confirm([A])
    journal._connection.execute("PRAGMA max_page_count=6")
    with pytest.raises(JournalError, match=r"disk is full.*Free space") as caught:
        journal.confirm([(f"in-{n}", "x" * 32, "x" * 32) for n in range(5_000)])
    assert isinstance(caught.value.__cause__, sqlite3.Error)
    assert journal.known([A, ("in-1", "x" * 32, "x" * 32)]) == [True, None]


def test_a_lock_that_lasts_is_a_journal_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY", 0.05)
    other = sqlite3.connect(path, isolation_level=None)
    with Journal.open(path, OURS) as journal:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match=r"locked\. Another process"):
            journal.confirm([A])
        assert journal.known([A]) == [None]  # who only reads waits for nobody
        other.execute("ROLLBACK")
        journal.confirm([A])
    other.close()


def test_a_lock_that_lasts_while_it_is_opened_is_waited_for_and_told(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUSY", 0.05)
    marked(path)
    database(path, "PRAGMA journal_mode=DELETE")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert "Another process" in refusal(path)
    other.close()


def test_a_file_that_is_damaged_while_it_is_open_is_a_journal_error(path: Path, journal: Journal) -> None:
    journal.confirm([(f"in-{n}", "x" * 32, "x" * 32) for n in range(2_000)])
    journal._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    journal._connection.execute("PRAGMA shrink_memory")
    with path.open("r+b") as file:
        file.seek(1024)
        file.write(b"\xff" * 50_000)
    with pytest.raises(JournalError, match="It is damaged"):
        journal.known([(f"in-{n}", "x" * 32, "x" * 32) for n in range(2_000)])


def test_a_journal_that_is_closed_says_so_and_closes_again(journal: Journal) -> None:
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.confirm([A])


def test_without_a_write_ahead_log_it_waits_for_the_disk_and_works(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect: Any = sqlite3.connect

    def without_shared_memory(at: Any, **options: Any) -> Any:
        return connect(at if "uri" in options else f"file:{at}?vfs=unix-dotfile", **{**options, "uri": True})

    monkeypatch.setattr(sqlite3, "connect", without_shared_memory)
    with Journal.open(path, OURS) as journal:
        journal.confirm([A])
        assert not path.with_name("journal-wal").exists()
        assert journal._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert known_in(path, A, B) == [True, None]


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ("sys.modules['sqlite3'] = None", "built without"),
        ("import sqlite3; sqlite3.sqlite_version_info = (3, 7, 17)", "3.9"),
    ],
    ids=["missing", "old"],
)
def test_a_python_without_a_usable_sqlite_says_so(before: str, why: str) -> None:
    code = f"import sys; {before}; import clarifai_http_annotations.upload.journal"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr
    assert "ConfigurationError: journal= needs" in said
    assert why in said
