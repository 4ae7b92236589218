"""What is given keeps the upload waiting: what was taken goes in time, and the deadline holds as far as it can.

Nobody sleeps here: what is given waits for what the server was sent, so each test ends as soon as that happened.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from clarifai_http_annotations import AsyncClient, Client, InvalidRequestError, UploadReport, UploadResult
from clarifai_http_annotations._rate import RateLimiter
from clarifai_http_annotations.errors import APIError
from clarifai_http_annotations.testing import Emulator
from clarifai_http_annotations.upload.planner import Planner
from clarifai_http_annotations.upload.work import Broken, Done, Item, Start, Take, Trouble, Wait

LONG = 30.0
"""Seconds after which a test fails that waits in vain."""


def row(index: int) -> dict[str, Any]:
    return {"input_id": f"in-{index}", "data": {"concepts": [{"id": "tree", "value": index % 2}]}}


# --- when a batch goes, asked of the planner in plain values -------------------------------------


def offer(planner: Planner, number: int, now: float, first: int = 0) -> None:
    for index in range(first, first + number):
        planner.offer(Item(index, None, (f"in-{index}", "id"), f"content {index}", True, 200), now)


def test_a_batch_that_is_not_full_goes_a_second_after_its_first_annotation() -> None:
    planner = Planner(RateLimiter(None), 10.0, flush_after=1.0)
    assert planner.next(10.0) == Take(128)
    offer(planner, 3, 10.0)
    assert planner.next(10.5) == Take(125)
    assert planner.next(10.5, reading=True) == Wait(11.0)
    offer(planner, 1, 10.6, first=3)
    assert planner.next(10.9, reading=True) == Wait(11.0)
    step = planner.next(11.0, reading=True)
    assert isinstance(step, Start)
    assert len(step.job.items) == 4
    assert planner.next(11.0, reading=True) == Wait(float("inf"))
    offer(planner, 1, 12.0, first=4)
    assert planner.next(12.0, reading=True) == Wait(13.0)


def test_without_a_time_only_full_batches_go() -> None:
    planner = Planner(RateLimiter(None), 0.0, deadline=100.0, flush_after=None)
    offer(planner, 3, 0.0)
    assert planner.next(50.0, reading=True) == Wait(100.0)
    offer(planner, 125, 50.0, first=3)
    assert isinstance(planner.next(50.0, reading=True), Start)


def test_a_batch_goes_before_the_deadline_is_over_even_if_that_is_sooner() -> None:
    planner = Planner(RateLimiter(None), 0.0, deadline=1.0, flush_after=1.0)
    offer(planner, 3, 0.0)
    assert planner.next(0.0, reading=True) == Wait(0.5)
    assert isinstance(planner.next(0.5, reading=True), Start)


def test_what_is_sent_again_does_not_wait_for_a_full_batch_either() -> None:
    planner = Planner(RateLimiter(None), 0.0, flush_after=1.0, waiting=False)
    offer(planner, 2, 0.0)
    step = planner.next(1.0, reading=True)
    assert isinstance(step, Start)
    planner.ended(step.job, Broken(Trouble.LOST, APIError("lost")), 2.0)
    assert isinstance(planner.next(2.0, reading=True), Start)


def test_when_the_deadline_is_over_while_it_waits_nothing_more_is_taken() -> None:
    planner = Planner(RateLimiter(None), 0.0, deadline=5.0, flush_after=1.0)
    assert planner.next(5.0, reading=True) == Done()
    offer(planner, 1, 6.0)
    assert planner.next(6.0) == Done()


# --- both clients ----------------------------------------------------------------------------------

Given = Callable[["Slow"], Any]


class Slow:
    """A source and a server that wait for one another."""

    def __init__(self, kind: str) -> None:
        self.is_async = kind == "async"
        self.emulator = Emulator()
        self.sent = threading.Event()
        self.report = UploadReport()
        self.results: list[UploadResult] = []
        self.threads: set[int] = set()

    def answer(self, request: httpx.Request) -> httpx.Response:
        response = self.emulator(request)
        self.sent.set()
        return response

    async def wait(self) -> None:
        """Wait until something was sent."""
        if not self.is_async:
            assert self.sent.wait(LONG), "nothing was sent"
            return
        async with asyncio.timeout(LONG):
            while not self.sent.is_set():
                await asyncio.sleep(0)

    def told(self, result: UploadResult) -> None:
        self.results.append(result)
        self.threads.add(threading.get_ident())

    def upload(self, given: Callable[[], AsyncIterator[Any]], **arguments: Any) -> UploadReport:
        settings: Any = {
            "pat": "x",
            "user_id": "me",
            "app_id": "app",
            "rate": None,
            "transport": httpx.MockTransport(self.answer),
        }
        arguments = {"report": self.report, "on_result": self.told, **arguments}
        if not self.is_async:
            with Client(**settings) as client:
                return client.upload(ordinary(given()), **arguments)

        async def main() -> UploadReport:
            async with AsyncClient(**settings) as client:
                return await client.upload(given(), **arguments)

        return asyncio.run(main())


def ordinary(given: AsyncIterator[Any]) -> Iterator[Any]:
    """The same source for a blocking client: it never suspends there."""
    while True:
        try:
            given.__anext__().send(None)  # type: ignore[attr-defined]  # a coroutine
        except StopIteration as done:
            yield done.value
        except StopAsyncIteration:
            return


@pytest.fixture
def slow(kind: str) -> Slow:
    return Slow(kind)


def test_a_batch_goes_while_the_next_annotation_is_waited_for(slow: Slow) -> None:
    async def given() -> AsyncIterator[Any]:
        yield row(0)
        yield row(1)
        await slow.wait()
        assert len(slow.emulator.annotations) == 2
        yield row(2)

    report = slow.upload(given, flush_after=0.05)
    assert (report.stored, report.taken, report.exhausted, report.requests) == (3, 3, True, 2)
    assert [result.index for result in slow.results] == [0, 1, 2]
    assert slow.threads == {threading.get_ident()}


def test_a_failure_is_sent_again_while_the_next_annotation_is_waited_for(slow: Slow) -> None:
    failures = iter([httpx.Response(503), httpx.Response(502)])
    answer = slow.answer

    def failing(request: httpx.Request) -> httpx.Response:
        return next(failures, None) or answer(request)

    vars(slow)["answer"] = failing

    async def given() -> AsyncIterator[Any]:
        yield row(0)
        await slow.wait()
        yield row(1)

    report = slow.upload(given, flush_after=0.05)
    assert (report.stored, report.taken, report.retries >= 2) == (2, 2, True)


def test_with_a_deadline_what_was_taken_by_then_is_sent_and_what_comes_later_is_not_lost(slow: Slow) -> None:
    over = 0.6

    async def given() -> AsyncIterator[Any]:
        yield row(0)
        await slow.wait()
        if slow.is_async:  # it is waited for, and then cancelled
            await asyncio.sleep(LONG)
        threading.Event().wait(2 * over)  # it blocks beyond the deadline: nobody can interrupt that
        yield row(1)
        raise AssertionError("it is read after the deadline")

    report = slow.upload(given, deadline=over)
    assert report.stopped == "its deadline is over"
    assert (report.stored, report.not_sent, report.exhausted) == (1, 0 if slow.is_async else 1, False)
    assert len(slow.emulator.annotations) == 1
    assert report.seconds < LONG / 2


def test_an_error_of_what_is_given_comes_back_after_a_wait_as_well(slow: Slow) -> None:
    async def given() -> AsyncIterator[Any]:
        yield row(0)
        await slow.wait()
        raise ValueError("the file ends in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        slow.upload(given, flush_after=0.05)
    assert (slow.report.stored, slow.report.stopped) == (1, "what was given raised ValueError")


def test_a_bug_in_a_transport_comes_back_from_a_wait_as_it_is(slow: Slow) -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        slow.sent.set()
        raise ZeroDivisionError

    vars(slow)["answer"] = broken

    async def given() -> AsyncIterator[Any]:
        yield row(0)
        await slow.wait()
        if not slow.is_async:
            threading.Event().wait(0.5)  # until the other thread has seen it
        for index in range(1, 10_000):
            yield row(index)

    with pytest.raises(ZeroDivisionError):
        slow.upload(given, flush_after=0.05)
    assert slow.report.unknown >= 1
    assert slow.report.taken == slow.report.unknown + slow.report.not_sent


def test_where_there_is_one_thread_it_sends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that gives one thread, to look after the upload, and none to send."""
    start = threading.Thread.start
    started: list[threading.Thread] = []

    def few(thread: threading.Thread) -> None:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", few)
    slow = Slow("sync")

    async def given() -> AsyncIterator[Any]:
        yield row(0)
        await slow.wait()
        yield row(1)

    assert slow.upload(given, flush_after=0.05).stored == 2


def test_where_there_are_no_threads_a_batch_goes_when_the_next_annotation_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none)
    emulator = Emulator()

    def given() -> Iterator[Any]:
        for index in range(3):
            yield row(index)
            threading.Event().wait(0.06)

    report = emulator.client().upload(given(), flush_after=0.05)
    assert (report.stored, report.requests) == (3, 2)  # of two and of one


def test_an_ordinary_iterable_that_blocks_the_loop_is_sent_whenever_it_gives_something() -> None:
    emulator = Emulator()

    async def main() -> UploadReport:
        def given() -> Iterator[Any]:
            for index in range(3):
                yield row(index)
                threading.Event().wait(0.06)

        async with emulator.async_client() as client:
            return await client.upload(given(), flush_after=0.05)

    report = asyncio.run(main())
    assert (report.stored, report.requests) == (3, 2)  # of two and of one


def test_a_source_that_does_not_heed_that_it_is_cancelled_is_left_behind_and_loses_nothing() -> None:
    emulator = Emulator()

    async def main() -> UploadReport:
        async def given() -> AsyncIterator[Any]:
            yield row(0)
            try:
                await asyncio.sleep(LONG)
            except asyncio.CancelledError:
                yield row(1)

        async with emulator.async_client() as client:
            return await client.upload(given(), deadline=0.3)

    report = asyncio.run(main())
    assert (report.stored, report.not_sent, report.stopped) == (1, 1, "its deadline is over")


@pytest.mark.parametrize("flush_after", [0, -1, "5", True])
def test_a_time_to_flush_must_be_seconds_or_none(connect: Callable[..., Any], flush_after: Any) -> None:
    with pytest.raises(InvalidRequestError, match="flush_after must be seconds, above 0, not"):
        connect().upload([], flush_after=flush_after)
    assert connect().upload([], flush_after=None).taken == 0
