"""`AsyncClient` where no event loop of asyncio is running: it says so, before anything is sent."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from clarifai_http_annotations import (
    Annotation,
    AnnotationTrack,
    AsyncClient,
    ConfigurationError,
    positive,
)
from clarifai_http_annotations._operation import operation, paged
from clarifai_http_annotations.operations import EveryOperation
from clarifai_http_annotations.testing import Emulator, no_waiting

ONE = Annotation.of("in-1", positive("tree"), id="a")
TRACK = AnnotationTrack(id="t", concept=positive("tree"), start_frame_ms=0, end_frame_ms=9)
SAID = r"AsyncClient runs on asyncio, and no event loop of asyncio is running here\. .*use Client in a thread"


async def all_of(items: Any) -> list[Any]:
    return [item async for item in items]


async def enter(client: AsyncClient) -> None:
    async with client:
        pass


CALLS: dict[str, Callable[[AsyncClient], Awaitable[Any]]] = {
    "create": lambda client: client.create(ONE),
    "get": lambda client: client.get("a", input_id="in-1"),
    "list": lambda client: all_of(client.list()),
    "delete": lambda client: client.delete("a", input_id="in-1"),
    "patch": lambda client: client.patch(ONE),
    "set_value": lambda client: client.set_value("a", input_id="in-1", concept_id="tree", value=False),
    "delete_many": lambda client: client.delete_many([ONE]),
    "delete_all_of_inputs": lambda client: client.delete_all_of_inputs(["in-1"]),
    "search": lambda client: all_of(client.search(positive("tree"))),
    "list_workers": lambda client: all_of(client.list_workers()),
    "count_task_annotations": lambda client: client.count_task_annotations("task"),
    "set_task_status": lambda client: client.set_task_status("task", "ANNOTATION_SUCCESS"),
    "list_tracks": lambda client: all_of(client.list_tracks("in-1")),
    "create_tracks": lambda client: client.create_tracks("in-1", [TRACK]),
    "patch_tracks": lambda client: client.patch_tracks("in-1", [TRACK]),
    "delete_tracks": lambda client: client.delete_tracks(["t"], input_id="in-1"),
    "search_track": lambda client: client.search_track("in-1", track_id="t"),
    "upload": lambda client: client.upload([ONE]),
    "async with": enter,
    "aclose": lambda client: client.aclose(),
}


async def awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


def by_hand(awaitable: Awaitable[Any]) -> None:
    coroutine: Coroutine[Any, Any, Any] = awaited(awaitable)
    try:
        coroutine.send(None)
    finally:
        coroutine.close()


def under_trio(awaitable: Awaitable[Any]) -> None:
    import trio  # type: ignore[import-not-found,unused-ignore]  # it need not be there

    trio.run(awaited, awaitable)


WITHOUT = [
    pytest.param(by_hand, id="no loop"),
    pytest.param(
        under_trio,
        id="trio",
        marks=pytest.mark.skipif(importlib.util.find_spec("trio") is None, reason="trio is not installed"),
    ),
]


def test_every_operation_is_here() -> None:
    found = {
        name
        for name, value in inspect.getmembers_static(EveryOperation)
        if isinstance(value, (operation, paged)) and not name.startswith("_")
    }
    assert found == CALLS.keys() - {"async with", "aclose"}


@pytest.fixture
def client(emulator: Emulator) -> Iterator[AsyncClient]:
    yield emulator.async_client(max_retries=3)
    assert emulator.requests == []


@pytest.mark.parametrize("run", WITHOUT)
@pytest.mark.parametrize("name", CALLS)
def test_a_call_says_that_asyncio_is_needed(client: AsyncClient, name: str, run: Callable[[Any], None]) -> None:
    with pytest.raises(ConfigurationError, match=SAID) as caught:
        run(CALLS[name](client))
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("run", WITHOUT)
def test_so_does_one_that_would_wait_first(emulator: Emulator, run: Callable[[Any], None]) -> None:
    client = emulator.async_client(rate=1)
    client._limiter.hold(client._clock(), 60.0)
    with pytest.raises(ConfigurationError, match=SAID):
        run(client.get("a", input_id="in-1"))


@pytest.mark.parametrize("run", WITHOUT)
def test_of_an_upload_nothing_is_taken_and_no_row_is_kept(
    client: AsyncClient, tmp_path: Path, run: Callable[[Any], None]
) -> None:
    rows = iter([ONE])
    with no_waiting(), pytest.raises(ConfigurationError, match=SAID):
        run(client.upload(rows, journal=tmp_path / "journal"))
    assert list(rows) == [ONE]
