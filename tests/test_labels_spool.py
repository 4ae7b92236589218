"""What was read and checked is kept as it was until it is sent, in a file that may have no room."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarifai_http_annotations import ConfigurationError
from clarifai_http_annotations.labels import _spool
from clarifai_http_annotations.labels._spool import Spool
from clarifai_http_annotations.labels._tally import Tally

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=6
)
TREES = st.dictionaries(st.text(), VALUES, max_size=4)


def exact(value: Any) -> Any:
    """Return a value with its types and the order of its keys, so that ``1``, ``True`` and ``1.0`` are three things."""
    if isinstance(value, dict):
        return [(key, exact(item)) for key, item in value.items()]
    return [*map(exact, value)] if isinstance(value, list) else (type(value), repr(value))


@given(trees=st.lists(TREES, max_size=9), most=st.integers(1, 4))
def test_what_comes_out_is_what_went_in_in_its_order_and_as_often_as_it_is_asked_for(trees: Any, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch, Spool() as spool:
        patch.setattr(_spool, "MOST_ROWS", most)
        for tree in trees:
            spool.add(tree, 100)
        for _ in range(2):
            assert [exact(tree) for tree in spool] == [exact(tree) for tree in trees]


def test_memory_does_not_grow_with_large_annotations() -> None:
    tracemalloc.start()
    try:
        with Spool() as spool:
            for number in range(300):
                spool.add({"mask": f"{number}" * 50_000}, 150_000)
            assert sum(len(tree["mask"]) > 0 for tree in spool) == 300
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_no_room_for_the_file_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.TemporaryFile", lambda: Path("/dev/full").open("r+b"))  # noqa: SIM115 # as it does
    with Spool() as spool:
        spool.add({"id": "a"}, 10)
        with pytest.raises(ConfigurationError, match=r"\(No space left on device\): make room, or set TMPDIR"):
            list(spool)


def test_no_folder_for_the_file_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(ConfigurationError, match=r"No such file or directory.*set TMPDIR"):
        Spool()


def test_no_room_for_what_is_counted_is_said_with_what_to_do() -> None:
    with Tally() as tally:
        tally._file.execute("PRAGMA max_page_count = 3")
        for number in range(1000):
            tally.add({"id": f"{number}", "input_id": "a", "data": {}}, f"line {number}")
        with pytest.raises(ConfigurationError, match=r"\(database or disk is full\): make room, or set TMPDIR"):
            assert tally.inputs
