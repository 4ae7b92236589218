"""Lists of many pages: each item once, an end, and wrong arguments refused by the call."""

from __future__ import annotations

import asyncio
import gc
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarifai_http_annotations import (
    AsyncClient,
    ClarifaiError,
    Client,
    InvalidRequestError,
    InvalidResponseError,
    MissingValueError,
    positive,
)
from clarifai_http_annotations import _seen as seen_module
from clarifai_http_annotations._scratch import open_scratch
from clarifai_http_annotations._seen import SeenKeys
from clarifai_http_annotations.testing import Emulator

Connect = Callable[..., Any]
KINDS = ["list", "search", "list_tracks", "list_workers"]


class NewestFirst:
    """Answers pages of what it has, the newest first; after each page more is there, as if others were writing.

    Attributes:
        names: Ids, the newest first.
        arriving: How many are added after the first, second, ... page.
    """

    def __init__(self, count: int, arriving: Iterable[int] = ()) -> None:
        self.names = [f"a{number}" for number in reversed(range(count))]
        self.arriving = iter(arriving)
        self.asked: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        given: Any = json.loads(request.content)["pagination"] if request.content else request.url.params
        page, per_page = int(given["page"]), int(given["per_page"])
        self.asked.append(page)
        found = self.names[(page - 1) * per_page : page * per_page]
        for _ in range(next(self.arriving, 0)):
            self.names.insert(0, f"a{len(self.names)}")
        return httpx.Response(200, json={"status": {"code": 10000}, **_as_answered(request.url.path, found)})


def _as_answered(path: str, names: list[str]) -> dict[str, Any]:
    annotations = [{"id": name, "input_id": "in"} for name in names]
    if path.endswith("/searches"):
        return {"hits": [{"score": 1, "input": {"id": "in"}, "annotation": tree} for tree in annotations]}
    if path.endswith("/workers"):
        return {"workers": [{"user": {"id": name}} for name in names]}
    return {"annotation_tracks" if "annotation_tracks" in path else "annotations": annotations}


def names_of(kind: str, items: Iterator[Any]) -> list[str]:
    """Return the ids of what a list yields."""
    if kind == "search":
        return [hit.annotation.id for hit in items]
    return [item.user.id if kind == "list_workers" else item.id for item in items]


def begin(client: Any, kind: str, **options: Any) -> Iterator[Any]:
    """Begin a list of a kind."""
    first: dict[str, list[Any]] = {"search": [positive("tree")], "list_tracks": ["in"]}
    items: Iterator[Any] = getattr(client, kind)(*first.get(kind, []), **options)
    return items


# --- each item once ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_list_that_grows_at_its_front_yields_each_item_once_and_skips_none(connect: Connect, kind: str) -> None:
    server = NewestFirst(30, [2] * 12)
    found = names_of(kind, begin(connect(server), kind, per_page=5))
    assert found == [f"a{number}" for number in reversed(range(30))]
    assert len(server.names) > 30


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_of_nothing_new_does_not_end_a_list(connect: Connect, kind: str) -> None:
    """As many as a page holds were written between two pages."""
    server = NewestFirst(10, [5])
    assert len(names_of(kind, begin(connect(server), kind, per_page=5))) == 10
    assert server.asked == [1, 2, 3, 4]


@given(st.integers(0, 40), st.integers(1, 7), st.lists(st.integers(0, 9), max_size=30))
def test_whatever_is_written_meanwhile_nothing_is_listed_twice_or_left_out(
    count: int, per_page: int, arriving: list[int]
) -> None:
    server = NewestFirst(count, arriving)
    there = list(server.names)
    with Client(pat="x", user_id="me", app_id="app", rate=None, transport=httpx.MockTransport(server)) as client:
        found = [annotation.id for annotation in client.list(per_page=per_page)]
    assert len(found) == len(set(found))
    assert [name for name in found if name in there] == there  # of what was written meanwhile some may be seen


def test_the_same_id_of_another_input_is_another_annotation(connect: Connect) -> None:
    pages = iter([[("in-1", "a"), ("in-2", "a")], [("in-2", "a"), ("in-1", "b")], []])

    def answer(_: httpx.Request) -> httpx.Response:
        trees = [{"input_id": input_id, "id": name} for input_id, name in next(pages)]
        return httpx.Response(200, json={"status": {"code": 10000}, "annotations": trees})

    found = [(annotation.input_id, annotation.id) for annotation in connect(answer).list()]
    assert found == [("in-1", "a"), ("in-2", "a"), ("in-1", "b")]


def test_a_hit_is_told_by_its_annotation_and_the_input_that_is_named_beside_it(connect: Connect) -> None:
    pages = iter([["in-1", "in-2"], ["in-2", "in-3"], []])

    def answer(_: httpx.Request) -> httpx.Response:
        hits = [{"score": 1, "input": {"id": name}, "annotation": {"id": "a"}} for name in next(pages)]
        return httpx.Response(200, json={"status": {"code": 10000}, "hits": hits})

    assert [hit.input.id for hit in connect(answer).search(positive("tree"))] == ["in-1", "in-2", "in-3"]


@pytest.mark.parametrize("kind", ["list", "search", "list_tracks"])
def test_what_has_no_id_is_never_taken_for_another_one(connect: Connect, kind: str) -> None:
    pages = iter([["", ""], [""], []])
    found = names_of(
        kind,
        begin(
            connect(
                lambda request: httpx.Response(
                    200, json={"status": {"code": 10000}, **_as_answered(request.url.path, next(pages))}
                )
            ),
            kind,
        ),
    )
    assert found == ["", "", ""]


def test_workers_are_told_apart_by_whatever_ids_they_have(connect: Connect) -> None:
    workers: list[Any] = [
        {"user": {"id": "ada"}},
        {"model": {"id": "m", "model_version": {"id": "1"}}},
        {"model": {"id": "m", "model_version": {"id": "2"}}},
        {"workflow": {"id": "w", "version": {"id": "1"}}},
        {"workflow": {"id": "w", "version": "1"}},
    ]
    pages = iter([workers, [*reversed(workers), {"model": {"name": "\ud800"}}], [{"model": {"name": "\ud800"}}], []])

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=json.dumps({"status": {"code": 10000}, "workers": next(pages)}))

    assert len(list(connect(answer).list_workers())) == len(workers) + 2  # of those without an id nobody knows


# --- an end --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pages", [1, 2])
def test_a_server_that_repeats_its_pages_does_not_hold_a_list_for_ever(connect: Connect, kind: str, pages: int) -> None:
    asked: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(len(asked) % pages)
        return httpx.Response(
            200, json={"status": {"code": 10000}, **_as_answered(request.url.path, [f"a{asked[-1]}"])}
        )

    found = begin(connect(answer), kind)
    assert len({name for name, _ in zip(names_of(kind, _first(found, pages)), asked, strict=False)}) == pages
    with pytest.raises(InvalidResponseError, match=rf"{kind}: 100 pages hold nothing new\. .* the number of the page"):
        next(found)
    assert len(asked) == pages + 100


def _first(items: Iterator[Any], count: int) -> Iterator[Any]:
    for _ in range(count):
        yield next(items)


# --- refused by the call ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.list(per_page=5000),
        lambda client: client.list(page=0),
        lambda client: client.list(ids=["a"], input_ids=["in", "in"]),
        lambda client: client.list(input_ids=[""]),
        lambda client: client.list(input_ids=["\ud800"]),
        lambda client: client.list(list_all_annotations="yes"),
        lambda client: client.list(timeout="soon"),
        lambda client: client.list(deadline="soon"),
        lambda client: client.search(),
        lambda client: client.search("tree"),
        lambda client: client.search(positive("tree"), per_page=0),
        lambda client: client.search(positive("tree"), timeout="soon"),
        lambda client: client.list_tracks(""),
        lambda client: client.list_tracks("in", ids=[""]),
        lambda client: client.list_tracks("in", ids=["a" * 5000]),
        lambda client: client.list_tracks("in", per_page=1001),
        lambda client: client.list_workers(page=True),
        lambda client: client.list_workers(additional_fields=[3]),
    ],
)
def test_what_cannot_be_listed_is_refused_by_the_call_itself(
    connect: Connect, emulator: Emulator, call: Callable[[Any], Any]
) -> None:
    client = connect(emulator)
    with pytest.raises((InvalidRequestError, ValueError)):
        call(getattr(client, "inner", client))
    assert emulator.requests == []


def test_a_filter_without_value_is_refused_by_the_call_itself(connect: Connect, emulator: Emulator) -> None:
    client: Any = connect(emulator)
    client = getattr(client, "inner", client)
    with pytest.raises(MissingValueError):
        client.search({"annotation": {"data": {"concepts": [{"id": "tree"}]}}})


def test_nothing_is_sent_before_the_first_item_is_wanted(connect: Connect, emulator: Emulator) -> None:
    items = connect(emulator).list()
    assert emulator.requests == []
    assert list(items) == []
    assert len(emulator.requests) == 1


# --- more than fits into memory ------------------------------------------------------------------


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """Let no more than 3 keys be in memory, and return the databases that were opened."""
    opened: list[sqlite3.Connection] = []

    def note() -> sqlite3.Connection:
        opened.append(open_scratch())
        return opened[-1]

    monkeypatch.setattr(seen_module, "open_scratch", note)
    monkeypatch.setattr(seen_module, "MOST_IN_MEMORY", 3)
    return opened


def is_closed(file: sqlite3.Connection) -> bool:
    try:
        file.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return True
    return False


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_list_is_told_apart_in_a_temporary_database(
    connect: Connect, kind: str, files: list[sqlite3.Connection]
) -> None:
    found = names_of(kind, begin(connect(NewestFirst(30, [2] * 12)), kind, per_page=5))
    assert found == [f"a{number}" for number in reversed(range(30))]
    assert [is_closed(file) for file in files] == [True]


@pytest.mark.parametrize("left_by", ["close", "collector"])
def test_a_list_that_is_left_closes_its_database(
    connect: Connect, files: list[sqlite3.Connection], left_by: str
) -> None:
    found = begin(connect(NewestFirst(30)), "list", per_page=5)
    for _ in range(10):
        next(found)
    assert [is_closed(file) for file in files] == [False]
    if left_by == "close":
        found.close()  # type: ignore[attr-defined]
    del found
    gc.collect()
    assert [is_closed(file) for file in files] == [True]


@given(st.lists(st.text(st.characters(), max_size=3), max_size=40), st.integers(0, 5))
def test_keys_are_told_apart_exactly_in_memory_and_beyond(names: list[str], most: int) -> None:
    pairs = list(pairwise(names))
    with SeenKeys() as seen:
        seen._most = most
        before: set[tuple[str, str]] = set()
        for pair in pairs + pairs:
            assert seen.add(*pair) is (pair not in before)
            before.add(pair)


def test_keys_are_told_apart_by_what_they_are_and_not_by_how_they_look_together() -> None:
    with SeenKeys() as seen:
        assert [seen.add(*key) for key in (("a", "b"), ("ab", ""), ("", "ab"), ("ab",), ("a", "\udc80"))] == [True] * 5


def test_a_list_that_goes_on_after_a_fork_does_not_write_into_the_file_of_its_parent(
    connect: Connect, files: list[sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = begin(connect(NewestFirst(30)), "list", per_page=5)
    for _ in range(10):
        next(found)
    with monkeypatch.context() as child:
        child.setattr(seen_module, "os", SimpleNamespace(getpid=lambda: -1))
        with pytest.raises(ClarifaiError, match=r"in the process that began it only\. Begin it again here"):
            next(found)
    assert [is_closed(file) for file in files] == [True]


def test_a_loop_that_is_left_early_leaves_no_database_behind(files: list[sqlite3.Connection]) -> None:
    async def use() -> None:
        transport = httpx.MockTransport(NewestFirst(30))
        async with AsyncClient(pat="x", user_id="me", app_id="app", rate=None, transport=transport) as client:
            async for annotation in client.list(per_page=5):
                if annotation.id == "a10":
                    break

    asyncio.run(use())
    assert [is_closed(file) for file in files] == [True]
