"""One definition, two clients: what tools and subclasses see of it."""

from __future__ import annotations

import asyncio
import inspect
import pydoc
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from unittest.mock import create_autospec

import pytest

from clarifai_http_annotations import Annotation, AsyncClient, Client, positive
from clarifai_http_annotations._operation import Awaiting, Blocking, Operations, operation, paged, run
from clarifai_http_annotations.testing import Emulator

NAMES = ["create", "get", "list", "delete"]


class Counting(Operations):
    """Two operations and what they await."""

    suspends = False

    async def _wait(self) -> None:
        if self.suspends:
            await asyncio.sleep(0)

    @operation
    async def double(self, number: int) -> int:
        """Double a number."""
        await self._wait()
        return 2 * number

    @paged
    async def upto(self, number: int) -> AsyncIterator[int]:
        """Yield numbers below one."""
        for item in range(number):
            await self._wait()
            yield item


class Blocked(Blocking, Counting): ...


class Awaited(Awaiting, Counting):
    suspends = True


def test_the_blocking_one_returns_and_the_other_is_awaited() -> None:
    assert Blocked().double(2) == 4
    assert asyncio.run(Awaited().double(2)) == 4
    assert list(Blocked().upto(3)) == [0, 1, 2]


def test_the_other_one_is_iterated_asynchronously() -> None:
    async def collect() -> list[int]:
        return [item async for item in Awaited().upto(3)]

    assert asyncio.run(collect()) == [0, 1, 2]


def test_what_suspends_in_a_blocking_client_names_itself() -> None:
    class Wrong(Blocked):
        suspends = True

    with pytest.raises(RuntimeError, match=r"Counting\.double suspended in a blocking client"):
        Wrong().double(2)
    with pytest.raises(RuntimeError, match="suspended in a blocking client"):
        list(Wrong().upto(2))


def test_what_suspends_and_hides_it_names_itself_all_the_same() -> None:
    async def stubborn() -> None:
        try:
            await asyncio.sleep(0)
        except RuntimeError:
            return

    with pytest.raises(RuntimeError, match="stubborn suspended in a blocking client"):
        run(stubborn())


def test_an_iteration_that_is_left_is_closed() -> None:
    closed = []

    class Closing(Operations):
        @paged
        async def items(self) -> AsyncIterator[int]:
            try:
                while True:
                    yield 1
            finally:
                closed.append(True)

    class BlockedClosing(Blocking, Closing): ...

    items: Iterator[int] = BlockedClosing().items()
    next(items)
    items.close()  # type: ignore[attr-defined]
    assert closed == [True]


def test_an_exception_comes_out_as_it_went_in() -> None:
    async def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError, match="x"):
        run(fail())


@pytest.mark.parametrize("name", NAMES)
def test_both_clients_have_the_same_signature_and_docstring(name: str) -> None:
    blocking, awaiting = getattr(Client, name), getattr(AsyncClient, name)
    assert inspect.signature(blocking).parameters == inspect.signature(awaiting).parameters
    assert blocking.__doc__ == awaiting.__doc__
    assert "Args:" in blocking.__doc__
    assert next(iter(inspect.signature(blocking).parameters)) == "self"
    assert "self" not in inspect.signature(getattr(Emulator().client(), name)).parameters


@pytest.mark.parametrize("name", NAMES)
def test_help_shows_the_operation_as_a_method(name: str) -> None:
    for client in (Client, AsyncClient):
        assert re.search(rf"{name}\([\s|]*self,", pydoc.plain(pydoc.render_doc(client)))


@pytest.mark.parametrize("name", ["create", "get", "delete"])
def test_only_the_asynchronous_one_is_a_coroutine_function(name: str) -> None:
    assert inspect.iscoroutinefunction(getattr(AsyncClient, name))
    assert not inspect.iscoroutinefunction(getattr(Client, name))


def test_a_listing_is_a_generator_of_its_kind(emulator: Emulator) -> None:
    settings = emulator._settings({})
    assert inspect.isgenerator(Client(**settings).list())
    assert inspect.isasyncgen(AsyncClient(**settings).list())
    assert inspect.signature(Client.list).return_annotation == "Iterator[Annotation]"
    assert inspect.signature(AsyncClient.list).return_annotation == "AsyncIterator[Annotation]"


@pytest.mark.parametrize("instance", [False, True])
def test_a_mock_made_from_the_class_checks_arguments(instance: bool) -> None:
    mock: Any = create_autospec(Client, instance=instance)
    client = mock if instance else mock(pat="x")
    client.get("a", input_id="in")
    with pytest.raises(TypeError, match="input_id"):
        client.get("a")
    awaited: Any = create_autospec(AsyncClient, instance=True)
    asyncio.run(awaited.get("a", input_id="in"))


def test_a_subclass_overrides_with_super(emulator: Emulator) -> None:
    seen: list[str] = []

    class Mine(Client):
        def get(self, annotation_id: str, **more: Any) -> Annotation:
            seen.append(annotation_id)
            return super().get(annotation_id, **more)

    class MineAgain(Mine):
        pass

    class MineAsync(AsyncClient):
        async def get(self, annotation_id: str, **more: Any) -> Annotation:
            seen.append(annotation_id)
            return await super().get(annotation_id, **more)

    settings = emulator._settings({})
    with MineAgain(**settings) as client:
        [stored] = client.create(Annotation.of("in", positive("tree")))
        assert client.get(stored.id, input_id="in").id == stored.id

    async def use() -> None:
        async with MineAsync(**settings) as client:
            await client.get(stored.id, input_id="in")

    asyncio.run(use())
    assert seen == [stored.id, stored.id]


def test_a_blocking_client_works_inside_a_running_event_loop(emulator: Emulator) -> None:
    """As in a notebook: nothing of it needs or disturbs the loop."""

    async def cell() -> int:
        with emulator.client() as client:
            client.create(Annotation.of("in", positive("tree")))
            return len(list(client.list()))

    assert asyncio.run(cell()) == 1
