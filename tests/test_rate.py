"""The rate limit: never too many in any second, a cut when the server throttles, and back again."""

from __future__ import annotations

import heapq
import math
import os
import random
from collections import deque
from collections.abc import Callable
from itertools import count, pairwise
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarifai_http_annotations import (
    Annotation,
    APIStatusError,
    APITimeoutError,
    Client,
    ConfigurationError,
    RateLimitError,
    _rate,
    positive,
)
from clarifai_http_annotations._rate import RateLimiter
from clarifai_http_annotations.testing import Emulator, no_waiting

steps = st.lists(
    st.tuples(st.floats(0.0, 0.5), st.booleans(), st.sampled_from(["take", "late", "passed", "throttled", "hold"])),
    max_size=120,
)


@pytest.mark.parametrize("groups", [3, 1000])
@given(st.sampled_from([0.5, 1.0, 1.9, 2.5, 4.0, 14.5, 15.0]), steps)
def test_no_second_has_more_requests_than_the_rate(
    groups: int, rate: float, events: list[tuple[float, bool, str]]
) -> None:
    """Nor n / rate seconds more than n, the next whole number; remembered one by one, or in a few groups."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_rate, "MOST_GROUPS", groups)
        limiter = RateLimiter(rate)
    now, sent = 0.0, []
    for passed, spread, event in events:
        now += passed
        if event in ("take", "late"):
            at = limiter.take(now, spread=spread)
            assert at >= now
            if event == "late":
                now = at + passed
                limiter.went(at, now)
            sent.append(max(at, now))
        elif event == "hold":
            limiter.hold(now, 0.3)
        else:
            limiter.answered(now, sent=now - 0.05, throttled=event == "throttled")
    most = math.ceil(rate)
    for at in sent:
        assert sum(at <= other < at + most / rate for other in sent) <= most


@pytest.mark.parametrize("spread", [False, True], ids=["calls", "bulk"])
@pytest.mark.parametrize("rate", [0.3, 0.5, 1.0, 1.1, 1.9, 2.5, 14.5, 15.0, 999.5, 1999.0])
def test_all_of_the_rate_can_be_used(rate: float, spread: bool) -> None:
    limiter, sent, now = RateLimiter(rate), 0, 100.0
    limiter.take(0.0, spread=spread)  # bulk begins slowly
    while now < 200.0:
        now = limiter.take(now, spread=spread)
        sent += 1
    assert 0.98 * rate <= sent / 100.0 <= rate * 1.001 + math.ceil(rate) / 100.0


def test_memory_does_not_grow_with_the_rate() -> None:
    limiter = RateLimiter(100_000)
    for number in range(20_000):
        at = limiter.take(number / 100_000)
        limiter.went(at, at)
        limiter.answered(at, sent=at, throttled=number % 2 == 0)
    assert limiter._sent is not None
    kept = (limiter._sent._taken, limiter._sent._went, limiter._passed._groups, limiter._throttled._groups)
    assert all(0 < len(each) <= 1001 for each in kept)


def test_bulk_is_spread_and_single_calls_use_what_is_left() -> None:
    limiter = RateLimiter(10)
    limiter.take(-9.0, spread=True)
    spread = [limiter.take(0.0, spread=True) for _ in range(5)]
    assert [round(later - earlier, 3) for earlier, later in pairwise(spread)] == [0.101] * 4
    limiter = RateLimiter(10)
    assert [limiter.take(0.0) for _ in range(10)] == [0.0] * 10
    assert limiter.take(0.0) == pytest.approx(1.01)


def test_what_could_only_go_later_than_it_may_is_not_counted() -> None:
    limiter = RateLimiter(1)
    assert limiter.take(0.0, latest=0.0) == 0.0
    later = limiter.take(0.5, latest=0.5)
    assert later > 0.5
    assert limiter.take(0.5) == later


def test_bulk_begins_at_half_the_rate() -> None:
    limiter, now, sent = RateLimiter(10), 0.0, []
    while now < 6.0:
        now = limiter.take(now, spread=True)
        sent.append(now)
    assert sum(at < 1.0 for at in sent) in (5, 6)
    assert sum(3.0 <= at < 5.0 for at in sent) == 20


def test_a_little_lateness_does_not_add_up() -> None:
    limiter = RateLimiter(10)
    limiter.take(-9.0, spread=True)
    for number in range(100):
        at = limiter.next(0.0, spread=True)
        assert at == pytest.approx(0.101 * number, abs=1e-6)
        late = 0.004 if number else 0.0
        assert limiter.take(at + late, spread=True) == at + late
    assert limiter.take(20.0, spread=True) == 20.0
    assert limiter.next(20.0, spread=True) == pytest.approx(20.101)  # what is more than late is not made up for


def test_a_second_begins_when_a_request_really_went() -> None:
    limiter = RateLimiter(2)
    taken = limiter.take(0.0)
    limiter.take(0.0)
    limiter.went(taken, 0.3)
    limiter.went(7.0, 8.0)  # long forgotten
    assert limiter.next(0.0) == pytest.approx(1.31)


def test_a_retry_after_holds_every_request() -> None:
    limiter = RateLimiter(None)
    assert limiter.hold(0.0, 7.0) == 7.0
    assert limiter.hold(1.0, 4.0) == 5.0
    assert limiter.take(0.0) == 7.0
    assert limiter.take(8.0) == 8.0


def test_a_cut_leaves_a_little_less_than_what_got_through() -> None:
    limiter = RateLimiter(20)
    for index in range(10):
        limiter.answered(index / 10, sent=index / 10 - 0.05, throttled=False)
    for _ in range(2):
        limiter.answered(1.0, sent=0.95, throttled=True)
    assert limiter.current(1.0) == pytest.approx(10.0)  # at most by half at once


def test_what_was_on_its_way_when_the_limit_was_cut_does_not_cut_it_again() -> None:
    limiter = RateLimiter(15)
    limiter.answered(1.0, sent=0.9, throttled=True)
    after = limiter.current(1.0)
    for _ in range(5):
        limiter.answered(1.0, sent=0.95, throttled=True)
    assert limiter.current(1.0) == after < 15.0
    limiter.answered(2.0, sent=1.5, throttled=True)
    assert limiter.current(2.0) < after


def test_the_limit_has_a_floor_and_comes_back_to_the_rate() -> None:
    limiter = RateLimiter(15)
    for second in range(1, 100):
        limiter.answered(float(second), sent=second - 0.1, throttled=True)
    assert limiter.current(99.0) == pytest.approx(0.75)
    assert [limiter.current(99.0 + passed) for passed in (10.0, 120.0)] == [pytest.approx(0.77), 15.0]


def test_one_request_that_came_a_moment_too_early_costs_little() -> None:
    limiter = RateLimiter(15)
    for index in range(30):
        limiter.answered(index / 15, sent=index / 15 - 0.1, throttled=False)
    limiter.answered(2.0, sent=1.95, throttled=True)
    assert limiter.current(2.0) == pytest.approx(0.985 * 15)


def test_without_a_rate_throttling_makes_one_for_bulk_alone() -> None:
    limiter = RateLimiter(None)
    for index in range(40):
        limiter.answered(index / 40, sent=index / 40, throttled=False)
    limiter.answered(1.0, sent=0.99, throttled=True)
    limiter.take(1.0)
    assert 20.0 < limiter.current(1.0) < 40.0
    assert limiter.next(1.0, spread=True) > 1.0
    assert limiter.next(1.0) == 1.0


def simulate(processes: int, seconds: float, seed: int) -> tuple[float, float]:
    """Return how much of 15 a second got through once warm, and the share of requests that were throttled."""
    dice, order = random.Random(seed), count()
    limiters = [RateLimiter(15) for _ in range(processes)]
    events = [(0.0, next(order), "send", number, 0.0) for number in range(processes)]
    window: deque[float] = deque()
    passed = throttled = 0
    while events[0][0] < seconds:
        now, _, event, number, sent = heapq.heappop(events)
        if event == "send":
            at = limiters[number].take(now, spread=True)
            heapq.heappush(events, (at + 0.05 + dice.expovariate(1000.0), next(order), "arrive", number, at))
            heapq.heappush(events, (at, next(order), "send", number, 0.0))
        elif event == "arrive":
            while window and window[0] <= now - 1.0:
                window.popleft()
            is_let = len(window) < 15
            window.extend([now] if is_let else [])
            heapq.heappush(events, (now + 0.05, next(order), "yes" if is_let else "no", number, sent))
        else:
            limiters[number].answered(now, sent=sent, throttled=event == "no")
            if now >= 10.0:
                passed += event == "yes"
                throttled += event == "no"
    return passed / (seconds - 10.0) / 15.0, throttled / (passed + throttled)


@pytest.mark.parametrize(("processes", "least"), [(1, 0.98), (2, 0.9), (4, 0.9)])
def test_processes_that_share_an_account_settle(processes: int, least: float) -> None:
    """In a time that nobody waits for, against a server that counts every sliding second."""
    for seed in range(3):
        used, throttled = simulate(processes, 120.0, seed)
        assert used >= least, f"seed {seed}"
        assert throttled < 0.01 * max(1, processes / 2), f"seed {seed}"


def test_a_fork_takes_no_lock_along() -> None:
    limiter = RateLimiter(15)
    limiter._lock.acquire()  # as if another thread were in the middle of a request
    limiter._pid = os.getpid() - 1  # and this were the child
    assert limiter.take(0.0) == 0.0


# --- in a client ---------------------------------------------------------------------------------


def test_calls_beyond_the_rate_wait(connect: Callable[..., Any], clock: Any, emulator: Emulator) -> None:
    client = connect(emulator, rate=2)
    for number in range(5):
        client.create(Annotation.of(f"in-{number}", positive("tree")))
    assert clock.slept == [pytest.approx(1.01), pytest.approx(1.01)]


def test_copies_share_the_limit(connect: Callable[..., Any], clock: Any, emulator: Emulator) -> None:
    client = connect(emulator, rate=1)
    client.create(Annotation.of("in-1", positive("tree")))
    client.with_options(app_id="other").create(Annotation.of("in-1", positive("tree")))
    assert clock.slept == [pytest.approx(1.01)]


def test_a_wait_that_the_deadline_has_no_room_for_is_not_begun(
    connect: Callable[..., Any], clock: Any, emulator: Emulator
) -> None:
    client = connect(emulator, rate=0.1)
    client.create(Annotation.of("in-1", positive("tree")))
    with pytest.raises(APITimeoutError, match=r"no room for the 10.1 s .* rate limit \(rate=\)"):
        client.create(Annotation.of("in-2", positive("tree")), deadline=5)
    assert clock.slept == []
    assert len(emulator.requests) == 1


def test_a_retry_after_holds_the_other_calls_of_a_client(connect: Callable[..., Any], clock: Any) -> None:
    answers = iter([httpx.Response(429, headers={"retry-after": "7"}, json={"status": {"code": 11005}})])
    emulator = Emulator()
    client = connect(lambda request: next(answers, None) or emulator(request), max_retries=0)
    with pytest.raises(RateLimitError):
        client.create(Annotation.of("in-1", positive("tree")))
    client.create(Annotation.of("in-2", positive("tree")))
    assert clock.slept == [7.0]


def test_no_waiting_waits_for_no_rate_either(connect: Callable[..., Any], clock: Any, emulator: Emulator) -> None:
    client = connect(emulator, rate=1)
    with no_waiting():
        for number in range(5):
            client.create(Annotation.of(f"in-{number}", positive("tree")))
    assert clock.slept == []


@pytest.mark.parametrize("rate", [0, -1, "15", True, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(connect: Callable[..., Any], rate: object) -> None:
    with pytest.raises(ConfigurationError, match=r"rate must be requests a second, above 0, or None"):
        connect(rate=rate)


# --- a server that asks for hours ----------------------------------------------------------------


ASKS = {"create": lambda client, **more: client.create(Annotation.of("in", positive("tree"), id="a"), **more)}
ASKS["get"] = lambda client, **more: client.get("a", input_id="in", **more)
ASKS["list"] = lambda client, **more: list(client.list(**more))
ASKS["upload"] = lambda client, **more: client.upload([Annotation.of("in", positive("tree"), id="b")], **more)


class AsksForADay:
    """A server that asks for a day so many times, and is well again after that; it has what is asked for."""

    def __init__(self, emulator: Emulator, status: int = 429, times: float = 1) -> None:
        self.emulator, self.status, self.times, self.asked = emulator, status, 0.0, 0
        with Client(pat="x", user_id="me", app_id="app", transport=httpx.MockTransport(self)) as client:
            ASKS["create"](client)
        self.times, self.asked = times, 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.asked > self.times:
            return self.emulator(request)
        return httpx.Response(self.status, headers={"retry-after": "86400"}, json={"status": {"code": 11005}})


@pytest.mark.parametrize("status", [200, 429, 503])
@pytest.mark.parametrize("name", ["create", "get", "list"])
def test_a_call_that_is_asked_to_wait_a_day_ends_and_the_client_is_well_again_after_300_seconds(
    connect: Callable[..., Any], clock: Any, emulator: Emulator, name: str, status: int
) -> None:
    server = AsksForADay(emulator, status)
    client = connect(server)
    with pytest.raises(APIStatusError, match=r"No further try: deadline=180 has no room for a wait of 8\.64e"):
        ASKS[name](client)
    with pytest.raises(APITimeoutError, match="deadline=180 has no room for the 300 s until it may be"):
        ASKS["get"](client)
    assert (clock.slept, server.asked) == ([], 1)
    clock.now += 300.0
    for each in ("create", "get", "list", "upload"):
        ASKS[each](client)
    assert sum(clock.slept) < 1.0  # an upload spreads its requests


@pytest.mark.parametrize("name", ["create", "get", "list", "upload"])
def test_a_call_without_a_deadline_waits_no_longer_than_300_seconds_for_another_ones_retry_after(
    connect: Callable[..., Any], clock: Any, emulator: Emulator, name: str
) -> None:
    client = connect(AsksForADay(emulator))
    with pytest.raises(RateLimitError, match="the server asks to wait for 86400 s"):
        ASKS["get"](client, deadline=None)
    began = clock.now
    ASKS[name](client, deadline=None)
    assert clock.now - began == pytest.approx(300.0)


def test_an_upload_waits_out_a_retry_after_and_tries_again(
    connect: Callable[..., Any], clock: Any, emulator: Emulator
) -> None:
    client, began = connect(AsksForADay(emulator)), clock.now
    report = ASKS["upload"](client)
    assert (report.stopped, report.stored, report.requests) == (None, 1, 2)
    assert clock.now - began == pytest.approx(300.0, abs=1.0)


@pytest.mark.parametrize("patience", [1.0, 300.0])
def test_an_upload_that_is_asked_to_wait_again_and_again_gives_up(
    connect: Callable[..., Any], clock: Any, emulator: Emulator, patience: float
) -> None:
    client, began = connect(AsksForADay(emulator, times=math.inf)), clock.now
    report = ASKS["upload"](client, give_up_after=patience)
    assert report.stopped == f"nothing succeeded for {patience:g} s (give_up_after)"
    assert (report.not_sent, report.requests) == (1, 2)
    assert clock.now - began == pytest.approx(300.0, abs=1.0)


def test_an_upload_whose_deadline_has_no_room_for_a_retry_after_ends_at_once(
    connect: Callable[..., Any], clock: Any, emulator: Emulator
) -> None:
    client, began = connect(AsksForADay(emulator)), clock.now
    report = ASKS["upload"](client, deadline=100)
    assert (report.stopped, report.not_sent) == ("its deadline is over", 1)
    assert clock.now == began
    assert ASKS["upload"](client).stopped is None  # it waits, and so does nobody else for long


@pytest.mark.parametrize("deadline", [0, -1.0])
def test_a_call_whose_deadline_is_over_does_not_wait_for_a_retry_after(
    connect: Callable[..., Any], clock: Any, emulator: Emulator, deadline: float
) -> None:
    client = connect(AsksForADay(emulator))
    with pytest.raises(RateLimitError):
        ASKS["get"](client)
    with pytest.raises(APITimeoutError):
        ASKS["get"](client, deadline=deadline)
    assert clock.slept == []
