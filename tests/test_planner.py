"""What an upload does next, asked of the planner alone: in plain values, at times that a test says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clarifai_http_annotations._rate import RateLimiter
from clarifai_http_annotations._retry import Deadline, timed_out
from clarifai_http_annotations.errors import APIError
from clarifai_http_annotations.upload.planner import DRAIN, Planner
from clarifai_http_annotations.upload.reading import trouble_of
from clarifai_http_annotations.upload.work import (
    Answered,
    Became,
    Broken,
    Done,
    Item,
    Job,
    Said,
    Start,
    Step,
    Take,
    Trouble,
    Verdict,
    Wait,
)

FATAL = Broken(Trouble.FATAL, APIError("the key is refused"), was_answered=True)


def offer(planner: Planner, first: int, number: int) -> None:
    for index in range(first, first + number):
        planner.offer(Item(index, None, (f"in-{index}", "id"), f"content {index}", True, 200), 0.0)


def start(planner: Planner, now: float, number: int) -> list[Job]:
    """Offer full batches until so many requests are on their way."""
    jobs: list[Job] = []
    for turn in range(2 * number):
        step: Step = planner.next(now)
        if isinstance(step, Take):
            offer(planner, 128 * turn, step.number)
        else:
            assert isinstance(step, Start)
            jobs.append(step.job)
    assert len(jobs) == number
    return jobs


def refuse_the_key(planner: Planner, job: Job, now: float) -> None:
    planner.ended(job, FATAL, now)


def break_what_is_given(planner: Planner, job: Job, now: float) -> None:
    planner.stop("what was given raised ValueError", now)


STOPS = pytest.mark.parametrize("stop", [refuse_the_key, break_what_is_given])
Stop = Callable[[Planner, Job, float], None]


@STOPS
@pytest.mark.parametrize("deadline", [None, 100.0])
def test_an_upload_that_stops_waits_a_while_for_what_is_on_its_way(stop: Stop, deadline: float | None) -> None:
    planner = Planner(RateLimiter(None), 0.0, deadline=deadline)
    stop(planner, start(planner, 0.0, 2)[0], 1.0)
    assert planner.next(1.0) == Wait(1.0 + DRAIN)
    assert planner.next(1.0 + DRAIN) == Done()


@STOPS
def test_an_upload_that_stops_does_not_wait_beyond_its_deadline(stop: Stop) -> None:
    planner = Planner(RateLimiter(None), 0.0, deadline=3.0)
    stop(planner, start(planner, 0.0, 2)[0], 1.0)
    assert planner.next(1.0) == Wait(3.0)
    assert planner.next(3.0) == Done()


def test_a_request_waits_if_a_call_of_another_thread_was_faster() -> None:
    """Between the question when one may go and its start."""

    class Shared(RateLimiter):
        calls = 0

        def next(self, now: float, *, spread: bool = False) -> float:
            at = super().next(now, spread=spread)
            if not self.calls:
                self.calls += 1
                self.take(now)
            return at

    planner = Planner(Shared(1), 0.0)
    offer(planner, 0, 128)
    planner.end()
    assert planner.next(0.0) == Wait(0.0)  # it is asked again
    step = planner.next(0.0)
    assert isinstance(step, Wait)
    assert step.until >= 1.0
    assert isinstance(planner.next(step.until), Start)


NOT_FOUND = Broken(Trouble.NOT_FOUND, APIError("something does not exist"), was_answered=True)


def test_nothing_is_halved_before_an_answer_shows_that_the_app_exists() -> None:
    planner = Planner(RateLimiter(None), 0.0)
    for job in start(planner, 0.0, 4):
        planner.ended(job, NOT_FOUND, 1.0)
    asked = []
    while isinstance(step := planner.next(1.0), Start):
        assert step.job.is_asking
        asked.append(step.job)
    planner.ended(asked[0], NOT_FOUND, 1.0)
    planner.abandon()
    assert planner.fatal is NOT_FOUND.error
    assert {entry.became for entry in planner.settled} == {Became.NOT_SENT}


def test_what_does_not_exist_in_an_app_that_does_is_found_by_halves() -> None:
    planner = Planner(RateLimiter(None), 0.0)
    [job] = start(planner, 0.0, 1)
    planner.end()
    planner.ended(job, NOT_FOUND, 1.0)
    while isinstance(step := planner.next(1.0), Start) and step.job.is_asking:
        planner.ended(step.job, Answered({item.key: Said(Verdict.ABSENT) for item in step.job.items}), 1.0)
    assert isinstance(step, Start)
    assert len(step.job.items) == 128
    planner.ended(step.job, NOT_FOUND, 2.0)
    step = planner.next(2.0)
    assert isinstance(step, Start)
    assert len(step.job.items) == 64


def test_a_question_that_is_refused_leaves_it_to_the_halves() -> None:
    planner = Planner(RateLimiter(None), 0.0)
    [job] = start(planner, 0.0, 1)
    planner.end()
    planner.ended(job, NOT_FOUND, 1.0)
    sizes = []
    for _ in range(20):
        step = planner.next(1.0)
        if not isinstance(step, Start):
            break
        sizes.append(0 if step.job.is_asking else len(step.job.items))
        refused = Broken(Trouble.REFUSED, APIError("refused"), was_answered=True)
        planner.ended(step.job, refused if step.job.is_asking else NOT_FOUND, 1.0)
    assert [size for size in sizes if size][:2] == [128, 64]


def test_a_request_that_had_no_time_left_was_not_sent() -> None:
    assert trouble_of(timed_out(Deadline.after(1.0, lambda: 0.0))) is Trouble.UNSENT


@pytest.mark.parametrize(
    "third",
    [Broken(Trouble.THROTTLED, APIError("slow"), 86400.0, True), Broken(Trouble.LOST, APIError("lost"))],
    ids=["throttled", "lost"],
)
def test_a_wait_that_the_server_asks_for_is_waited_out_though_another_request_succeeds_meanwhile(third: Broken) -> None:
    planner = Planner(RateLimiter(15), 0.0)
    now, jobs = 0.0, list[Job]()
    while len(jobs) < 3:
        step = planner.next(now)
        if isinstance(step, Take):
            offer(planner, 128 * len(jobs) + 1000 * int(now * 10), step.number)
        elif isinstance(step, Start):
            jobs.append(step.job)
        else:
            assert isinstance(step, Wait)
            now = step.until
    planner.ended(jobs[0], Broken(Trouble.THROTTLED, APIError("slow"), 86400.0, True), now)
    planner.ended(jobs[1], Answered({item.key: Said(Verdict.STORED) for item in jobs[1].items}), now)
    planner.ended(jobs[2], third, now)
    while isinstance(step := planner.next(now), Take):
        offer(planner, 100_000, step.number)
    assert planner.stopped is None
    assert isinstance(step, Wait)
    assert step.until == pytest.approx(now + 300.0, abs=1.0)
